import { PromptctlError } from './errors.js'

/** `{title in kebab case}-{first 8 hex digits of the id}`: a prompt's name, which never changes. */
export type Slug = string & { readonly __brand: 'Slug' }

/** The name of an environment: `[a-z][a-z0-9-]*`. */
export type Environment = string & { readonly __brand: 'Environment' }

/** How long a slug's title part may be, in characters. */
export const TITLE_PART_LENGTH = 60

/** The hyphen and the 8 hex digits after the title part. */
const SUFFIX_LENGTH = 9
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{8}$/
const ENVIRONMENT = /^[a-z][a-z0-9-]*$/

/** True for text that has a slug's form; whether such a prompt exists is another question. */
export const isSlug = (text: string): text is Slug =>
  text.length <= TITLE_PART_LENGTH + SUFFIX_LENGTH && SLUG.test(text)

/** True for text that may name an environment. */
export const isEnvironment = (text: string): text is Environment => ENVIRONMENT.test(text)

/** The checked slug; throws `usage`. */
export function parseSlug(text: string): Slug {
  if (isSlug(text)) return text
  throw new PromptctlError('usage', `${quoteName(text)} is not a slug`, {
    hint: 'A slug is lower-case words and 8 hex digits, such as refund-email-3f8a2b1c.',
  })
}

/** The checked name of an environment; throws `usage`. */
export function parseEnvironment(text: string): Environment {
  if (isEnvironment(text)) return text
  throw new PromptctlError('usage', `${quoteName(text)} is not the name of an environment`, {
    hint: 'Such a name has lower-case letters, digits and hyphens, and begins with a letter.',
  })
}

/** `refund-email` of `refund-email-3f8a2b1c`. */
export const titlePartOf = (slug: Slug): string => slug.slice(0, -SUFFIX_LENGTH)

/** `3f8a2b1c` of `refund-email-3f8a2b1c`: the first 8 hex digits of the id. */
export const suffixOf = (slug: Slug): string => slug.slice(1 - SUFFIX_LENGTH)

/** A stranger's name as it may stand in a message: quoted, control characters escaped, at most some 60 characters. */
export const quoteName = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
