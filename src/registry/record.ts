import { formatIdentity } from '../core/history.js'
import { liveIn, newestIn, type Version, type VersionState } from '../core/ledger.js'
import { formatPromptPath } from '../core/paths.js'
import type { Json, PromptFile } from '../core/prompt-file.js'
import type { Environment, Slug } from '../core/slug.js'
import { formatSeconds } from '../core/time.js'
import type { Variable } from '../core/variables.js'
import type { Oid } from './ports.js'

/** What `show` and `list` say of a prompt in one environment. */
export interface PromptRecord {
  /** Null when the file cannot be read. */
  readonly id: string | null
  readonly slug: Slug
  readonly title: string | null
  readonly description: string | null
  readonly tags: readonly string[]
  readonly aliases: readonly string[]
  readonly environment: Environment
  readonly state: VersionState
  /** Relative to the registry's root. */
  readonly path: string
  /** Null when the file differs from HEAD, and in a shallow clone. */
  readonly version: number | null
  readonly live_version: number | null
  /** RFC 3339 in UTC: the commit's date. */
  readonly live_since: string | null
  readonly live_by: string | null
  readonly commit: Oid | null
  readonly digest: string | null
  readonly published_at: string | null
  readonly published_by: string | null
  readonly modified?: true
  readonly provisional?: true
}

/** What the file holds; `list` says it with --full. */
export interface PromptContents {
  readonly variables: readonly Variable[]
  readonly model: Json
  readonly tools: Json
  readonly response_format: Json
  readonly config: Json
  readonly template?: string
  readonly messages?: Json
}

/** What history knows of a prompt's file. */
export interface Known {
  /** Of the slug, oldest first; empty in a shallow clone. */
  readonly versions: readonly Version[]
  /** The file is not what HEAD has. */
  readonly modified: boolean
  readonly provisional: ReadonlySet<Oid>
}

/** The record of a file; `prompt` is undefined when it cannot be read. */
export function createRecord(
  { slug, environment }: { slug: Slug; environment: Environment },
  prompt: PromptFile | undefined,
  seal: string | undefined,
  { versions, modified, provisional }: Known,
): PromptRecord {
  const newest = modified ? undefined : newestIn(versions, environment)
  const live = liveIn(versions, environment)
  return {
    id: prompt?.id ?? null,
    slug,
    title: prompt?.title ?? null,
    description: prompt?.description ?? null,
    tags: prompt?.tags ?? [],
    aliases: prompt?.aliases ?? [],
    environment,
    state: newest?.state ?? prompt?.state ?? 'invalid',
    path: formatPromptPath(environment, slug),
    version: newest?.version ?? null,
    live_version: live?.version ?? null,
    live_since: live === undefined ? null : formatSeconds(live.committedAt),
    live_by: live === undefined ? null : formatIdentity(live.author),
    commit: newest?.commit ?? null,
    // A broken seal is nobody's, as in the version.
    digest: newest?.state === 'invalid' ? null : (seal ?? null),
    published_at: prompt?.published_at ?? null,
    published_by: prompt?.published_by ?? null,
    ...(modified ? { modified: true as const } : {}),
    ...(newest !== undefined && provisional.has(newest.commit) ? { provisional: true as const } : {}),
  }
}

export const contentsOf = (prompt: PromptFile, variables: readonly Variable[]): PromptContents => ({
  variables,
  model: prompt.model ?? null,
  tools: prompt.tools ?? null,
  response_format: prompt.response_format ?? null,
  config: prompt.config ?? null,
  ...(prompt.messages === undefined ? { template: prompt.template ?? '' } : { messages: prompt.messages as Json }),
})
