/** The templates of a prompt file: its text, or every string in its messages' contents. */

import { isPromptctlError, PromptctlError } from './errors.js'
import type { TagPlace } from './program.js'
import type { Position, PromptContent, PromptFile } from './prompt-file.js'
import { parseTemplate, type Template } from './template.js'

/** Names a value in a prompt file: `['messages', 2, 'content', 0, 'text']`. */
export type JsonPath = readonly (string | number)[]

/**
 * Maps a place in a prompt's values to the file: `offset` counts UTF-16 code units in the text at `path`, after YAML's
 * escapes and indentation are undone. For a path whose value is no text, `offset` is 0 and the answer is where it starts.
 */
export type Locate = (path: JsonPath, offset: number) => Position

/** A prompt file, for messages. Without `locate`, every place is line 1, column 1. */
export interface SourceFile {
  readonly file: string
  readonly locate?: Locate | undefined
}

/** A prompt and where it came from. */
export interface PromptSource extends SourceFile {
  readonly prompt: PromptFile
}

/** The same for what is not a whole prompt yet. */
export interface ContentSource extends SourceFile {
  readonly prompt: Content
}

export interface PromptTemplate {
  readonly path: JsonPath
  readonly template: Template
}

type Content = Pick<PromptContent, 'template' | 'messages'>

const parsed = new WeakMap<Content, readonly PromptTemplate[]>()

/**
 * The templates of a prompt, in the order of the file; parsed once for each prompt object. Throws `invalid_prompt` with
 * `details: {file, line, column, path, offset}`.
 */
export function templatesOf(source: ContentSource): readonly PromptTemplate[] {
  const known = parsed.get(source.prompt)
  if (known) return known
  const templates = textsOf(source.prompt).map(({ path, text }) => ({ path, template: parseAt(source, path, text) }))
  parsed.set(source.prompt, templates)
  return templates
}

function parseAt(source: SourceFile, path: JsonPath, text: string): Template {
  try {
    return parseTemplate(text)
  } catch (error) {
    const offset = isPromptctlError(error) ? error.details?.offset : undefined
    if (!isPromptctlError(error) || typeof offset !== 'number') throw error
    const { code, message, hint, cause } = error
    throw new PromptctlError(code, message, {
      hint,
      cause,
      details: { ...placeOf(source, path, offset), path, offset },
    })
  }
}

/** Where `offset` in the text at `path` is. */
export const placeOf = ({ file, locate }: SourceFile, path: JsonPath, offset = 0): TagPlace => {
  const { line, column } = locate?.(path, offset) ?? { line: 1, column: 1 }
  return { file, line, column }
}

interface TextAt {
  readonly path: JsonPath
  readonly text: string
}

function textsOf({ template, messages = [] }: Content): readonly TextAt[] {
  if (template !== undefined) return [{ path: ['template'], text: template }]
  return messages.flatMap((item, index) =>
    typeof item.placeholder === 'string'
      ? []
      : stringsIn((item as { content: unknown }).content, ['messages', index, 'content']),
  )
}

function stringsIn(value: unknown, path: JsonPath): readonly TextAt[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (Array.isArray(value)) return value.flatMap((item, index) => stringsIn(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => stringsIn(item, [...path, key]))
}
