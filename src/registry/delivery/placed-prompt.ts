import type { PreparedPrompt } from '../../core/compile.js'
import type { DeliveredPrompt } from '../../core/delivered.js'
import { formatPromptPath } from '../../core/paths.js'
import { parsePrompt } from '../../core/prompt-reader.js'
import type { Oid } from '../ports.js'
import { livePartials, prepare } from '../prepare.js'
import type { Registry } from '../registry.js'

/**
 * The same prompt from the file itself, so that errors name places of that file: what is served knows its templates alone.
 * Partials are those that were live at `commit`.
 */
export async function readPlacedPrompt(
  registry: Registry,
  { slug, environment, blob }: DeliveredPrompt,
  commit: Oid,
): Promise<PreparedPrompt> {
  const { repository } = await registry.git()
  const bytes = (await repository.readBlobs([blob])).get(blob) ?? new Uint8Array()
  const document = parsePrompt(bytes, formatPromptPath(environment, slug))
  return prepare(document, livePartials(registry, commit, environment))
}
