/** Whether Langfuse's SDKs, which compile in the client, would make the same of a prompt. */

import type { PromptFile } from './prompt-file.js'
import { type JsonPath, templatesOf } from './prompt-templates.js'

/** A place that Langfuse's SDKs would compile otherwise than promptctl. */
export interface Unportable {
  readonly path: JsonPath
  /** In the text at `path`. */
  readonly offset: number
  /** Undefined for the content of a message that is a list of parts. */
  readonly tag: string | undefined
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Every content that is a list of parts: the JavaScript SDK throws for it in its version 3, and sends it unfilled in 5. Then the
 * first tag of each template that is more than `{{name}}` with a plain name. Langfuse's Python SDK knows only that, and its
 * JavaScript SDK renders what is missing as nothing (https://langfuse.com/docs/prompt-management).
 */
export function checkPortable(prompt: PromptFile): Unportable[] {
  const lists = (prompt.messages ?? []).flatMap((item, index) =>
    'content' in item && Array.isArray(item.content)
      ? [{ path: ['messages', index, 'content'], offset: 0, tag: undefined }]
      : [],
  )
  const tags = templatesOf({ file: prompt.slug, prompt }).flatMap(({ path, template: { source, tags: all } }) => {
    const tag = all.find(({ kind, inner }) => kind !== 'name' || !IDENTIFIER.test(inner))
    return tag ? [{ path, offset: tag.start, tag: source.slice(tag.start, tag.end) }] : []
  })
  return [...lists, ...tags]
}

export const isPortable = (prompt: PromptFile): boolean => checkPortable(prompt).length === 0
