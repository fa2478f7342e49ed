/** A prompt as an environment serves it: plain data, the same in a bundle, in a server's memory and over HTTP. */

import { digestOf, resolvedDigestOf } from './digest.js'
import { isPromptctlError } from './errors.js'
import { formatIdentity, type Identity, type Oid } from './history.js'
import type { Json, MessageItem, PromptContent, PromptFile, VariableSchema } from './prompt-file.js'
import type { Environment, Slug } from './slug.js'
import { formatSeconds } from './time.js'
import { listVariables, mergeDeclarations, type Variable, variablesOf } from './variables.js'

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
  /** What the file has with nothing in it, `tools: null` for one: the digest covers it. */
  readonly empty?: readonly EmptyKey[]
}

/** What tells one prompt from another. */
export type DeliveredSummary = Pick<
  DeliveredPrompt,
  'id' | 'slug' | 'title' | 'description' | 'tags' | 'aliases' | 'environment' | 'version'
>

export const summaryOf = (delivered: DeliveredSummary): DeliveredSummary => {
  const { id, slug, title, description, tags, aliases, environment, version } = delivered
  return { id, slug, title, description, tags: [...tags], aliases: [...aliases], environment, version }
}

export interface DeliveredPartial {
  readonly template: string
  readonly declarations: { readonly [name: string]: VariableSchema }
  /** Of all its content: what `resolved_digest` covers. */
  readonly digest: string
}

/** The keys of a file that look the same in a record when they hold nothing and when they are not there. */
const EMPTY_KEYS = ['variables', 'tools', 'response_format', 'config'] as const
type EmptyKey = (typeof EMPTY_KEYS)[number]

/** A live version: what its file says, and what history knows of it. */
export interface LiveVersion {
  readonly prompt: PromptFile
  /** The seal. */
  readonly digest: string
  readonly blob: Oid
  /** Undefined in a shallow clone. */
  readonly origin: VersionOrigin | undefined
}

export interface VersionOrigin {
  readonly version: number
  readonly commit: Oid
  readonly author: Identity
  /** Seconds since the epoch. */
  readonly committedAt: number
  readonly subject: string
  readonly provisional: boolean
}

/**
 * The record of a live version. `partials` are the prompts that it includes, directly or not; what it names and is not among
 * them is missing when it is compiled. `variables` may throw: what a file says wrong is told when it is compiled.
 */
export function createDelivered(
  live: LiveVersion,
  partials: ReadonlyMap<Slug, PromptFile>,
  variables: () => readonly Variable[] = () => variablesOf(live.prompt, partials),
): DeliveredPrompt {
  const { prompt, digest, blob, origin } = live
  const included = [...partials].sort(([a], [b]) => (a < b ? -1 : 1)).map(includedPartial)
  const digests = new Map(included.map(([slug, partial]) => [slug, partial.digest]))
  const empty = EMPTY_KEYS.filter((key) => prompt[key] === null || (key === 'variables' && isEmptyObject(prompt[key])))
  return {
    id: prompt.id,
    slug: prompt.slug,
    title: prompt.title,
    description: prompt.description ?? null,
    tags: prompt.tags ?? [],
    aliases: prompt.aliases ?? [],
    environment: prompt.environment,
    version: origin?.version ?? null,
    ...(origin?.provisional === true ? { provisional: true as const } : {}),
    commit: origin?.commit ?? null,
    blob,
    digest,
    resolved_digest: resolvedDigestOf(digest, digests),
    published_at: prompt.published_at ?? null,
    published_by: prompt.published_by ?? null,
    live_since: origin === undefined ? null : formatSeconds(origin.committedAt),
    live_by: origin === undefined ? null : formatIdentity(origin.author),
    subject: origin?.subject ?? null,
    model: prompt.model ?? null,
    tools: prompt.tools ?? null,
    response_format: prompt.response_format ?? null,
    config: prompt.config ?? null,
    ...(prompt.messages === undefined ? { template: prompt.template ?? '' } : { messages: prompt.messages }),
    variables: orDeclared(variables, prompt, partials),
    declarations: prompt.variables ?? {},
    partials: Object.fromEntries(included),
    ...(empty.length > 0 ? { empty } : {}),
  }
}

const isEmptyObject = (value: object | undefined): boolean => value !== undefined && Object.keys(value).length === 0

const includedPartial = ([slug, prompt]: readonly [Slug, PromptFile]): readonly [Slug, DeliveredPartial] => [
  slug,
  { template: prompt.template ?? '', declarations: prompt.variables ?? {}, digest: digestOf(prompt) },
]

/** Where a template cannot be parsed, or what it includes is not there, what is declared is all that is known. */
function orDeclared(
  variables: () => readonly Variable[],
  prompt: PromptFile,
  partials: ReadonlyMap<Slug, PromptFile>,
): readonly Variable[] {
  try {
    return variables()
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return listVariables(prompt, mergeDeclarations(prompt, partials.values()), new Map())
  }
}

/** What the digest of a record covers: the keys of its file that it has. */
export function contentOf(delivered: DeliveredPrompt): PromptContent {
  const { template, messages, declarations, model, tools, response_format, config, empty = [] } = delivered
  const has = (key: EmptyKey, value: Json): boolean => value !== null || empty.includes(key)
  return {
    ...(messages === undefined ? { template: template ?? '' } : { messages }),
    ...(empty.includes('variables') || Object.keys(declarations).length > 0 ? { variables: declarations } : {}),
    ...(model === null ? {} : { model: model as NonNullable<PromptContent['model']> }),
    ...(has('tools', tools) ? { tools } : {}),
    ...(has('response_format', response_format) ? { response_format } : {}),
    ...(has('config', config) ? { config } : {}),
  }
}

/** What a prompt is found under. */
interface Named {
  readonly slug: string
  readonly id: string
  readonly aliases: readonly string[]
}

/** Prompts by their names: slugs, then UUIDs, then aliases, which an environment has once; of two claims the first counts. */
export function indexNames<Item extends Named>(items: readonly Item[]): ReadonlyMap<string, Item> {
  const names = new Map<string, Item>()
  const claim = (name: string, item: Item): void => {
    if (!names.has(name)) names.set(name, item)
  }
  for (const item of items) claim(item.slug, item)
  for (const item of items) claim(item.id, item)
  for (const item of items) for (const alias of item.aliases) claim(alias, item)
  return names
}
