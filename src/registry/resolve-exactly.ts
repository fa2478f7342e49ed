import { PromptctlError } from '../core/errors.js'
import { closestNames, isUuid, parseReference } from '../core/reference.js'
import { type Environment, isSlug, quoteName, type Slug, suffixOf } from '../core/slug.js'
import { readFilePrompt } from './file-prompt.js'
import type { Registry } from './registry.js'
import { readView } from './resolve.js'

/**
 * The slug that a program means by a whole slug, a UUID, or an alias in the environment; never a prefix, because what a
 * program asks for must not change when another prompt is made. Throws `usage` and `not_found`.
 */
export async function resolveExactly(registry: Registry, text: string, environment: Environment): Promise<Slug> {
  const { name } = parseReference(text)
  if (isSlug(name)) return name
  const view = await readView(registry)
  const slugs = await view.slugs(environment)
  const candidates = isUuid(name) ? slugs.filter((slug) => suffixOf(slug) === name.slice(0, 8)) : slugs
  for (const slug of candidates) {
    const prompt = await readFilePrompt(view, environment, slug, name)
    if (prompt?.id === name || prompt?.aliases?.includes(name)) return slug
  }
  const close = closestNames(name, slugs)
  throw new PromptctlError('not_found', `There is no prompt ${quoteName(name)} in ${environment}`, {
    hint: close.length > 0 ? `Did you mean ${close.join(' or ')}?` : 'Programs use whole slugs, UUIDs or aliases.',
    details: { name, environment },
  })
}
