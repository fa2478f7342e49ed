import type { Environment, Slug } from './slug.js'

/** A value as JSON knows it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export type State = 'draft' | 'published' | 'archived'

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null'

/** What a variable's value must be: the closed list of JSON Schema keywords that a prompt file may use. */
export interface VariableSchema {
  readonly type?: JsonType | readonly JsonType[]
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly Json[]
  readonly default?: Json
  readonly example?: Json
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly items?: VariableSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: { readonly [name: string]: VariableSchema }
  readonly required?: readonly string[]
}

/** One item of a chat prompt. A part of `content` is any JSON whose strings are templates. */
export type MessageItem =
  | { readonly role: string; readonly content: string | readonly JsonObject[]; readonly [key: string]: Json }
  | { readonly placeholder: string }

/** A message as a model receives it. */
export interface Message {
  readonly role: string
  readonly content: string | readonly JsonObject[]
  readonly [key: string]: Json
}

/** The keys that the digest covers, with the names that they have in the file. */
export interface PromptContent {
  readonly template?: string
  readonly messages?: readonly MessageItem[]
  readonly variables?: { readonly [name: string]: VariableSchema }
  readonly model?: JsonObject
  readonly tools?: Json
  readonly response_format?: Json
  readonly config?: Json
}

/**
 * A prompt file's values, with the keys of the file (schemas/prompt.schema.json). Exactly one of `template` and
 * `messages` is present. Dictionaries keyed by a user's text are asked with `Object.hasOwn`.
 */
export interface PromptFile extends PromptContent {
  readonly id: string
  readonly slug: Slug
  readonly title: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly aliases?: readonly string[]
  readonly environment: Environment
  readonly state: State
  readonly published_at?: string
  readonly published_by?: string
  /** The seal that `publish` wrote: `sha256:<64 hex>`. */
  readonly digest?: string
}

/** A place in a file: line and column count from 1, in UTF-16 code units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Something wrong in one file. */
export interface Problem extends Position {
  readonly message: string
}
