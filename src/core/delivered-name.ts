import { PromptctlError } from './errors.js'
import { parseReference } from './reference.js'
import { quoteName } from './slug.js'

/** A name as delivery takes it: a whole slug, a UUID or an alias, and no version. Throws `usage`. */
export function parseDeliveredName(text: string): string {
  const { name, at } = parseReference(text)
  if (at === undefined) return name
  throw new PromptctlError('usage', `${quoteName(text)} names a version, and delivery serves what is live`, {
    hint: `Write ${name} alone.`,
  })
}

/** `not_found`, for a name that nothing is live under. */
export const notLive = (name: string, environment: string): PromptctlError =>
  new PromptctlError('not_found', `No prompt ${quoteName(name)} is live in ${environment}`, {
    hint: 'Programs use whole slugs, UUIDs or aliases.',
    details: { name, environment },
  })
