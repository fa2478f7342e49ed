import { isPromptctlError } from '../core/errors.js'
import type { PromptDocument } from '../core/prompt-reader.js'
import { type Variable, variablesOf } from '../core/variables.js'
import { type PartialReader, prepare } from './prepare.js'

/**
 * The variables of a prompt and of all that it includes. Where a partial is missing or a template is wrong, those of the
 * prompt alone: looking at a broken prompt must be possible.
 */
export async function readVariables(document: PromptDocument, partials: PartialReader): Promise<readonly Variable[]> {
  try {
    return (await prepare(document, partials)).variables
  } catch (error) {
    if (isPromptctlError(error, 'missing_partial') || isPromptctlError(error, 'partial_cycle')) {
      return variablesOf(document.prompt, new Map())
    }
    if (isPromptctlError(error, 'invalid_prompt')) return []
    throw error
  }
}
