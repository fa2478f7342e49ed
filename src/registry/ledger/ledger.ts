import { isPromptctlError } from '../../core/errors.js'
import type { HistoryCommit, Oid } from '../../core/history.js'
import { createRows, type LedgerRow } from '../../core/ledger.js'
import { PROMPTS_DIR } from '../../core/paths.js'
import type { Slug } from '../../core/slug.js'
import { commitsAbove } from '../branches.js'
import type { RegistryRepository } from '../registry.js'
import { recordMoves } from './moves.js'
import { readSlugRows } from './slug-rows.js'
import {
  readAllStoredRows,
  readStoredLedger,
  readStoredRows,
  rowCount,
  type StoredLedger,
  storeRows,
  storeTail,
} from './store.js'

export interface LedgerQuery {
  readonly tip: Oid
  /** `tip` is the shared branch's: what is learned about other branches is not worth keeping. */
  readonly keep: boolean
  /** Where numbers are final, if anywhere yet: what the remote's shared branch holds, or `tip` where there is no remote. */
  readonly final?: Oid | undefined
  /** Told of each commit as it is found while git looks for one prompt's: what it holds can be read meanwhile. */
  readonly onCommit?: ((commit: HistoryCommit) => void) | undefined
  readonly onProgress?: ((commits: number) => void) | undefined
}

/** Above this many prompts the whole history is read once, and not a path each. */
const FEW_SLUGS = 8

/**
 * The rows of these prompts at `tip`. From the stored ledger, what belongs to them is read and the commits since are walked;
 * where there is none, git looks for their paths alone.
 */
export async function readRowsOf(
  git: RegistryRepository,
  query: LedgerQuery,
  slugs: readonly Slug[],
): Promise<ReadonlyMap<Slug, readonly LedgerRow[]>> {
  const known = await readKeptRowsOf(git, query, slugs)
  if (known !== undefined) return known
  if (slugs.length > FEW_SLUGS) return readAllRows(git, query)
  const rows = new Map<Slug, readonly LedgerRow[]>()
  for (const slug of slugs) rows.set(slug, await readSlugRows(git, query, slug))
  return rows
}

/**
 * As readRowsOf, from the stored ledger: the positions of different prompts can be compared, also with those that it gave
 * before. Undefined where there is none, or it has to be made anew.
 */
export async function readKeptRowsOf(
  git: RegistryRepository,
  query: LedgerQuery,
  slugs: readonly Slug[],
): Promise<ReadonlyMap<Slug, readonly LedgerRow[]> | undefined> {
  const reached = await catchUp(git, query)
  if (reached === undefined || (query.keep && isTorn(reached))) return undefined
  const known = joinRows(git, reached, readOlder(git, reached, slugs))
  // The tail tells of other prompts, too, whose older rows were not read: these would be numbered from 1.
  return known && new Map(slugs.map((slug) => [slug, known.get(slug) ?? []]))
}

/** The rows of every prompt at `tip`. The first time the whole history is streamed once, and kept. */
export async function readAllRows(
  git: RegistryRepository,
  query: LedgerQuery,
): Promise<ReadonlyMap<Slug, readonly LedgerRow[]>> {
  const { cache, prefix } = git
  const reached = await catchUp(git, query)
  const known =
    reached === undefined ? undefined : joinRows(git, reached, readAllStoredRows(cache, reached.stored.segments))
  if (known !== undefined && !(query.keep && reached !== undefined && isTorn(reached))) return known
  const rows = createRows(await collect(git, query, undefined), prefix)
  if (query.keep) {
    await recordRebuild(git, rows)
    storeRows(cache, { prefix, tip: query.tip, final: query.final }, rows)
    cache.remove('slugs')
  }
  return rows
}

/** As readAllRows, from history alone: nothing is taken from a cache, nor kept in one. */
export const readRowsFresh = async (
  git: RegistryRepository,
  query: LedgerQuery,
): Promise<ReadonlyMap<Slug, readonly LedgerRow[]>> => createRows(await collect(git, query, undefined), git.prefix)

/** The prompts that commits above `after` changed; undefined when `after` is not on the way to `query.tip`. */
export async function slugsChangedSince(
  git: RegistryRepository,
  query: LedgerQuery,
  after: Oid,
): Promise<ReadonlySet<Slug> | undefined> {
  const isAhead = await git.repository.isOnChain(after, query.tip)
  return isAhead ? new Set(createRows(await collect(git, query, after), git.prefix).keys()) : undefined
}

/** A stored ledger, and how the history that is asked for differs from it. */
interface Reached {
  readonly stored: StoredLedger
  /** Commits of the stored ledger that the asked-for history does not have. */
  readonly dropped: ReadonlySet<Oid>
  /** Commits that it has on top, newest first. */
  readonly news: readonly HistoryCommit[]
}

/** The rows in the segments; undefined when one is damaged. */
function readOlder(
  { cache }: RegistryRepository,
  { stored }: Reached,
  slugs: readonly Slug[],
): ReadonlyMap<Slug, readonly LedgerRow[]> | undefined {
  const older = new Map<Slug, readonly LedgerRow[]>()
  for (const slug of slugs) {
    const rows = readStoredRows(cache, stored, slug)
    if (rows === undefined) return undefined
    older.set(slug, rows)
  }
  return older
}

/** Segments, tail and news as one; with `older` of some slugs only, theirs are the rows that count. */
function joinRows(
  { prefix }: RegistryRepository,
  { stored, dropped, news }: Reached,
  older: ReadonlyMap<Slug, readonly LedgerRow[]> | undefined,
): ReadonlyMap<Slug, readonly LedgerRow[]> | undefined {
  if (older === undefined) return undefined
  const isKept = ({ commit }: { readonly commit: Oid }): boolean => !dropped.has(commit)
  const kept = dropped.size === 0 ? older : new Map([...older].map(([slug, rows]) => [slug, rows.filter(isKept)]))
  return createRows([...news, ...stored.tail.filter(isKept)], prefix, kept, rowCount(stored))
}

