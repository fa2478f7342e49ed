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
  /** Counts each failure, and logs it once: again only with another reason, or after it had worked. */
  failed(part: Part, error: unknown): void
  worked(part: Part): void
}

export function createHealth(log: Log, { failures }: Pick<Metrics, 'failures'>): Health {
  const reasons = new Map<Part, string>()
  let draining = false
  return {
    get failing() {
      return [...reasons.keys()]
    },
    get draining() {
      return draining
    },
    drain: () => {
      draining = true
    },
    failed: (part, error) => {
      failures.inc({ part })
      const reason = reasonOf(error)
      if (reasons.get(part) === reason) return
      reasons.set(part, reason)
      log.write(isPromptctlError(error) ? 'warn' : 'error', `${part} failed`, { part, reason })
    },
    worked: (part) => {
      if (reasons.delete(part)) log.write('info', `${part} works again`, { part })
    },
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
