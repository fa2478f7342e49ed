import { PromptctlError } from '../../core/errors.js'

const RAW = /^@?(\d{1,12})\s+([+-]\d{4})$/
const WITH_ZONE = /([+-]\d{2}):?(\d{2})$|(?:Z|GMT|UTC)$/

/**
 * `1700000000 +0100` out of a GIT_AUTHOR_DATE (git's own format, ISO 8601 or RFC 2822), or of the clock. Throws `usage`
 * for a text that is neither.
 */
export function formatDate(text: string | undefined, nowMs: number): string {
  if (!text) return format(nowMs, undefined)
  const [, seconds, zone] = RAW.exec(text.trim()) ?? []
  if (seconds !== undefined && zone !== undefined) return `${Number(seconds)} ${zone}`
  const ms = /^@\d+$/.test(text) ? Number(text.slice(1)) * 1000 : parseText(text.trim())
  if (Number.isNaN(ms)) throw new PromptctlError('usage', `"${text}" is not a date that git knows`)
  const [written, hours, minutes] = WITH_ZONE.exec(text.trim()) ?? []
  return format(ms, hours === undefined ? (written && '+0000') || undefined : `${hours}${minutes}`)
}

/** JavaScript takes `2024-01-02` for UTC; in git a time without a zone is local, and a day has the time of now. */
const parseText = (text: string): number =>
  Date.parse(
    text.replace(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*([+-]\d{2}):?(\d{2})?$/, '$1T$2$3:$4'),
  )

function format(ms: number, zone: string | undefined): string {
  return `${Math.floor(ms / 1000)} ${zone ?? localZone(ms)}`
}

/** The offset that this machine has at that moment: `+0530`. */
function localZone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset()
  const size = Math.abs(minutes)
  const digits = String(Math.floor(size / 60)).padStart(2, '0') + String(size % 60).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${digits}`
}
