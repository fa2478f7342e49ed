import { liveIn, newestIn, type Version, type VersionState } from '../core/ledger.js'
import { PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import { type Relation, relationOf } from '../core/relation.js'
import type { Environment, Slug } from '../core/slug.js'
import { provisionalCommits, readTip, sharedBranchOf } from './branches.js'
import { readAllVersions } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/** Where a prompt stands in one environment, as committed. */
export interface Cell {
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
  readonly environments: Readonly<Record<Environment, Cell>>
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
  const modified = await modifiedFiles(registry)
  const all: ReadonlyMap<Slug, readonly Version[]> =
    tip === undefined ? new Map() : await readAllVersions(registry, tip)
  const slugs = new Set([...all.keys(), ...[...modified].flatMap((path) => parsePromptPath(path)?.slug ?? [])])
  const rows = [...slugs]
    .sort()
    .map((slug) => rowOf(slug, all.get(slug) ?? [], environments, modified))
    .filter((row) =>
      Object.values<Cell>(row.environments).some(
        ({ state, modified: m }) => m || (state !== null && state !== 'deleted'),
      ),
    )
  return { environments, rows, remote: tip === undefined ? undefined : await compareWithRemote(registry, tip) }
}

function rowOf(
  slug: Slug,
  versions: readonly Version[],
  environments: readonly Environment[],
  modified: ReadonlySet<string>,
): StatusRow {
  const cells = environments.map((environment, index): [Environment, Cell] => {
    const newest = newestIn(versions, environment)
    const live = liveIn(versions, environment)
    return [
      environment,
      {
        version: newest?.version ?? null,
        state: newest?.state ?? null,
        live_version: live?.version ?? null,
        digest: live?.digest ?? null,
        relation: relationOf(versions, environment, environments[index - 1]),
        ...(modified.has(`${PROMPTS_DIR}/${environment}/${slug}.yaml`) ? { modified: true as const } : {}),
      },
    ]
  })
  const title = versions.findLast((version) => version.title !== null)?.title ?? null
  return { slug, title, environments: Object.fromEntries(cells) }
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
