/** Bundles: everything that an environment serves at a commit, in one file that needs neither git nor network. */

import { validateBundle } from '../generated/delivery-validators.js'
import { contentOf, type DeliveredPrompt } from './delivered.js'
import { parseJsonDocument } from './delivered-json.js'
import { remakeDelivered } from './delivered-source.js'
import { canonicalJson, digestOf, digestOfJson, resolvedDigestOf } from './digest.js'
import { PromptctlError } from './errors.js'
import type { Oid } from './history.js'
import type { Json } from './prompt-file.js'
import { type Environment, quoteName, type Slug } from './slug.js'

/** To be raised when a bundle looks otherwise. */
const BUNDLE_FORMAT = 2

export interface Bundle {
  readonly format: typeof BUNDLE_FORMAT
  readonly environment: Environment
  readonly commit: Oid
  /** `sha256:<hex>` over the canonical JSON of all the rest. */
  readonly digest: string
  /** In byte order of their slugs. */
  readonly prompts: readonly DeliveredPrompt[]
}

/** A bundle of these prompts, with its digest. */
export function sealBundle({ environment, commit, prompts }: Omit<Bundle, 'format' | 'digest'>): Bundle {
  const format = BUNDLE_FORMAT
  return { format, environment, commit, digest: digestOfBundle({ format, environment, commit, prompts }), prompts }
}

const digestOfBundle = (rest: Omit<Bundle, 'digest'>): string => digestOfJson(plain(rest))

/** As it is read again: what is undefined is not there. */
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value))

// C1 controls, and marks that turn text around: nothing that a terminal obeys stands in a bundle as it is.
const UNSEEN = /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The file: JSON with a line for each prompt, so that two bundles can be compared by lines. */
export function formatBundle({ prompts, ...head }: Bundle): string {
  const lines = prompts.map((prompt) => JSON.stringify(prompt).replace(UNSEEN, escapeUnit))
  return `${JSON.stringify(head).slice(0, -1)},"prompts":[${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}]}\n`
}

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Throws `invalid_prompt` for what is no bundle, or is of another format; `name` is the file's. */
export function parseBundle(bytes: Uint8Array, name: string): Bundle {
  const value = parseJsonDocument(bytes, name, 'promptctl bundle --env production -o prompts.json makes a bundle.')
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : BUNDLE_FORMAT
  if (typeof format === 'number' && format !== BUNDLE_FORMAT) throw otherFormat(name, format)
  if (!validateBundle(value)) throw notABundle(name, validateBundle.errors?.[0]?.instancePath ?? '')
  const bundle = value as Bundle
  const stray = bundle.prompts.find((prompt, index) => !isInPlace(bundle, prompt, index))
  if (stray === undefined) return bundle
  throw new PromptctlError('invalid_prompt', `${name} has ${stray.slug} out of order, or of another environment`, {
    hint: 'A bundle is made by promptctl bundle, and not changed by hand.',
  })
}

const isInPlace = ({ prompts, environment }: Bundle, { slug, environment: own }: DeliveredPrompt, index: number) =>
  own === environment && (prompts[index - 1]?.slug ?? '') < slug

const otherFormat = (name: string, format: number): PromptctlError =>
  new PromptctlError(
    'invalid_prompt',
    `${name} is a bundle of format ${format}, and this promptctl reads ${BUNDLE_FORMAT}`,
    {
      hint: 'Make it with the same version of promptctl, or bring this one up to date.',
    },
  )

const notABundle = (name: string, pointer: string): PromptctlError =>
  new PromptctlError('invalid_prompt', `${name} is no bundle: ${quoteName(pointer || '/')} is not as it should be`, {
    hint: 'promptctl bundle --env production -o prompts.json makes one.',
    details: { pointer },
  })

/** What does not fit in a bundle. */
export interface BundleProblem {
  /** Null for what is of no single prompt. */
  readonly slug: Slug | null
  readonly message: string
}

/**
 * Holds every prompt against its digests and what follows from its content, every partial against the prompt of that name in
 * the bundle itself, and the whole, where each prompt fits, against its own digest.
 */
export function checkBundle(bundle: Bundle): readonly BundleProblem[] {
  const { digest, prompts, ...head } = bundle
  const bySlug = new Map(prompts.map((prompt) => [prompt.slug, prompt]))
  const problems = prompts.flatMap((prompt) => {
    const message = checkDigests(prompt) ?? checkPartials(prompt, bySlug) ?? checkRemade(prompt)
    return message === undefined ? [] : [{ slug: prompt.slug, message }]
  })
  const message = checkKeys(head, HEAD_KEYS) ?? checkWhole(bundle)
  return problems.length > 0 || message === undefined ? problems : [{ slug: null, message }]
}

const HEAD_KEYS = ['format', 'environment', 'commit']

function checkWhole({ digest, ...rest }: Bundle): string | undefined {
  return digestOfBundle(rest) === digest ? undefined : 'what it says is not what its digest was made of'
}

function checkKeys(value: object, known: readonly string[]): string | undefined {
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  return unknown === undefined ? undefined : `the key ${quoteName(unknown)} is not one of a bundle's`
}

/** What stands beside the content follows from it. */
function checkRemade(prompt: DeliveredPrompt): string | undefined {
  const remade = remakeDelivered(prompt)
  const isSame = isEqual(plain(remade.variables), plain(prompt.variables))
  return isSame ? checkKeys(prompt, Object.keys(remade)) : 'its variables are not those of its content'
}

function checkDigests(prompt: DeliveredPrompt): string | undefined {
  if (digestOf(contentOf(prompt)) !== prompt.digest) return 'its content does not fit its digest'
  const included = new Map(Object.entries(prompt.partials).map(([slug, { digest }]) => [slug, digest]))
  const resolved = resolvedDigestOf(prompt.digest, included)
  return resolved === prompt.resolved_digest ? undefined : 'what it includes does not fit its resolved digest'
}

function checkPartials(
  { partials }: DeliveredPrompt,
  bySlug: ReadonlyMap<string, DeliveredPrompt>,
): string | undefined {
  for (const [slug, { template, declarations, digest, ...rest }] of Object.entries(partials)) {
    const unknown = checkKeys(rest, [])
    if (unknown !== undefined) return unknown
    const own = bySlug.get(slug)
    const isSame =
      own?.digest === digest && own.template === template && isEqual(own.declarations as Json, declarations as Json)
    if (!isSame) return `the partial ${quoteName(slug)} is not what the bundle has under that name`
  }
  return undefined
}

const isEqual = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b)
