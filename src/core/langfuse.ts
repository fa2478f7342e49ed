/** A prompt in the words of Langfuse's read protocol (https://api.reference.langfuse.com, `GET /api/public/v2/prompts`). */

import type { DeliveredPrompt } from './delivered.js'
import { expandPartials } from './expand.js'
import type { Json } from './prompt-file.js'
import type { Slug } from './slug.js'
import type { Variable } from './variables.js'

export type LangfuseMessage =
  | { readonly role: string; readonly content: Json }
  | { readonly type: 'placeholder'; readonly name: string }

/** Every field is always there. */
export interface LangfusePrompt {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly projectId: string
  readonly createdBy: string
  /** As it was asked for: a slug or an alias. */
  readonly name: string
  readonly version: number
  readonly type: 'text' | 'chat'
  readonly prompt: string | readonly LangfuseMessage[]
  readonly config: Json
  readonly labels: readonly string[]
  readonly tags: readonly string[]
  readonly isActive: boolean
  readonly commitMessage: string | null
  readonly resolutionGraph: null
  /** What Langfuse has no word for. */
  readonly promptctl: {
    readonly commit: string | null
    readonly environment: string
    readonly digest: string
    readonly variables: readonly Variable[]
  }
}

/** What is asked of a prompt besides what it is. */
export interface LangfuseRequest {
  readonly project: string
  readonly name: string
  readonly labels: readonly string[]
  /** False leaves partials as tags. */
  readonly resolve: boolean
}

/** The label of an application that names none. */
export const USUAL_LABEL = 'production'
/** The label of what was put into service last, wherever that was. */
export const LATEST_LABEL = 'latest'

/** Where nothing is known of the time, as in a shallow clone. */
const NO_TIME = '1970-01-01T00:00:00Z'

/** Throws `invalid_prompt` and `output_limit` for partials that cannot be put in. */
export function formatLangfusePrompt(delivered: DeliveredPrompt, request: LangfuseRequest): LangfusePrompt {
  const { id, version, commit, environment, digest, variables } = delivered
  const time = timeOf(delivered)
  return {
    id: `${id}-${version ?? 0}`,
    createdAt: time,
    updatedAt: time,
    projectId: request.project,
    createdBy: delivered.live_by ?? delivered.published_by ?? 'unknown',
    name: request.name,
    version: version ?? 0,
    type: langfuseTypeOf(delivered),
    prompt: promptOf(delivered, request.resolve),
    config: langfuseConfigOf(delivered),
    labels: request.labels,
    tags: delivered.tags,
    isActive: request.labels.includes(USUAL_LABEL),
    commitMessage: delivered.subject,
    resolutionGraph: null,
    promptctl: { commit, environment, digest, variables },
  }
}

/** RFC 3339: since when it is served. */
export const timeOf = ({ live_since, published_at }: DeliveredPrompt): string => live_since ?? published_at ?? NO_TIME

export const langfuseTypeOf = ({ messages }: DeliveredPrompt): 'text' | 'chat' =>
  messages === undefined ? 'text' : 'chat'

/** The prompt's own `config`, with `model` in it, where applications look for it. */
export function langfuseConfigOf({ config, model }: DeliveredPrompt): Json {
  const own = typeof config === 'object' && config !== null && !Array.isArray(config) ? config : undefined
  if (own === undefined && config !== null) return model === null ? config : { model, config }
  return { ...(model === null ? {} : { model }), ...own }
}

function promptOf({ template, messages, partials }: DeliveredPrompt, resolve: boolean): LangfusePrompt['prompt'] {
  const partial = (slug: string): string =>
    Object.hasOwn(partials, slug) ? (partials[slug as Slug]?.template ?? '') : ''
  const expand = (text: string): string => (resolve ? expandPartials(text, partial) : text)
  if (messages === undefined) return expand(template ?? '')
  return messages.map((item) =>
    typeof item.placeholder === 'string'
      ? { type: 'placeholder', name: item.placeholder }
      : messageOf(item as { readonly role: string; readonly content: Json }, expand),
  )
}

const messageOf = (
  { role, content }: { readonly role: string; readonly content: Json },
  expand: (text: string) => string,
) => ({
  role,
  content: expandIn(content, expand),
})

/** Content may be a list of parts: its strings are templates, wherever they stand. */
function expandIn(value: Json, expand: (text: string) => string): Json {
  if (typeof value === 'string') return expand(value)
  if (Array.isArray(value)) return value.map((item) => expandIn(item, expand))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expandIn(inner, expand)]))
}
