import { isPromptctlError } from '../core/errors.js'
import type { PromptFile } from '../core/prompt-file.js'
import { readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import type { View } from './view.js'

/**
 * The prompt in a file, or undefined when there is none that can be read: for searches, where one bad file must not
 * stand in the way of the others. With `holding`, files without that text are not parsed.
 */
export async function readFilePrompt(
  view: View,
  environment: Environment,
  slug: Slug,
  holding?: string,
): Promise<PromptFile | undefined> {
  try {
    const raw = await view.read(environment, slug)
    if (raw === undefined) return undefined
    if (holding !== undefined && !Buffer.from(raw.bytes).includes(holding)) return undefined
    return readPrompt(raw.bytes, raw.path).prompt
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return undefined
    throw error
  }
}