/** What the stored ledger gives for `query.tip`; undefined when it is of no use there. What is new is kept. */
async function catchUp(git: RegistryRepository, query: LedgerQuery): Promise<Reached | undefined> {
  const { repository, cache, prefix } = git
  const stored = readStoredLedger(cache, prefix)
  if (stored === undefined) return undefined
  if (stored.tip === query.tip) {
    if (query.keep && stored.final !== query.final) await keepTail(git, query, { stored, dropped: new Set(), news: [] })
    return { stored, dropped: new Set(), news: [] }
  }
  const [isAhead, news] = await Promise.all([
    repository.isOnChain(stored.tip, query.tip),
    collect(git, query, stored.tip).catch(ignoreUnknownCommit),
  ])
  const reached =
    isAhead && news !== undefined ? { stored, dropped: new Set<Oid>(), news } : await rejoin(git, stored, query)
  if (reached !== undefined && query.keep) await keepTail(git, query, reached)
  return reached
}

/** A tip that was collected as garbage, or is of another repository, has no history: the ledger is of no use then. */
function ignoreUnknownCommit(error: unknown): undefined {
  if (isPromptctlError(error, 'unavailable')) return undefined
  throw error
}

/** The stored ledger seen from another line of history: without what came after the fork, and with the other side's commits. */
async function rejoin(git: RegistryRepository, stored: StoredLedger, query: LedgerQuery): Promise<Reached | undefined> {
  const { repository } = git
  const fork = await repository.mergeBase(stored.tip, query.tip).catch(ignoreUnknownCommit)
  if (fork === undefined) return undefined
  const isShared = await Promise.all([repository.isOnChain(fork, stored.tip), repository.isOnChain(fork, query.tip)])
  if (isShared.includes(false)) return undefined
  const later = await collect(git, { ...query, tip: stored.tip }, fork)
  return { stored, dropped: new Set(later.map(({ commit }) => commit)), news: await collect(git, query, fork) }
}

/** Keeps what was learned, unless commits are gone that a segment holds: then the next full read makes the ledger anew. */
async function keepTail(git: RegistryRepository, query: LedgerQuery, reached: Reached): Promise<void> {
  const { stored, dropped, news } = reached
  if (isTorn(reached)) return
  if (dropped.size > 0) await recordDropped(git, reached)
  const final = dropped.size > 0 ? query.final : await nextFinal(git, query, stored)
  const tail = stored.tail.filter(({ commit }) => !dropped.has(commit))
  storeTail(git.cache, { ...stored, tip: query.tip, final, tail: [...news, ...tail] })
}

/** A remote whose branch was rewritten takes nothing back that was final, until the branch here follows it. */
async function nextFinal({ repository }: RegistryRepository, query: LedgerQuery, stored: StoredLedger) {
  const { final: before } = stored
  const { final: now } = query
  if (before === undefined || now === undefined || before === now) return now ?? before
  if (before === stored.tip && now === query.tip) return now
  const isAhead = await repository.isOnChain(before, now).catch(ignoreUnknownCommit)
  return isAhead === false ? before : now
}

/** Which numbers moved, when the ledger is made anew. */
async function recordRebuild(git: RegistryRepository, rows: ReadonlyMap<Slug, readonly LedgerRow[]>): Promise<void> {
  const { cache, prefix } = git
  const stored = readStoredLedger(cache, prefix)
  const older = stored === undefined ? undefined : readAllStoredRows(cache, stored.segments)
  if (stored === undefined || older === undefined) return
  const before = createRows(stored.tail, prefix, older, rowCount(stored))
  recordMoves(cache, before, rows, await finality(git, stored))
}

/** Which numbers moved, when commits of the tail are gone. */
async function recordDropped(git: RegistryRepository, reached: Reached): Promise<void> {
  const { prefix, cache } = git
  const { stored, dropped } = reached
  const gone = stored.tail.filter(({ commit }) => dropped.has(commit))
  const older = readOlder(git, reached, [...createRows(gone, prefix).keys()])
  const after = joinRows(git, reached, older)
  if (older === undefined || after === undefined) return
  const joined = createRows(stored.tail, prefix, older, rowCount(stored))
  const before = new Map([...older.keys()].map((slug) => [slug, joined.get(slug) ?? []]))
  recordMoves(cache, before, after, await finality(git, stored))
}

/** Tells which commits of a stored ledger had final numbers: all, where its history is gone and nobody can say. */
async function finality(git: RegistryRepository, { tip, final }: StoredLedger): Promise<(commit: Oid) => boolean> {
  const open = await commitsAbove(git, tip, final).catch(ignoreUnknownCommit)
  return (commit) => open === undefined || !open.has(commit)
}

/** True when history was rewritten below the tail: a segment holds commits that are gone. */
const isTorn = ({ stored, dropped }: Reached): boolean =>
  stored.tail.filter(({ commit }) => dropped.has(commit)).length < dropped.size

/** The commits above `after` that changed a prompt, newest first. */
async function collect(
  { repository, prefix }: RegistryRepository,
  { tip, onProgress }: LedgerQuery,
  after: Oid | undefined,
): Promise<HistoryCommit[]> {
  const commits: HistoryCommit[] = []
  for await (const commit of repository.history({ tip, after, paths: [`${prefix}${PROMPTS_DIR}`] })) {
    commits.push(commit)
    if (commits.length % 500 === 0) onProgress?.(commits.length)
  }
  return commits
}
