import { PROMPTS_DIR } from '../../core/paths.js'
import type { Environment, Slug } from '../../core/slug.js'
import { provisionalCommits } from '../branches.js'
import { createQuery } from '../history.js'
import { slugsChangedSince } from '../ledger/ledger.js'
import type { Oid } from '../ports.js'
import { type Registry, requireEnvironment } from '../registry.js'
import { Contents } from './contents.js'
import { type LiveVersions, readLiveVersions, readPublishedFiles } from './live-versions.js'
import { createShared, LoadedSnapshot, type Shared, type Standings } from './loaded-snapshot.js'
import { readRows, renewUsers } from './read-rows.js'
import type { Row } from './row.js'
import type { Snapshot } from './snapshot.js'
import { readStoredStandings, storeStandings } from './stored-standings.js'

/** Prompts that may have changed since an environment was written to the cache: looking at them again is quick. */
const MOST_UNSAVED = 300

const sharedByRegistry = new WeakMap<Registry, Shared>()

/**
 * What an environment serves at `tip`. In a shallow clone versions are null, and what only history knows is left out and
 * named in `unknown`. With a `previous` snapshot of the environment, else with what was kept of it, only what changed
 * since is read. Throws `usage` for an environment that there is not.
 */
export async function readSnapshot(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  previous?: Snapshot,
): Promise<Snapshot> {
  requireEnvironment(registry.config, environment)
  const shared = sharedByRegistry.get(registry) ?? createShared()
  sharedByRegistry.set(registry, shared)
  const isShallow = await (await registry.git()).repository.isShallow()
  const known = previous instanceof LoadedSnapshot && previous.environment === environment ? previous : undefined
  const standings = isShallow
    ? await readCutOff(registry, tip, environment, known?.standings, shared)
    : await readStandings(registry, tip, environment, known?.standings, shared)
  const provisional = isShallow ? new Set<Oid>() : await provisionalCommits(registry, tip)
  if (known !== undefined && known.standings === standings && isSameSet(known.provisional, provisional)) return known
  return new LoadedSnapshot(standings, provisional, shared)
}

const isSameSet = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean =>
  a.size === b.size && [...a].every((each) => b.has(each))

async function readStandings(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  known: Standings | undefined,
  shared: Shared,
): Promise<Standings> {
  const base = known?.isShallow === false ? known : await readKept(registry, tip, environment, shared)
  if (base?.tip === tip) return base
  const query = await createQuery(registry, tip)
  const changed = base === undefined ? undefined : await slugsChangedSince(await registry.git(), query, base.tip)
  const found = await readLiveVersions(registry, tip, environment, changed && [...changed])
  // What is read for the first time is in thousands of small pieces: they go when it has been written.
  const contents = base === undefined ? new Contents() : shared.contents
  const standings = await join(registry, { environment, tip, found, changed, base }, contents)
  if (standings.unsaved <= MOST_UNSAVED) return standings
  const compact = await storeStandings(registry, standings)
  return base === undefined ? compact(shared.contents) : { ...standings, unsaved: 0 }
}

/** From so many files on, reading them all is left to another process where that can be. */
const MANY = 1_000

/** What was kept of an environment, by an earlier process or, where there is none yet, by one that is started for that. */
async function readKept(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  { contents }: Shared,
): Promise<Standings | undefined> {
  const stored = await readStoredStandings(registry, environment, contents)
  if (stored !== undefined || registry.readElsewhere === undefined) return stored
  const { repository, prefix } = await registry.git()
  const files = await repository.listTree(tip, `${prefix}${PROMPTS_DIR}/${environment}`)
  if (files.length < MANY) return undefined
  await registry.readElsewhere(tip)
  return readStoredStandings(registry, environment, contents)
}

async function readCutOff(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  known: Standings | undefined,
  shared: Shared,
): Promise<Standings> {
  const base = known?.isShallow === true ? known : undefined
  if (base?.tip === tip) return base
  const found = await readPublishedFiles(registry, tip, environment, base?.rows ?? new Map())
  const standings = await join(registry, { environment, tip, found, changed: undefined, base }, shared.contents)
  return { ...standings, isShallow: true }
}

interface Findings {
  readonly environment: Environment
  readonly tip: Oid
  readonly found: LiveVersions
  /** The prompts that `found` is about; undefined: every one. */
  readonly changed: ReadonlySet<Slug> | undefined
  readonly base: Standings | undefined
}

/** What was known, with what was found in its place. */
async function join(
  registry: Registry,
  { environment, tip, found, changed, base }: Findings,
  contents: Contents,
): Promise<Standings> {
  const before: ReadonlyMap<Slug, Row> = base?.rows ?? new Map()
  const isKept = (slug: Slug): boolean => changed !== undefined && !changed.has(slug)
  const fresh = await readRows(registry, environment, found.live, before, contents)
  const rows = new Map([...[...before].filter(([slug]) => isKept(slug)), ...fresh])
  renewUsers(rows, before, changed ?? new Set([...before.keys(), ...rows.keys()]))
  contents.prune()
  return {
    environment,
    tip,
    isShallow: false,
    rows,
    invalid: new Set([...[...(base?.invalid ?? [])].filter(isKept), ...found.invalid]),
    unknown: found.unknown,
    unsaved: base === undefined || changed === undefined ? Number.POSITIVE_INFINITY : base.unsaved + changed.size,
  }
}
