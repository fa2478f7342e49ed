import type { PromptContent, PromptFile } from '../../src/core/prompt-file.js'
import type { Environment, Slug } from '../../src/core/slug.js'

/** A draft with that content, and nothing else that counts. */
export const promptOf = (content: PromptContent, slug = 'prompt-00000000'): PromptFile => ({
  id: '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88',
  slug: slug as Slug,
  title: 'A prompt',
  environment: 'development' as Environment,
  state: 'draft',
  ...content,
})
