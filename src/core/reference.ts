import { closestWords } from './edit-distance.js'
import { PromptctlError } from './errors.js'
import { isSlug, quoteName, type Slug, suffixOf, titlePartOf } from './slug.js'

/** What a user wrote for a prompt: `refund-email`, `refund-email@13`, `team/greet@1a2b3c4`. */
export interface Reference {
  /** A slug, a prefix of one, its 8-digit suffix, a UUID or an alias. */
  readonly name: string
  readonly at?: { readonly version: number } | { readonly commit: string }
}

/** A prompt that a name may mean. */
export interface Candidate {
  readonly slug: Slug
  readonly archived: boolean
}

const MAX_LENGTH = 300
// One allowlist for slugs, suffixes, UUIDs and aliases. Each part between slashes begins with a letter or digit, so
// that no name is absolute, an option, hidden, or climbs.
const NAME = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/
const VERSION = /^[0-9]+$/
const COMMIT = /^[0-9a-f]{7,64}$/
const SUFFIX = /^[0-9a-f]{8}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Reads `<name>`, `<name>@<number>` or `<name>@<commit>` (7 hex digits or more; digits alone are a number). Throws `usage`. */
export function parseReference(text: string): Reference {
  const mark = text.indexOf('@')
  const name = mark === -1 ? text : text.slice(0, mark)
  if (text.length > MAX_LENGTH || !NAME.test(name) || name.includes('..')) throw notAReference(text)
  return mark === -1 ? { name } : { name, at: parseAt(text, text.slice(mark + 1)) }
}

function parseAt(text: string, at: string): NonNullable<Reference['at']> {
  const version = Number(at)
  if (VERSION.test(at) && version >= 1 && Number.isSafeInteger(version)) return { version }
  if (!VERSION.test(at) && COMMIT.test(at)) return { commit: at }
  throw notAReference(text)
}

/** Reads the name of a prompt, where a version makes no sense. Throws `usage`. */
export function parseName(text: string): string {
  const { name, at } = parseReference(text)
  if (at === undefined) return name
  throw new PromptctlError('usage', `${quoteName(text)} names a version, and here a whole prompt is meant`, {
    hint: `Write ${name} alone.`,
  })
}

const notAReference = (text: string): PromptctlError =>
  new PromptctlError('usage', `${quoteName(text)} is not a reference to a prompt`, {
    hint: 'Write <slug>, <slug>@<number> or <slug>@<commit>, such as refund-email@13.',
  })

/** True for text that has a UUID's form. */
export const isUuid = (text: string): boolean => UUID.test(text)

/**
 * The slugs that `name` means, best kind of match alone: the exact slug, else the 8-digit suffix (a UUID counts by its
 * first 8 digits; the caller verifies the rest), else the whole title part, else a prefix. No file has to be read for it.
 */
export function matchNames(name: string, slugs: Iterable<Slug>): readonly Slug[] {
  const suffix = isUuid(name) ? name.slice(0, 8) : SUFFIX.test(name) ? name : undefined
  const prefixed = new Set<Slug>()
  const suffixed = new Set<Slug>()
  for (const slug of slugs) {
    if (slug === name) return [slug]
    if (slug.startsWith(name)) prefixed.add(slug)
    if (suffix !== undefined && suffixOf(slug) === suffix) suffixed.add(slug)
  }
  if (suffixed.size > 0) return [...suffixed]
  const whole = [...prefixed].filter((slug) => titlePartOf(slug) === name)
  return whole.length > 0 ? whole : [...prefixed]
}

/**
 * The one of `matches` that is meant: a prompt that is not archived (in any environment) wins over one that is.
 * Undefined when there is none; throws `ambiguous` with `details.candidates`.
 */
export function chooseName(name: string, matches: Iterable<Candidate>): Slug | undefined {
  const all = new Set<Slug>()
  const current = new Set<Slug>()
  for (const { slug, archived } of matches) {
    all.add(slug)
    if (!archived) current.add(slug)
  }
  const left = [...(current.size > 0 ? current : all)]
  if (left.length > 1) throw ambiguous(name, left.sort())
  return left[0]
}

/** `matchNames` and `chooseName` in one step, for who has every prompt's state at hand. */
export function resolveName(name: string, candidates: Iterable<Candidate>): Slug | undefined {
  const list = [...candidates]
  const matches = new Set(
    matchNames(
      name,
      list.map(({ slug }) => slug),
    ),
  )
  return chooseName(
    name,
    list.filter(({ slug }) => matches.has(slug)),
  )
}

function ambiguous(name: string, candidates: readonly Slug[]): PromptctlError {
  const shown = candidates.slice(0, 10).join(', ')
  const more = candidates.length > 10 ? ` and ${candidates.length - 10} more` : ''
  return new PromptctlError('ambiguous', `${quoteName(name)} could be any of ${candidates.length} prompts`, {
    hint: `Write more of the slug: ${shown}${more}.`,
    details: { candidates },
  })
}

/** The names most like a name that was not found, best first; a slug is compared without its suffix too. */
export function closestNames(name: string, all: Iterable<string>, limit = 3): readonly string[] {
  const spellings = (known: string) => (isSlug(known) ? [titlePartOf(known), known] : [known])
  return closestWords(name, all, { limit, spellings })
}
