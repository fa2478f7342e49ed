import type { Verdict } from '../core/ledger.js'
import { isSealed, readPrompt } from '../core/prompt-reader.js'
import type { Oid, Repository } from './ports.js'

/** What the bytes of a prompt file say of themselves. Never throws: what cannot be read is not valid. */
export function verdictOf(bytes: Uint8Array): Verdict {
  const { prompt, seal } = readPrompt(bytes, '')
  if (prompt === undefined || seal === undefined || !isSealed(prompt, seal)) return { valid: false }
  const { slug, environment, state, title } = prompt
  return { valid: true, slug, environment, state, title, digest: seal }
}

/** The verdict on each blob. */
export async function readVerdicts(repository: Repository, blobs: Iterable<Oid>): Promise<ReadonlyMap<Oid, Verdict>> {
  const verdicts = new Map<Oid, Verdict>()
  for (const [blob, bytes] of await repository.readBlobs(new Set(blobs))) verdicts.set(blob, verdictOf(bytes))
  return verdicts
}
