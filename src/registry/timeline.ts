import type { Oid } from '../core/history.js'
import type { Action, Version, VersionState } from '../core/ledger.js'
import type { Environment, Slug } from '../core/slug.js'
import { createQuery, readAllVersions, readPlacedVersionsOf, requireHistory } from './history.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import { slugsChangedSince } from './ledger/ledger.js'
import type { Registry } from './registry.js'

/** A version without what only its content knows. */
export type LoggedVersion = Omit<Version, 'title' | 'tags' | 'link'>

/** To be raised when the same history would be told otherwise. */
const FORMAT = 2

interface StoredTimeline {
  readonly prefix: string
  readonly tip: Oid
  readonly rows: readonly PackedVersion[]
}

type PackedVersion = readonly [
  slug: Slug,
  version: number,
  commit: Oid,
  position: number,
  blob: Oid | 0,
  name: string,
  email: string,
  committedAt: number,
  subject: string,
  action: Action,
  state: VersionState,
  live: 0 | 1,
  digest: string | 0,
]

/**
 * Every version of one environment at `tip`, newest first. Kept, so that the first look in an incident reads one file;
 * after new commits only their prompts are looked at. Throws `unsupported` in a shallow clone.
 */
export async function readTimeline(
  registry: Registry,
  tip: Oid,
  environment: Environment,
): Promise<readonly LoggedVersion[]> {
  await requireHistory(registry)
  const git = await registry.git()
  const name = `timeline/${environment}`
  const found = readCheckedJson<StoredTimeline>(git.cache, name, FORMAT)
  const stored = found?.prefix === git.prefix ? found : undefined
  if (stored?.tip === tip) return stored.rows.map((row) => unpackVersion(row, environment))
  const query = await createQuery(registry, tip)
  const changed = stored === undefined ? undefined : await slugsChangedSince(git, query, stored.tip)
  const newer = changed && (await readPlacedVersionsOf(registry, query, [...changed]))
  const kept = newer === undefined ? [] : (stored?.rows ?? []).filter(([slug]) => !newer.has(slug))
  const timeline = kept.map((row) => unpackVersion(row, environment))
  for (const list of (newer ?? (await readAllVersions(registry, tip))).values()) {
    for (const version of list) if (version.environment === environment) timeline.push(version)
  }
  timeline.sort((a, b) => b.position - a.position)
  if (query.keep) {
    const value: StoredTimeline = { prefix: git.prefix, tip, rows: timeline.map(packVersion) }
    writeCheckedJson(git.cache, name, FORMAT, value)
  }
  return timeline
}

const packVersion = (version: LoggedVersion): PackedVersion => [
  version.slug,
  version.version,
  version.commit,
  version.position,
  version.blob ?? 0,
  version.author.name,
  version.author.email,
  version.committedAt,
  version.subject,
  version.action,
  version.state,
  version.live ? 1 : 0,
  version.digest ?? 0,
]

function unpackVersion(packed: PackedVersion, environment: Environment): LoggedVersion {
  const [slug, version, commit, position, blob, name, email, committedAt, subject, action, state, live, digest] = packed
  return {
    slug,
    environment,
    version,
    commit,
    position,
    blob: blob === 0 ? undefined : blob,
    author: { name, email },
    committedAt,
    subject,
    action,
    state,
    live: live === 1,
    digest: digest === 0 ? null : digest,
  }
}
