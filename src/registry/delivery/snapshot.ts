import type { PreparedPrompt } from '../../core/compile.js'
import type { DeliveredPrompt, DeliveredSummary } from '../../core/delivered.js'
import type { Oid } from '../../core/history.js'
import type { Environment, Slug } from '../../core/slug.js'

/** What one environment serves at one commit. Never changes: when the branch moves, another one takes its place. */
export interface Snapshot {
  readonly environment: Environment
  readonly tip: Oid
  /** How many prompts are live. */
  readonly size: number
  /** In byte order. */
  readonly slugs: readonly Slug[]
  /** Prompts whose newest version is invalid: what was live before goes on being served. */
  readonly invalid: readonly Slug[]
  /** Prompts of a shallow clone whose live version only history knows: they are left out. */
  readonly unknown: readonly Slug[]
  /** By whole slug, UUID or alias; undefined when nothing of that name is live. */
  find(name: string): ServedPrompt | undefined
  /** Every live prompt in short, in byte order; nothing is made of their contents. */
  list(): readonly DeliveredSummary[]
}

/** A live prompt. Its record is made whenever it is asked for, its preparation when it is first asked for. */
export interface ServedPrompt {
  readonly environment: Environment
  readonly slug: Slug
  /** Null in a shallow clone. */
  readonly version: number | null
  /** Changes whenever `delivered` does, and only then: hex digits, good for an ETag. */
  readonly revision: string
  readonly delivered: DeliveredPrompt
  /** Throws `invalid_prompt`, `missing_partial`, `partial_cycle` or `output_limit` for a prompt that cannot be compiled. */
  readonly prepared: PreparedPrompt
}
