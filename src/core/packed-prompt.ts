/** A prompt file taken apart for keeping: what is its own, and the content that other environments may have as well. */

import { CONTENT_KEYS } from './digest.js'
import { readablePartialsOf } from './partials.js'
import type { Json, PromptContent, PromptFile } from './prompt-file.js'
import { readPrompt } from './prompt-reader.js'
import type { Environment, Slug } from './slug.js'

export interface PackedPrompt {
  /** JSON of a PackedHead: what is the file's own. */
  readonly head: string
  /** JSON of what the digest covers, in the order of the file. */
  readonly content: string
  readonly digest: string
  readonly isChat: boolean
  /** The partials that it names itself. */
  readonly includes: readonly Slug[]
}

type Head = Pick<PromptFile, 'id' | 'title' | 'description' | 'tags' | 'aliases' | 'published_at' | 'published_by'>

const CONTENT: ReadonlySet<string> = new Set(CONTENT_KEYS)

/** Undefined for bytes that are no prompt. */
export function packPrompt(bytes: Uint8Array): PackedPrompt | undefined {
  const { document } = readPrompt(bytes, '')
  if (document === undefined) return undefined
  const { prompt, seal } = document
  const { id, title, description, tags, aliases, published_at, published_by } = prompt
  const content = Object.entries(prompt as unknown as Record<string, Json>).filter(([key]) => CONTENT.has(key))
  return {
    head: JSON.stringify({ id, title, description, tags, aliases, published_at, published_by }),
    content: JSON.stringify(Object.fromEntries(content)),
    digest: seal,
    isChat: prompt.messages !== undefined,
    includes: readablePartialsOf({ file: '', prompt }),
  }
}

/** The values of the file, which was published. */
export function unpackPrompt(
  head: Head,
  content: PromptContent,
  { slug, environment, digest }: { readonly slug: Slug; readonly environment: Environment; readonly digest: string },
): PromptFile {
  const { id, title, ...rest } = head
  return { id, slug, title, ...rest, environment, state: 'published', digest, ...content }
}

export type { Head as PackedHead }
