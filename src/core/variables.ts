/** The variables of a prompt: what it declares, and what it uses. */

import type { PromptContent, PromptFile, VariableSchema } from './prompt-file.js'
import type { PromptSource } from './prompt-templates.js'
import type { Slug } from './slug.js'
import { collectUses, type Use } from './uses.js'

/** One variable of a prompt, with the keywords that are declared for it. */
export interface Variable extends Omit<VariableSchema, 'required'> {
  readonly name: string
  /** It has no default: compiling without a value is an error. */
  readonly required: boolean
  readonly used: boolean
  readonly declared: boolean
  /** A list of messages, put in whole. */
  readonly kind?: 'placeholder'
  /** The partial that uses it, when the prompt itself does not. */
  readonly from?: Slug
  /** Its parts that are used, after a dot or inside a section: `['title', 'author.name']`. */
  readonly fields?: readonly string[]
}

/**
 * Every variable that a prompt and its partials use, in order of first use with the placeholders after, then those declared
 * and not used. `partials` holds all that are included, directly or not; one that is not in it is left out.
 */
export function variablesOf(prompt: PromptFile, partials: ReadonlyMap<Slug, PromptFile>): Variable[] {
  const sources = new Map<string, PromptSource>()
  for (const [slug, partial] of partials) sources.set(slug, { file: slug, prompt: partial })
  const declared = mergeDeclarations(prompt, partials.values())
  const uses = collectUses({ file: prompt.slug, prompt }, { declared, partial: (slug) => sources.get(slug) })
  return listVariables(prompt, declared, uses)
}

/** Declarations by name: the prompt's own, and a partial's where the prompt has none. */
export function mergeDeclarations(prompt: PromptFile, partials: Iterable<PromptFile>): Map<string, VariableSchema> {
  const declared = new Map(Object.entries(prompt.variables ?? {}))
  for (const partial of partials) {
    for (const [name, schema] of Object.entries(partial.variables ?? {})) {
      if (!declared.has(name)) declared.set(name, schema)
    }
  }
  return declared
}

/** The variables of a prompt whose uses are known. */
export function listVariables(
  prompt: PromptFile,
  declared: ReadonlyMap<string, VariableSchema>,
  uses: ReadonlyMap<string, Use>,
): Variable[] {
  const placeholders = placeholdersOf(prompt)
  const names = new Set([...uses.keys(), ...placeholders, ...Object.keys(prompt.variables ?? {})])
  return [...names].map((name) => {
    const use = uses.get(name)
    const isPlaceholder = placeholders.includes(name)
    const { required: _, ...schema } = declared.get(name) ?? {}
    return {
      name,
      required: !Object.hasOwn(schema, 'default'),
      used: use !== undefined || isPlaceholder,
      declared: declared.has(name) || isPlaceholder,
      ...(isPlaceholder && { kind: 'placeholder' as const }),
      ...(use?.partial !== undefined && !use.inPrompt && !isPlaceholder && { from: use.partial as Slug }),
      ...schema,
      ...(use && use.fields.size > 0 && { fields: fieldNames(use) }),
    }
  })
}

/** The names of a chat prompt's placeholders, each once. */
export const placeholdersOf = ({ messages = [] }: PromptContent): readonly string[] => [
  ...new Set(messages.flatMap(({ placeholder }) => (typeof placeholder === 'string' ? [placeholder] : []))),
]

const fieldNames = ({ fields }: Use): string[] =>
  [...fields].flatMap(([name, use]) =>
    use.fields.size === 0 ? [name] : fieldNames(use).map((field) => `${name}.${field}`),
  )

/**
 * The declarations that fit how a template uses its names, for a prompt that is new. A section is a list when all names in
 * it are used only there, else true or false. Partials and placeholders bring their own. Throws `invalid_prompt`.
 */
export function inferVariables(content: Pick<PromptContent, 'template' | 'messages'>): Record<string, VariableSchema> {
  const uses = collectUses({ file: 'the template', prompt: content }, { declared: new Map(), partial: () => undefined })
  for (const name of placeholdersOf(content)) uses.delete(name)
  return inferAll(uses)
}

const inferAll = (uses: ReadonlyMap<string, Use>): Record<string, VariableSchema> =>
  Object.fromEntries([...uses].map(([name, use]) => [name, inferSchema(use)]))

function inferSchema(use: Use): VariableSchema {
  const isSection = use.sectioned || use.inverted
  // Inserted as text in one place and something else in another: no one type fits.
  if (use.inserted) return {}
  if (use.dotted) {
    const mayBeFalse = use.inverted || (use.sectioned && !use.scoped)
    return { type: isSection && mayBeFalse ? ['object', 'boolean'] : 'object', properties: inferAll(use.fields) }
  }
  if (!use.sectioned) return use.inverted ? { type: ['boolean', 'array'] } : {}
  if (use.itemInserted && use.transparent) return { type: 'array', items: { type: ['string', 'number', 'boolean'] } }
  if (use.itemInserted) return { type: 'array' }
  return use.scoped
    ? { type: 'array', items: { type: 'object', properties: inferAll(use.fields) } }
    : { type: 'boolean' }
}
