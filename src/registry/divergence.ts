import type { Version } from '../core/ledger.js'
import { PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { readVersionsOf } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/**
 * How the branch here stands to the remote's. `ahead`: the remote's tip is on our first-parent chain, so numbers are only
 * appended; `renumbers`: it is an ancestor, but was merged into ours.
 */
export type Relation = 'equal' | 'ahead' | 'behind' | 'renumbers' | 'diverged'

export interface Comparison {
  readonly relation: Relation
  /** Commits that the remote gets, a merge counted once; null where it has no such branch, and what it gets is everything. */
  readonly ahead: number | null
}

export async function compareTips(registry: Registry, local: Oid, remote: Oid | undefined): Promise<Comparison> {
  if (remote === undefined) return { relation: 'ahead', ahead: null }
  const { repository } = await registry.git()
  const ahead = await repository.distance(remote, local)
  if (ahead !== undefined) return { relation: ahead === 0 ? 'equal' : 'ahead', ahead }
  const base = await repository.mergeBase(local, remote)
  if (base === remote) return { relation: 'renumbers', ahead: 0 }
  return { relation: base === local ? 'behind' : 'diverged', ahead: 0 }
}

/** The two ends that have to come together. */
export interface Ends {
  readonly local: Oid
  readonly remote: Oid
}

/** A prompt that both sides changed, with the newest version of each. */
export interface Overlap {
  readonly slug: Slug
  readonly ours: Version
  readonly theirs: Version
}

/** The prompts that both sides changed since they parted, in whatever environment: their versions are counted together. */
export async function readOverlaps(registry: Registry, { local, remote }: Ends): Promise<readonly Overlap[]> {
  const { repository } = await registry.git()
  const base = await repository.mergeBase(local, remote)
  const [ours, theirs] = await Promise.all([
    readChanged(registry, local, base, remote),
    readChanged(registry, remote, base, local),
  ])
  const slugs = [...ours.keys()].filter((slug) => theirs.has(slug)).sort()
  const [here, there] = await Promise.all([
    readVersionsOf(registry, local, slugs),
    readVersionsOf(registry, remote, slugs),
  ])
  return slugs.flatMap((slug) => {
    const [mine, other] = [newest(here.get(slug), ours.get(slug)), newest(there.get(slug), theirs.get(slug))]
    return mine === undefined || other === undefined ? [] : [{ slug, ours: mine, theirs: other }]
  })
}

const newest = (
  versions: readonly Version[] = [],
  environments: ReadonlySet<Environment> = new Set(),
): Version | undefined => versions.findLast(({ environment }) => environments.has(environment))

/** The prompts that one side changed, and in which environments. What equals the other side was taken over by a merge. */
async function readChanged(registry: Registry, tip: Oid, base: Oid | undefined, other: Oid) {
  const { repository, prefix } = await registry.git()
  const isPlain = base !== undefined && (await repository.isOnChain(base, tip))
  const paths = new Set<string>()
  const query = { tip, after: isPlain ? base : other, paths: [`${prefix}${PROMPTS_DIR}`] }
  for await (const { changes } of repository.history(query)) for (const { path } of changes) paths.add(path)
  const [here, there] = await Promise.all([
    repository.entriesAt(tip, [...paths]),
    repository.entriesAt(other, [...paths]),
  ])
  const blobs = new Map(there.map(({ path, blob }) => [path, blob]))
  const held = new Map(here.map(({ path, blob }) => [path, blob]))
  const changed = new Map<Slug, Set<Environment>>()
  for (const path of paths) {
    const where = parsePromptPath(path.slice(prefix.length))
    if (where === undefined || (!isPlain && held.get(path) === blobs.get(path))) continue
    changed.set(where.slug, (changed.get(where.slug) ?? new Set()).add(where.environment))
  }
  return changed
}
