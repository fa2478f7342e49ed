import type { Verdict } from './ledger.js'
import { isSealed, readPrompt } from './prompt-reader.js'

/** What the bytes of a prompt file say of themselves. Never throws: what cannot be read is not valid. */
export function verdictOf(bytes: Uint8Array): Verdict {
  const { document } = readPrompt(bytes, '')
  if (document === undefined || !isSealed(document.prompt, document.seal)) return { valid: false }
  const { prompt, seal } = document
  const { slug, environment, state, title, tags = [] } = prompt
  return { valid: true, slug, environment, state, title, tags, digest: seal }
}
