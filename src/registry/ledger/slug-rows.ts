import type { HistoryCommit, Oid } from '../../core/history.js'
import { createRows, type LedgerRow } from '../../core/ledger.js'
import { PROMPTS_DIR } from '../../core/paths.js'
import type { Slug } from '../../core/slug.js'
import type { RegistryRepository } from '../registry.js'
import { readCheckedJson, writeCheckedJson } from './checked-json.js'
import type { LedgerQuery } from './ledger.js'
import { type PackedRow, packRow, unpackRows } from './row-codec.js'

/** The rows of one prompt, kept while nobody has needed the whole ledger. */
interface StoredSlug {
  readonly prefix: string
  readonly tip: Oid
  readonly rows: readonly PackedRow[]
}

const FORMAT = 2

/** The rows of one prompt: from its cache and the commits since, else from the history of its paths. */
export async function readSlugRows(
  git: RegistryRepository,
  query: LedgerQuery,
  slug: Slug,
): Promise<readonly LedgerRow[]> {
  const { repository, cache, prefix } = git
  const name = `slugs/${slug}`
  const kept = readCheckedJson<StoredSlug>(cache, name, FORMAT)
  const stored = kept?.prefix === prefix ? kept : undefined
  if (stored?.tip === query.tip) return unpackRows(slug, stored.rows)
  const isBehind = stored !== undefined && (await repository.isOnChain(stored.tip, query.tip))
  const before = isBehind ? unpackRows(slug, stored.rows) : []
  const commits = await walk(git, query, slug, isBehind ? stored.tip : undefined)
  const rows = createRows(commits, prefix, new Map([[slug, before]])).get(slug) ?? []
  if (query.keep) {
    const value: StoredSlug = { prefix, tip: query.tip, rows: rows.map(packRow) }
    writeCheckedJson(cache, name, FORMAT, value)
  }
  return rows
}

/** The commits that changed one of the prompt's files, of every environment that ever was: a configuration may forget one. */
async function walk(
  { repository, prefix }: RegistryRepository,
  { tip, onCommit }: LedgerQuery,
  slug: Slug,
  after: Oid | undefined,
): Promise<readonly HistoryCommit[]> {
  const commits: HistoryCommit[] = []
  const paths = { dir: `${prefix}${PROMPTS_DIR}`, name: `${slug}.yaml` }
  for await (const commit of repository.history({ tip, after, paths })) {
    commits.push(commit)
    onCommit?.(commit)
  }
  return commits
}
