import { PromptctlError } from '../core/errors.js'
import { createRows, describeVersions, type LedgerRow, type Verdict, type Version } from '../core/ledger.js'
import { formatPromptPath, PROMPTS_DIR } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import type { HistoryCommit, Oid } from './ports.js'
import type { Registry } from './registry.js'
import { readVerdicts } from './verdicts.js'

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
  return describeAll(registry, await readRows(registry, tip, slugs))
}

/** The versions of every prompt at `tip`. */
export async function readAllVersions(registry: Registry, tip: Oid): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  await requireHistory(registry)
  return describeAll(registry, await readRows(registry, tip, undefined))
}

async function describeAll(
  registry: Registry,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  const { repository } = await registry.git()
  const verdicts = await readVerdicts(repository, [...rows.values()].flat().flatMap(blobOf))
  const verdictOf = ({ blob }: LedgerRow): Verdict | undefined => (blob === undefined ? undefined : verdicts.get(blob))
  return new Map([...rows].map(([slug, list]) => [slug, describeVersions(list, verdictOf)]))
}

const blobOf = ({ blob, link }: LedgerRow): Oid[] => (blob === undefined || link ? [] : [blob])

async function readRows(
  registry: Registry,
  tip: Oid,
  slugs: readonly Slug[] | undefined,
): Promise<ReadonlyMap<Slug, readonly LedgerRow[]>> {
  const { repository, prefix } = await registry.git()
  const paths =
    slugs === undefined
      ? [`${prefix}${PROMPTS_DIR}`]
      : slugs.flatMap((slug) => registry.config.environments.map((e) => `${prefix}${formatPromptPath(e, slug)}`))
  const commits: HistoryCommit[] = []
  for await (const commit of repository.history({ tip, paths })) commits.push(commit)
  return createRows(commits, prefix)
}

/** Throws `unsupported` where history was cut off: numbers, rollback and what was live need all of it. */
export async function requireHistory(registry: Registry): Promise<void> {
  const { repository } = await registry.git()
  if (await repository.isShallow()) throw shallowError()
}

export const shallowError = (): PromptctlError =>
  new PromptctlError('unsupported', 'This is a shallow clone, and that needs the whole history', {
    hint: 'git fetch --unshallow brings it.',
  })
