/** What an answer means for the next try. */

import { MAX_RETRY_AFTER_MS } from '../core/retry-after.js'

const RETRYABLE = new Set([408, 425, 429])

/** True for an answer after which the same delivery may succeed later. */
export const isRetryable = (status: number): boolean => RETRYABLE.has(status) || (status >= 500 && status <= 599)

/**
 * How long an earlier Retry-After still asks to wait, in milliseconds. More than any can ask for means that the clock
 * jumped: then it is over.
 */
export function remainingWait(notBefore: string | null, now: number): number {
  const left = notBefore === null ? 0 : Date.parse(notBefore) - now
  return left > 0 && left <= MAX_RETRY_AFTER_MS ? left : 0
}
