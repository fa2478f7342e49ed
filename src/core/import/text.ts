import { PromptctlError } from '../errors.js'

/** The text of a file in UTF-8, without a byte order mark; throws `invalid_prompt` when it is not UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new PromptctlError('invalid_prompt', `${file} is not UTF-8 text`, {
      hint: 'Save it as UTF-8 and import it again.',
      details: { file },
      cause,
    })
  }
}
