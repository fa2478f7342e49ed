/** A `Retry-After` is obeyed up to this long. */
export const MAX_RETRY_AFTER_MS = 60 * 60 * 1000

/** Milliseconds from now: RFC 9110, section 10.2.3, seconds or a date. Undefined for anything else. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}
