/** Partials: which prompts a prompt includes, directly or not. */

import { isPromptctlError, PromptctlError } from './errors.js'
import type { TagPlace } from './program.js'
import { type PromptSource, placeOf, templatesOf } from './prompt-templates.js'
import type { Slug } from './slug.js'

export type FindPartial = (slug: Slug) => PromptSource | undefined

/** How deep partials may include one another. */
const DEEPEST_PARTIAL = 32

/**
 * Everything that `source` includes, by slug, in order of first inclusion. Throws `missing_partial` and `partial_cycle` (with
 * the chain), each at the tag, and `invalid_prompt` for a partial that is a chat prompt or nests deeper than 32.
 */
export function resolvePartials(source: PromptSource, findPartial: FindPartial): Map<Slug, PromptSource> {
  const found = new Map<Slug, PromptSource>()
  const heights = new Map<Slug, number>()

  /** How many levels of partials are below `from`. */
  const visit = (from: PromptSource, chain: readonly Slug[]): number => {
    let height = 0
    for (const { slug, place } of partialTags(from)) {
      if (chain.includes(slug)) throw partialCycle([...chain.slice(chain.indexOf(slug)), slug], place())
      if (chain.length > DEEPEST_PARTIAL) throw tooDeep(slug, place())
      if (!heights.has(slug)) {
        const partial = openPartial(slug, findPartial, place)
        found.set(slug, partial)
        heights.set(slug, visit(partial, [...chain, slug]))
      }
      height = Math.max(height, 1 + (heights.get(slug) ?? 0))
      // One that is known from a shorter way may be deeper on this one.
      if (height > DEEPEST_PARTIAL) throw tooDeep(slug, place())
    }
    return height
  }

  visit(source, [source.prompt.slug])
  return found
}

interface PartialTag {
  readonly slug: Slug
  readonly place: () => TagPlace
}

/** The partial tags of one prompt, in order. A slug may come more than once. */
function partialTags(source: PromptSource): readonly PartialTag[] {
  return templatesOf(source).flatMap(({ path, template }) =>
    template.tags
      .filter((tag) => tag.kind === '>')
      .map((tag) => ({ slug: tag.inner as Slug, place: () => placeOf(source, path, tag.start) })),
  )
}

/** The slugs of the partials that a prompt itself names, each once, in order of first use. */
export const partialsOf = (source: PromptSource): readonly Slug[] => [
  ...new Set(partialTags(source).map(({ slug }) => slug)),
]

/** The first tag of `source` that leads to `file`, over however many partials; undefined when none does. */
export function findInclusion(source: PromptSource, findPartial: FindPartial, file: string): TagPlace | undefined {
  const seen = new Set<Slug>()
  const leads = (slug: Slug): boolean => {
    if (seen.has(slug)) return false
    seen.add(slug)
    const partial = findPartial(slug)
    return partial !== undefined && (partial.file === file || readableTags(partial).some((tag) => leads(tag.slug)))
  }
  return readableTags(source)
    .find(({ slug }) => leads(slug))
    ?.place()
}

/** None of a template that cannot be parsed: what it includes nobody knows. */
function readableTags(source: PromptSource): readonly PartialTag[] {
  try {
    return partialTags(source)
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return []
    throw error
  }
}

/** As `partialsOf`; none of a template that cannot be parsed. */
export const readablePartialsOf = (source: PromptSource): readonly Slug[] => [
  ...new Set(readableTags(source).map(({ slug }) => slug)),
]

function openPartial(slug: Slug, findPartial: FindPartial, place: () => TagPlace): PromptSource {
  const partial = findPartial(slug)
  if (!partial) {
    const message = `there is no prompt ${slug} here to include as a partial`
    throw new PromptctlError('missing_partial', message, { details: { partial: slug, ...place() } })
  }
  if (partial.prompt.template !== undefined) return partial
  const message = `${slug} is a chat prompt, and only a text prompt can be a partial`
  throw new PromptctlError('invalid_prompt', message, { details: { partial: slug, ...place() } })
}

function partialCycle(chain: readonly Slug[], place: TagPlace): PromptctlError {
  const message = `partials include one another in a circle: ${chain.join(' -> ')}`
  return new PromptctlError('partial_cycle', message, { details: { chain, ...place } })
}

const tooDeep = (slug: Slug, place: TagPlace) =>
  new PromptctlError('invalid_prompt', `the partial ${slug} nests deeper than ${DEEPEST_PARTIAL}`, {
    details: { partial: slug, ...place },
  })
