/** Whether Langfuse's SDKs, which compile in the client, would make the same of a prompt. */

import type { PromptFile } from './prompt-file.js'
import { type JsonPath, templatesOf } from './prompt-templates.js'

/** A tag that Langfuse's SDKs would render otherwise than promptctl. */
export interface UnportableTag {
  readonly path: JsonPath
  /** In the text at `path`. */
  readonly offset: number
  readonly tag: string
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * The first tag of each template that is more than `{{name}}` with a plain name. Langfuse's Python SDK knows only that, and
 * its JavaScript SDK renders what is missing as nothing (https://langfuse.com/docs/prompt-management).
 */
export function checkPortable(prompt: PromptFile): UnportableTag[] {
  return templatesOf({ file: prompt.slug, prompt }).flatMap(({ path, template: { source, tags } }) => {
    const tag = tags.find(({ kind, inner }) => kind !== 'name' || !IDENTIFIER.test(inner))
    return tag ? [{ path, offset: tag.start, tag: source.slice(tag.start, tag.end) }] : []
  })
}

export const isPortable = (prompt: PromptFile): boolean => checkPortable(prompt).length === 0
