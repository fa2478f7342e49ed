import { parseTokens, type Token } from '../core/tokens.js'
import type { Health } from './health.js'
import { sleep } from './watch.js'

/** How often the file is read again: a token that was taken away is refused that much later. */
const READ_AGAIN_MS = 1_000

export interface OpenedTokens {
  /** Another list whenever the file changed. */
  readonly current: readonly Token[]
  /** Resolves when nobody looks at the file any more. */
  readonly closed: Promise<void>
}

/**
 * Reads the file of tokens now, which throws `not_found` and `invalid_config`, and again until the signal: what then cannot be
 * read leaves the old ones in force.
 */
export async function openTokens(
  read: () => Promise<{ readonly text: string; readonly file: string }>,
  health: Health,
  signal: AbortSignal,
): Promise<OpenedTokens> {
  let { text, file } = await read()
  let current = parseTokens(text, file)
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(READ_AGAIN_MS, signal)
      try {
        const again = await read()
        if (again.text !== text) {
          current = parseTokens(again.text, again.file)
          ;({ text, file } = again)
        }
        health.worked('tokens')
      } catch (error) {
        health.failed('tokens', error)
      }
    }
  }
  const closed = follow()
  return {
    get current() {
      return current
    },
    closed,
  }
}
