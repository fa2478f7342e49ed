import { preparePrompt } from './compile.js'
import { isPromptctlError } from './errors.js'
import { exampleValues } from './examples.js'
import { partialsOf } from './partials.js'
import { readPrompt } from './prompt-reader.js'

/** What compiling a file by itself tells: `unclear` for one that includes others, or that does not pass. */
export type AloneResult = 'passed' | 'archived' | 'unclear'

/**
 * Compiles a file with the examples and defaults of its variables, where that needs nothing but the file. What is unclear is
 * for the caller to look at again: only there is the whole registry at hand, and the wording of errors.
 */
export function checkAlone(bytes: Uint8Array, path: string, strict: boolean): AloneResult {
  const prompt = readPrompt(bytes, path).document?.prompt
  if (prompt === undefined) return 'unclear'
  if (prompt.state === 'archived') return 'archived'
  try {
    const source = { file: path, prompt }
    if (partialsOf(source).length > 0) return 'unclear'
    const prepared = preparePrompt(source, () => undefined)
    const { values, without } = exampleValues(prepared)
    if (strict) prepared.assertDeclared()
    if (without.length === 0) prepared.compile(values, { strict })
    return 'passed'
  } catch (error) {
    if (isPromptctlError(error)) return 'unclear'
    throw error
  }
}
