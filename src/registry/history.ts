import { PromptctlError } from '../core/errors.js'
import { describeVersions, type LedgerRow, type Verdict, type Version } from '../core/ledger.js'
import type { Slug } from '../core/slug.js'
import { finalTip, requireTip, sharedBranchOf } from './branches.js'
import { type LedgerQuery, readAllRows, readKeptRowsOf, readRowsOf } from './ledger/ledger.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { type EarlyVerdicts, openEarlyVerdicts, readVerdicts } from './verdicts.js'

/** The versions of one prompt at `tip`, oldest first; empty when it never was there. Throws `unsupported` in a shallow clone. */
export async function readVersions(registry: Registry, tip: Oid, slug: Slug): Promise<readonly Version[]> {
  return (await readVersionsOf(registry, tip, [slug])).get(slug) ?? []
}

/** As readVersions, for several; on an unborn branch none has any. */
export async function readVersionsOf(
  registry: Registry,
  tip: Oid | undefined,
  slugs: readonly Slug[],
): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  if (tip === undefined || slugs.length === 0) return new Map()
  await requireHistory(registry)
  const early = await openEarlyVerdicts(registry)
  const query = { ...(await createQuery(registry, tip)), onCommit: early.onCommit }
  const rows = await readRowsOf(await registry.git(), query, slugs)
  return describeAll(registry, rows, early)
}

/** As readVersionsOf, at positions among all versions; undefined where the stored ledger does not tell them. */
export async function readPlacedVersionsOf(
  registry: Registry,
  query: LedgerQuery,
  slugs: readonly Slug[],
): Promise<ReadonlyMap<Slug, readonly Version[]> | undefined> {
  const rows = await readKeptRowsOf(await registry.git(), query, slugs)
  return rows && describeAll(registry, rows)
}

/**
 * The versions that a prompt had when `version`, of whatever prompt, was made. Where the ledger of the tip holds it, its
 * older rows tell; else they are those of its commit.
 */
export async function readVersionsAt(registry: Registry, version: Version, slug: Slug): Promise<readonly Version[]> {
  await requireHistory(registry)
  const tip = await requireTip(registry)
  const query = await createQuery(registry, tip)
  const rows = await readKeptRowsOf(await registry.git(), query, [version.slug, slug])
  const last = rows?.get(version.slug)?.findLast(({ commit }) => commit === version.commit)
  if (rows === undefined || last === undefined) return readVersions(registry, version.commit, slug)
  const older = (rows.get(slug) ?? []).filter(
    ({ position, commit }) => position <= last.position || commit === last.commit,
  )
  return (await describeAll(registry, new Map([[slug, older]]))).get(slug) ?? []
}

/** The versions of every prompt at `tip`. */
export async function readAllVersions(registry: Registry, tip: Oid): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  await requireHistory(registry)
  return describeAll(registry, await readAllRows(await registry.git(), await createQuery(registry, tip)))
}

/** What to read of the ledger at `tip`, and whether it is worth keeping. */
export async function createQuery(registry: Registry, tip: Oid): Promise<LedgerQuery> {
  const { repository } = await registry.git()
  const head = await repository.head()
  const isHead = head.commit === tip
  const keep = isHead && head.branch !== undefined && head.branch === (await sharedBranchOf(registry))
  const final = keep ? await finalTip(registry) : undefined
  return { tip, keep, final: final === 'everything' ? tip : final, onProgress: registry.onHistoryProgress }
}

async function describeAll(
  registry: Registry,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
  early?: EarlyVerdicts,
): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  const verdicts = await readVerdicts(registry, rows, early)
  const verdictOf = ({ blob }: LedgerRow): Verdict | undefined => (blob === undefined ? undefined : verdicts.get(blob))
  return new Map([...rows].map(([slug, list]) => [slug, describeVersions(list, verdictOf)]))
}

/** Throws `unsupported` where history was cut off: numbers, rollback and what was live need all of it. */
export async function requireHistory(registry: Registry): Promise<void> {
  const { repository } = await registry.git()
  if (await repository.isShallow()) throw shallowError()
}

const shallowError = (): PromptctlError =>
  new PromptctlError('unsupported', 'This is a shallow clone, and that needs the whole history', {
    hint: 'git fetch --unshallow brings it.',
  })
