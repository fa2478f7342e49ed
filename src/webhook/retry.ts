/** What an answer means for the next try. */

/** A `Retry-After` is obeyed up to this long. */
export const MAX_RETRY_AFTER_MS = 60 * 60 * 1000

const RETRYABLE = new Set([408, 425, 429])

/** True for an answer after which the same delivery may succeed later. */
export const isRetryable = (status: number): boolean => RETRYABLE.has(status) || (status >= 500 && status <= 599)

/** Milliseconds from now: RFC 9110, section 10.2.3, seconds or a date. Undefined for anything else. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

/**
 * How long an earlier Retry-After still asks to wait, in milliseconds. More than any can ask for means that the clock
 * jumped: then it is over.
 */
export function remainingWait(notBefore: string | null, now: number): number {
  const left = notBefore === null ? 0 : Date.parse(notBefore) - now
  return left > 0 && left <= MAX_RETRY_AFTER_MS ? left : 0
}
