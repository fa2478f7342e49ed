import { parseOwnSubject, parseReason } from '../core/commit-message.js'
import { PromptctlError } from '../core/errors.js'
import type { Identity } from '../core/history.js'
import type { Action, VersionState } from '../core/ledger.js'
import type { Environment, Slug } from '../core/slug.js'
import { formatSeconds } from '../core/time.js'
import { provisionalCommits, requireTip } from './branches.js'
import { readAllVersions, readVersions } from './history.js'
import { commitAtTime } from './point-in-time.js'
import type { Oid } from './ports.js'
import { type Registry, requireEnvironment } from './registry.js'
import { resolveSlug } from './resolve.js'
import { type LoggedVersion, readTimeline } from './timeline.js'

export interface LogRequest {
  /** Undefined: the timeline of every prompt. */
  readonly name: string | undefined
  readonly environment: Environment | undefined
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | undefined
  readonly limit: number | undefined
  /** What was live then, instead of what happened. */
  readonly at: { readonly ms: number; readonly text: string } | undefined
}

export interface LogEntry {
  readonly version: number
  readonly commit: Oid
  readonly blob: Oid | null
  readonly slug: Slug
  readonly environment: Environment
  readonly action: Action
  readonly state: VersionState
  readonly live: boolean
  readonly author: Identity
  /** Committer date, RFC 3339 in UTC. */
  readonly date: string
  readonly subject: string
  readonly digest: string | null
  readonly provisional?: true
}

/** Versions, newest first. Throws `not_found` for a prompt that history does not know. */
export async function log(registry: Registry, request: LogRequest): Promise<readonly LogEntry[]> {
  if (request.environment !== undefined) requireEnvironment(registry.config, request.environment)
  const tip = await requireTip(registry)
  const then = request.at === undefined ? tip : await commitAtTime(registry, tip, request.at.ms, request.at.text)
  const versions = await readAsked(registry, then, request)
  const provisional = await provisionalCommits(registry, tip)
  return versions
    .filter((version) => request.environment === undefined || version.environment === request.environment)
    .filter((version) => request.at === undefined || version.live)
    .filter(({ committedAt }) => request.sinceMs === undefined || committedAt * 1000 >= request.sinceMs)
    .slice(0, request.limit)
    .map((version) => logEntry(version, provisional))
}

/** Reasons are read for so many commits; nobody reads further on a screen. */
const MOST_REASONS = 1000

/**
 * What -m said, by commit. It is read from the commits themselves: the ledger, which every look at the history reads,
 * keeps subjects alone.
 */
export async function readReasons(registry: Registry, entries: readonly LogEntry[]): Promise<ReadonlyMap<Oid, string>> {
  const ours = entries.filter(({ subject }) => parseOwnSubject(subject) !== undefined)
  const commits = [...new Set(ours.map(({ commit }) => commit))].slice(0, MOST_REASONS)
  if (commits.length === 0) return new Map()
  const { repository } = await registry.git()
  const reasons = new Map<Oid, string>()
  for (const [commit, message] of await repository.messages(commits)) {
    const reason = parseReason(message)
    if (reason !== undefined) reasons.set(commit, reason)
  }
  return reasons
}

/** Newest first; over all prompts in the order of the history. */
async function readAsked(
  registry: Registry,
  tip: Oid,
  { name, environment, at }: LogRequest,
): Promise<readonly LoggedVersion[]> {
  if (name !== undefined) {
    const slug = await resolveSlug(registry, name, { deleted: true })
    const versions = await readVersions(registry, tip, slug)
    if (versions.length > 0) return versions.toReversed()
    throw new PromptctlError('not_found', `${slug} is not in the history`, {
      hint: 'A file that git does not know yet has no versions: promptctl publish makes the first.',
    })
  }
  if (environment !== undefined && at === undefined) return readTimeline(registry, tip, environment)
  const all = [...(await readAllVersions(registry, tip)).values()].flat()
  return all.sort((a, b) => b.position - a.position)
}

/** `live` here is what it was then, because `versions` were read at that commit. */
export function logEntry(version: LoggedVersion, provisional: ReadonlySet<Oid>): LogEntry {
  const { commit, blob, slug, environment, action, state, live, author, committedAt, subject, digest } = version
  return {
    version: version.version,
    commit,
    blob: blob ?? null,
    slug,
    environment,
    action,
    state,
    live,
    author,
    date: formatSeconds(committedAt),
    subject,
    digest,
    ...(provisional.has(commit) ? { provisional: true as const } : {}),
  }
}
