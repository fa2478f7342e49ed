import { createHash } from 'node:crypto'
import type { Json, PromptContent } from './prompt-file.js'

/** The keys of a prompt file that its digest covers. */
export const CONTENT_KEYS = [
  'template',
  'messages',
  'variables',
  'model',
  'tools',
  'response_format',
  'config',
] as const satisfies readonly (keyof PromptContent)[]

/**
 * Canonical JSON (RFC 8785): no white space, keys in the order of their UTF-16 code units, numbers and strings as
 * JSON.stringify writes them. Lone surrogates and numbers that are not finite are a TypeError, as section 3.2.2 asks.
 */
export function canonicalJson(value: Json): string {
  const json = write(value)
  if (ESCAPED_SURROGATE.test(json)) throw new TypeError('Canonical JSON cannot hold half of a surrogate pair')
  return json
}

// JSON.stringify escapes only lone surrogates so; an escaped backslash before the `u` is plain text.
const ESCAPED_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/

function write(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`Canonical JSON cannot hold ${value}`)
    return String(value) === '-0' ? '0' : String(value)
  }
  if (isList(value)) return `[${value.map(write).join(',')}]`
  const members = Object.keys(value).sort()
  return `{${members.map((key) => `${JSON.stringify(key)}:${write(value[key] ?? null)}`).join(',')}}`
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** The seal of a prompt's content: `sha256:<hex>` over the canonical JSON of those CONTENT_KEYS that it has. */
export function digestOf(prompt: PromptContent): string {
  const content: Record<string, Json> = {}
  for (const key of CONTENT_KEYS) {
    const value = prompt[key]
    if (value !== undefined) content[key] = value as Json
  }
  return digestOfJson(content)
}

/** `sha256:<hex>` over the canonical JSON. */
export const digestOfJson = (value: Json): string =>
  `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`

/** `sha256:<hex>` over the digest of a prompt and those of all that it includes, by slug; without partials the digest itself. */
export function resolvedDigestOf(digest: string, included: ReadonlyMap<string, string>): string {
  if (included.size === 0) return digest
  return digestOfJson({ digest, included: Object.fromEntries(included) })
}
