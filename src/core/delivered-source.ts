import { type PreparedPrompt, preparePrompt } from './compile.js'
import { contentOf, createDelivered, type DeliveredPartial, type DeliveredPrompt } from './delivered.js'
import { formatPromptPath } from './paths.js'
import type { PromptFile } from './prompt-file.js'
import type { JsonPath, PromptSource } from './prompt-templates.js'
import type { Environment, Slug } from './slug.js'
import { Lines } from './yaml/lines.js'

/**
 * The prompt of a record, ready to compile: nothing but the record is asked. Places count from 1 in the template's own
 * text, beside the path that its file has. Throws as preparePrompt does.
 */
export const prepareDelivered = (delivered: DeliveredPrompt): PreparedPrompt =>
  prepareLive(promptOf(delivered), partialsOf(delivered))

function partialsOf({ environment, partials }: DeliveredPrompt): ReadonlyMap<Slug, PromptFile> {
  const included = Object.entries(partials).map(([slug, partial]) => partialOf(slug as Slug, environment, partial))
  return new Map(included.map((partial) => [partial.slug, partial]))
}

/** A record made anew of the file's values in it, without what only history and the files of its partials know. */
export function remakeDelivered(delivered: DeliveredPrompt): DeliveredPrompt {
  const { digest, blob } = delivered
  const live = { prompt: promptOf(delivered), digest, blob, origin: undefined }
  return createDelivered(live, partialsOf(delivered), () => prepareDelivered(delivered).listVariables())
}

/** The same of a prompt and all that it includes, directly or not. */
export function prepareLive(prompt: PromptFile, partials: ReadonlyMap<Slug, PromptFile>): PreparedPrompt {
  return preparePrompt(createSource(prompt), (slug) => {
    const partial = partials.get(slug)
    return partial && createSource(partial)
  })
}

/** The values of the file that a record was made of. */
export function promptOf(delivered: DeliveredPrompt): PromptFile {
  const { id, slug, title, description, tags, aliases, environment, published_at, published_by, digest } = delivered
  return {
    id,
    slug,
    title,
    ...(description === null ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(aliases.length === 0 ? {} : { aliases }),
    environment,
    state: 'published',
    ...(published_at === null ? {} : { published_at }),
    ...(published_by === null ? {} : { published_by }),
    digest,
    ...contentOf(delivered),
  }
}

/** A partial is compiled by its template and declarations; its name is all that is known of it else. */
const partialOf = (
  slug: Slug,
  environment: Environment,
  { template, declarations, digest }: DeliveredPartial,
): PromptFile => ({
  id: '',
  slug,
  title: slug,
  environment,
  state: 'published',
  digest,
  template,
  variables: declarations,
})

const createSource = (prompt: PromptFile): PromptSource => ({
  file: formatPromptPath(prompt.environment, prompt.slug),
  prompt,
  locate: (path, offset) => new Lines(textAt(prompt, path)).positionAt(offset),
})

/** The text at a path; a place that is no text begins at line 1, column 1. */
function textAt(prompt: PromptFile, path: JsonPath): string {
  let value: unknown = prompt
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return ''
    value = (value as Record<string | number, unknown>)[key]
  }
  return typeof value === 'string' ? value : ''
}
