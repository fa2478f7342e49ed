import { PromptctlError } from '../core/errors.js'
import { decodeText } from '../core/import/text.js'
import type { Context } from './command.js'

/**
 * The template in a file, or on standard input for `-`. Throws `usage` for an empty one: it is what a command that failed
 * before the pipe leaves, and not what anybody serves.
 */
export async function readTemplate(file: string, { readInput }: Pick<Context, 'readInput'>): Promise<string> {
  const name = file === '-' ? 'standard input' : file
  const template = decodeText(await readInput(file), name)
  if (template !== '') return template
  throw new PromptctlError('usage', `The template is empty: ${name} holds nothing`, {
    hint: 'Nothing was changed. Look at what should have written it.',
  })
}
