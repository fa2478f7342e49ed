import { isPromptctlError } from '../core/errors.js'
import type { PromptFile } from '../core/prompt-file.js'
import { readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import type { RawPrompt, View } from './view.js'

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
  const raw = await readOrNothing(view, environment, slug)
  if (raw === undefined) return undefined
  if (holding !== undefined && !Buffer.from(raw.bytes).includes(holding)) return undefined
  return readPrompt(raw.bytes, raw.path).document?.prompt
}

/** The bytes of a file, or undefined when there is none, or a symbolic link in its place: for searches, as above. */
export async function readOrNothing(view: View, environment: Environment, slug: Slug): Promise<RawPrompt | undefined> {
  try {
    return await view.read(environment, slug)
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return undefined
    throw error
  }
}
