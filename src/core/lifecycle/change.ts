import { PromptctlError } from '../errors.js'
import type { Oid } from '../history.js'
import { type Action, newestIn, type Version } from '../ledger.js'
import type { State } from '../prompt-file.js'
import { type PromptDocument, promptSource } from '../prompt-reader.js'
import type { PromptSource } from '../prompt-templates.js'
import type { Environment, Slug } from '../slug.js'

/** When and by whom something is published: RFC 3339 in UTC, and `Name <email>`. */
export interface Moment {
  readonly at: string
  readonly by: string
}

/** Where a prompt stands in one environment at the commit that a plan is made on. */
export interface Standing {
  readonly slug: Slug
  readonly environment: Environment
  /** Of the slug, in every environment, oldest first. */
  readonly versions: readonly Version[]
  /** The file at that commit. Undefined when it is not there or cannot be read as a prompt. */
  readonly head: PromptDocument | undefined
  readonly headBlob: Oid | undefined
}

/** What one commit does to one file. Commit message, dry run and event are made from it. */
export interface Change {
  readonly slug: Slug
  readonly environment: Environment
  /** What the command means to do; once it is planned, what history will call it. */
  readonly action: Action
  readonly state: State
  /** The values that are written, but for state, moment and seal. */
  readonly origin: PromptSource
  /** The file's new bytes. */
  readonly content: Uint8Array
  readonly digest: string
  /** The newest version before in that environment. */
  readonly previousVersion: number | null
  /** Promote: where the content comes from. */
  readonly source?: { readonly environment: Environment; readonly commit: Oid }
  /** Rollback: the version whose blob comes back. */
  readonly restores?: { readonly version: number; readonly commit: Oid }
  /** The test set that it passed, where the environment has a gate; the digest is that of the set's bytes. */
  readonly evaluation?: { readonly passed: number; readonly total: number; readonly digest: string }
  /** Rollback --keep-edits: the work tree's file is left alone. */
  readonly keepEdits?: boolean
}

const encoder = new TextEncoder()

/** The change that writes `text`, with what every change says of its prompt. */
export function createChange(
  { slug, environment, versions }: Standing,
  document: PromptDocument,
  change: Pick<Change, 'action' | 'state' | 'source' | 'restores' | 'keepEdits'> & { content: string | Uint8Array },
): Change {
  return {
    ...change,
    slug,
    environment,
    origin: promptSource(document),
    digest: document.seal,
    previousVersion: newestIn(versions, environment)?.version ?? null,
    content: typeof change.content === 'string' ? encoder.encode(change.content) : change.content,
  }
}

/**
 * How the prompt was taken out of the environment, by its newest version that is neither draft nor invalid; undefined when
 * it was not. Only --restore brings it back.
 */
export function withdrawalOf({
  versions,
  environment,
}: Pick<Standing, 'versions' | 'environment'>): 'archived' | 'deleted' | undefined {
  const decisive = versions.findLast(
    (version) => version.environment === environment && version.state !== 'draft' && version.state !== 'invalid',
  )
  return decisive?.state === 'archived' || decisive?.state === 'deleted' ? decisive.state : undefined
}

export const isWithdrawn = (standing: Pick<Standing, 'versions' | 'environment'>): boolean =>
  withdrawalOf(standing) !== undefined

/** Throws `illegal_transition` for what is archived or deleted, unless `restore` was asked for. */
export function assertNotWithdrawn(standing: Standing, restore: boolean, command: string): void {
  const state = withdrawalOf(standing)
  if (restore || state === undefined) return
  throw illegalTransition(
    standing,
    `${standing.slug} is ${state} in ${standing.environment}`,
    `To bring it back: promptctl ${command} --restore`,
  )
}

/** The error that says which command would be right. */
export const illegalTransition = (
  { slug, environment }: Pick<Standing, 'slug' | 'environment'>,
  message: string,
  hint: string,
  details: Readonly<Record<string, unknown>> = {},
): PromptctlError =>
  new PromptctlError('illegal_transition', message, { hint, details: { slug, environment, ...details } })
