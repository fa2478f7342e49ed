import { isPromptctlError } from '../core/errors.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'

/** What goes on beside answering, and may fail without ending it. */
export const PARTS = ['load', 'fetch', 'outbox', 'tokens'] as const
export type Part = (typeof PARTS)[number]

/** How the server is. */
export interface Health {
  /** The parts that fail now. */
  readonly failing: readonly Part[]
  /** True while the server is shutting down. */
  readonly draining: boolean
  drain(): void
  /** Counts each failure, and logs it once: again only when it is another one, or after it had worked. */
  failed(part: Part, error: unknown): void
  worked(part: Part): void
}

export function createHealth(log: Log, { failures }: Pick<Metrics, 'failures'>): Health {
  const known = new Map<Part, string>()
  let draining = false
  return {
    get failing() {
      return [...known.keys()]
    },
    get draining() {
      return draining
    },
    drain: () => {
      draining = true
    },
    failed: (part, error) => {
      failures.inc({ part })
      const failure = identify(error)
      if (known.get(part) === failure) return
      known.set(part, failure)
      log.write(isPromptctlError(error) ? 'warn' : 'error', `${part} failed`, { part, reason: reasonOf(error) })
    },
    worked: (part) => {
      if (known.delete(part)) log.write('info', `${part} works again`, { part })
    },
  }
}

/** The code and the place, and the sentence where there is no place: one that has a place may hold an age. */
function identify(error: unknown): string {
  if (!isPromptctlError(error)) return reasonOf(error)
  const place = error.details?.['path'] ?? error.message
  return `${error.code} ${String(place)}`
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
