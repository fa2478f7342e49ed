/** Other tools' placeholders to Mustache. Loads the transliteration tables: import this where it is used. */
import { isPromptctlError, PromptctlError } from '../errors.js'
import type { VariableSchema } from '../prompt-file.js'
import { asciiWords } from '../slug-title.js'
import { parseTemplate } from '../template.js'
import { formatTemplate, type Piece } from './literal.js'
import { findPlaceholders, type Placeholder } from './scan.js'

/** How a source writes its placeholders; Mustache where this is not said. */
export type PlaceholderStyle = '${}'

export interface ConvertedText {
  readonly template: string
  readonly variables: Readonly<Record<string, VariableSchema>>
  readonly warnings: readonly string[]
}

/** The value of `--placeholder`; throws `usage`. */
export function parsePlaceholderStyle(text: string): PlaceholderStyle {
  if (text === '${}') return text
  throw new PromptctlError('usage', `${quote(text)} is not a style of placeholders`, {
    hint: `Write --placeholder '\${}' for \${name} and \${name:default}, or leave it out for {{name}}.`,
  })
}

/**
 * A source's text as a template. With no style it is taken as Mustache as it is, its variables for the caller to find
 * as `new` does; what is no valid Mustache is kept as plain text, with a warning.
 */
export function convertText(text: string, style: PlaceholderStyle | undefined): ConvertedText {
  if (style !== undefined) return convertPlaceholders(text)
  try {
    parseTemplate(text)
    return { template: text, variables: {}, warnings: [] }
  } catch (error) {
    if (!isPromptctlError(error, 'invalid_prompt')) throw error
    return { template: escapeText(text), variables: {}, warnings: [`kept as plain text: ${error.message}`] }
  }
}

/** The template that compiles to exactly `text`, whatever braces are in it. */
export const escapeText = (text: string): string => formatTemplate([{ text }])

/**
 * Turns `${name}` and `${name:default}` into `{{snake_case}}` and declared variables; all other text, braces and all,
 * compiles to itself. A variable's first default is its default. Placeholders that are written alike but for case,
 * spacing and hyphens are one variable. What only resembles a placeholder stays text, and is named in a warning.
 */
export function convertPlaceholders(text: string): ConvertedText {
  const { placeholders, unlike } = findPlaceholders(text)
  const names = nameVariables(placeholders)
  const variables = new Map<string, VariableSchema>()
  const warnings = new Set(unlike.map((found) => `${quote(found)} is not a plain placeholder and stays text`))
  const pieces: Piece[] = []
  let seen = 0
  for (const placeholder of placeholders) {
    const name = names.get(spelling(placeholder.name)) ?? ''
    const { start, end } = placeholder
    pieces.push({ text: text.slice(seen, start) }, { name })
    seen = end
    const warning = declareVariable(variables, name, placeholder)
    if (warning !== undefined) warnings.add(warning)
  }
  pieces.push({ text: text.slice(seen) })
  const template = formatTemplate(pieces.filter((piece) => !('text' in piece) || piece.text !== ''))
  return { template, variables: Object.fromEntries(variables), warnings: [...warnings] }
}

/** Adds the variable, or its default; says so when the default is not the one that it has. */
function declareVariable(
  variables: Map<string, VariableSchema>,
  name: string,
  { default: value }: Placeholder,
): string | undefined {
  const known = variables.get(name)
  if (known?.default === undefined) variables.set(name, value === undefined ? {} : { default: value })
  else if (value !== undefined && value !== known.default) {
    return `${name} has more than one default: ${quote(String(known.default))} is used, ${quote(value)} is not`
  }
  return undefined
}

/** What stays the same between `Target Audience`, `targetAudience` and `target-audience`. */
const spelling = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '')

/** One name a spelling; a second spelling that gives the same letters (`C 仲`, `C 中`) gets a number. */
function nameVariables(placeholders: readonly Placeholder[]): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const { name } of placeholders) {
    const key = spelling(name)
    if (names.has(key)) continue
    const base = snakeName(name)
    let free = base
    for (let number = 2; taken.has(free); number++) free = `${base}_${number}`
    names.set(key, free)
    taken.add(free)
  }
  return names
}

/** `target_audience` of `Target Audience` or `targetAudience`, `app_url` of `appURL`, `var_2nd` of `2nd`. */
export function snakeName(name: string): string {
  const apart = name.replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
  const snake = asciiWords(apart).join('_')
  return /^[a-z]/.test(snake) ? snake : ['var', snake].filter(Boolean).join('_')
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
