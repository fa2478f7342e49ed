import { parseConfig } from '../../core/config.js'
import { isPromptctlError } from '../../core/errors.js'
import type { HistoryCommit, Oid } from '../../core/history.js'
import { createRows, type LedgerRow } from '../../core/ledger.js'
import { CONFIG_FILE, PROMPTS_DIR } from '../../core/paths.js'
import type { Slug } from '../../core/slug.js'
import type { RegistryRepository } from '../registry.js'
import { readCheckedJson, writeCheckedJson } from './checked-json.js'
import type { LedgerQuery } from './ledger.js'
import { type PackedRow, packRow, unpackRows } from './row-codec.js'

/** The rows of one prompt, kept while nobody has needed the whole ledger. */
interface StoredSlug {
  readonly prefix: string
  readonly tip: Oid
  /** Every environment that the configuration ever named up to `tip`. */
  readonly environments: readonly string[]
  readonly rows: readonly PackedRow[]
}

const FORMAT = 1

/** The rows of one prompt: from its cache and the commits since, else from the history of its paths. */
export async function readSlugRows(
  git: RegistryRepository,
  query: LedgerQuery,
  slug: Slug,
  environments: readonly string[],
): Promise<readonly LedgerRow[]> {
  const { repository, cache, prefix } = git
  const name = `slugs/${slug}`
  const stored = readCheckedJson<StoredSlug>(cache, name, FORMAT)
  const isOurs = stored?.prefix === prefix && environments.every((one) => stored.environments.includes(one))
  if (stored !== undefined && isOurs && stored.tip === query.tip) return unpackRows(slug, stored.rows)
  const isBehind = stored !== undefined && isOurs && (await repository.isOnChain(stored.tip, query.tip))
  const before = isBehind ? unpackRows(slug, stored.rows) : []
  const asked = new Set([...environments, ...(isBehind ? stored.environments : [])])
  const commits = await walk(git, query, slug, asked, isBehind ? stored.tip : undefined)
  const rows = createRows(commits, prefix, new Map([[slug, before]])).get(slug) ?? []
  if (query.keep) {
    const value: StoredSlug = { prefix, tip: query.tip, environments: [...asked], rows: rows.map(packRow) }
    writeCheckedJson(cache, name, FORMAT, value)
  }
  return rows
}

/**
 * The commits that changed one of the prompt's files. The configuration is walked along, because an environment that it
 * named once has versions that count; when it names one that was not asked for, the walk is made again with it.
 */
async function walk(
  git: RegistryRepository,
  query: LedgerQuery,
  slug: Slug,
  environments: Set<string>,
  after: Oid | undefined,
): Promise<readonly HistoryCommit[]> {
  const { repository, prefix } = git
  const config = `${prefix}${CONFIG_FILE}`
  const paths = [config, ...[...environments].map((one) => `${prefix}${PROMPTS_DIR}/${one}/${slug}.yaml`)]
  const commits: HistoryCommit[] = []
  for await (const commit of repository.history({ tip: query.tip, after, paths })) {
    commits.push(commit)
    query.onCommit?.(commit)
  }
  const configs = commits.flatMap(({ changes }) =>
    changes.flatMap(({ path, blob }) => (path === config && blob ? [blob] : [])),
  )
  const known = environments.size
  for (const bytes of (await repository.readBlobs(new Set(configs))).values()) {
    for (const environment of environmentsIn(bytes)) environments.add(environment)
  }
  // From the beginning: an environment that is new to the configuration may have had files before.
  return environments.size === known ? commits : walk(git, query, slug, environments, undefined)
}

/** Those that a configuration names; none when it cannot be read, for then it never took effect. */
function environmentsIn(bytes: Uint8Array): readonly string[] {
  try {
    return parseConfig(bytes, CONFIG_FILE, { defaultName: '' }).environments
  } catch (error) {
    if (isPromptctlError(error, 'invalid_config')) return []
    throw error
  }
}
