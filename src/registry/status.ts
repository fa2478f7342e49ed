import type { VersionState } from '../core/ledger.js'
import { formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Relation } from '../core/relation.js'
import type { Environment, Slug } from '../core/slug.js'
import { provisionalCommits, readTip, sharedBranchOf } from './branches.js'
import { type Overview, readOverview } from './overview.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/** Where a prompt stands in one environment, as committed. */
export interface StatusCell {
  readonly version: number | null
  readonly state: VersionState | null
  readonly live_version: number | null
  /** Of what is live; null when nothing is. */
  readonly digest: string | null
  readonly relation: Relation
  /** The file differs from HEAD. */
  readonly modified?: true
}

export interface StatusRow {
  readonly slug: Slug
  readonly title: string | null
  readonly environments: Readonly<Record<Environment, StatusCell>>
}

export interface Status {
  readonly environments: readonly Environment[]
  readonly rows: readonly StatusRow[]
  /** Undefined where there is no remote. Counts of commits that changed a prompt. */
  readonly remote: { readonly name: string; readonly ahead: number; readonly behind: number } | undefined
}

/** Every prompt over every environment. */
export async function status(registry: Registry): Promise<Status> {
  const { environments } = registry.config
  const tip = await readTip(registry)
  const [modified, remote] = await Promise.all([
    modifiedFiles(registry),
    tip === undefined ? undefined : compareWithRemote(registry, tip),
  ])
  const overviews = new Map<Environment, Overview>()
  for (const environment of environments) {
    overviews.set(environment, tip === undefined ? new Map() : await readOverview(registry, tip, environment))
  }
  const slugs = new Set([...overviews.values()].flatMap((overview) => [...overview.keys()]))
  for (const path of modified) for (const { slug } of [parsePromptPath(path) ?? []].flat()) slugs.add(slug)
  const rows = [...slugs].sort().map((slug) => rowOf(slug, overviews, modified))
  return { environments, rows: rows.filter(isThere), remote }
}

/** Deleted everywhere, and not on disk either: only history knows it. */
const isThere = ({ environments }: StatusRow): boolean =>
  Object.values<StatusCell>(environments).some(
    ({ state, modified }) => modified === true || (state !== null && state !== 'deleted'),
  )

function rowOf(slug: Slug, overviews: ReadonlyMap<Environment, Overview>, modified: ReadonlySet<string>): StatusRow {
  const [first] = overviews.keys()
  const titles: (string | null)[] = []
  const cells = [...overviews].map(([environment, overview]): [Environment, StatusCell] => {
    const cell = overview.get(slug)
    titles.push(cell?.title ?? null)
    return [
      environment,
      {
        version: cell?.version ?? null,
        state: cell?.state ?? null,
        live_version: cell?.liveVersion ?? null,
        digest: cell?.liveDigest ?? null,
        relation: cell?.relation ?? (environment === first ? 'first' : 'absent'),
        ...(modified.has(formatPromptPath(environment, slug)) ? { modified: true as const } : {}),
      },
    ]
  })
  return { slug, title: titles.find((title) => title !== null) ?? null, environments: Object.fromEntries(cells) }
}

async function modifiedFiles(registry: Registry): Promise<ReadonlySet<string>> {
  const { repository, prefix } = await registry.git()
  if (repository.workTree === undefined) return new Set()
  return new Set((await repository.status(`${prefix}${PROMPTS_DIR}`)).map(({ path }) => path.slice(prefix.length)))
}

async function compareWithRemote(registry: Registry, tip: Oid): Promise<Status['remote']> {
  const { repository, prefix } = await registry.git()
  const { branch } = await repository.head()
  const [shared, remote] = await Promise.all([sharedBranchOf(registry), repository.remote(branch)])
  if (remote === undefined || shared === undefined || repository.workTree === undefined) return undefined
  const theirs = await repository.readRef(`refs/remotes/${remote.name}/${shared}`)
  const ahead = (await provisionalCommits(registry, tip)).size
  if (theirs === undefined) return { name: remote.name, ahead, behind: 0 }
  const base = await repository.mergeBase(tip, theirs)
  let behind = 0
  const paths = [`${prefix}${PROMPTS_DIR}`]
  if (base !== theirs) for await (const _ of repository.history({ tip: theirs, after: base, paths })) behind += 1
  return { name: `${remote.name}/${shared}`, ahead, behind }
}
