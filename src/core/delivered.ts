/** A prompt as an environment serves it: plain data, the same in a bundle, in a server's memory and over HTTP. */

import type { Oid } from './history.js'
import type { Json, MessageItem, VariableSchema } from './prompt-file.js'
import type { Environment, Slug } from './slug.js'
import type { Variable } from './variables.js'

export interface DeliveredPrompt {
  readonly id: string
  readonly slug: Slug
  readonly title: string
  readonly description: string | null
  readonly tags: readonly string[]
  readonly aliases: readonly string[]
  readonly environment: Environment
  /** Null in a shallow clone, with `commit`, `live_since` and `live_by`. */
  readonly version: number | null
  /** The remote does not have that version yet. */
  readonly provisional?: true
  readonly commit: Oid | null
  readonly blob: Oid
  readonly digest: string
  /** Covers the prompt and all that it includes: equal ones behave the same. */
  readonly resolved_digest: string
  readonly published_at: string | null
  readonly published_by: string | null
  /** RFC 3339 in UTC: the commit's date. */
  readonly live_since: string | null
  readonly live_by: string | null
  /** The version's subject line. */
  readonly subject: string | null
  readonly model: Json
  readonly tools: Json
  readonly response_format: Json
  readonly config: Json
  /** Exactly one of the two. */
  readonly template?: string
  readonly messages?: readonly MessageItem[]
  /** What it needs, its partials included. */
  readonly variables: readonly Variable[]
  /** What the file itself declares, as it stands there. */
  readonly declarations: { readonly [name: string]: VariableSchema }
  /** All that it includes, directly or not, by slug. */
  readonly partials: { readonly [slug: Slug]: DeliveredPartial }
}

export interface DeliveredPartial {
  readonly template: string
  readonly declarations: { readonly [name: string]: VariableSchema }
}
