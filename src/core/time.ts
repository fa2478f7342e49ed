import { PromptctlError } from './errors.js'
import { quoteName } from './slug.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Milliseconds of a unit, by its first letters; months and years follow the calendar. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
  ['d', DAY],
  ['w', 7 * DAY],
])
const MONTHS: ReadonlyMap<string, number> = new Map([
  ['month', 1],
  ['year', 12],
])

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?: ?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d))?)?$/i
const CLOCK = /^(?:(today|yesterday)(?:[ ,]+(?:at )?)?)?(?:(\d{1,2}):(\d\d)(?::(\d\d))?)?$/
const SPAN = /^(\d{1,6}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|months?|years?)(?: ago)?$/
const EPOCH = /^@(\d{1,11})$/

/**
 * The moment that a user means, in milliseconds since the epoch: RFC 3339, a date (its first moment), `02:00` (the last
 * one that was), `yesterday 02:00`, `2 hours ago`, `3d`, `90m`, `@<seconds>` or `now`. Without an offset it is local
 * time. Throws `usage`.
 */
export function parseTime(text: string, nowMs: number): number {
  const trimmed = text.trim()
  const words = trimmed.toLowerCase()
  const ms =
    words === 'now'
      ? nowMs
      : (parseDate(trimmed) ?? parseClock(words, nowMs) ?? parseSpan(words, nowMs) ?? epoch(words))
  if (ms !== undefined) return ms
  throw new PromptctlError('usage', `${quoteName(text)} is not a time`, {
    hint: 'Write 2026-01-31T02:00:00Z, 2026-01-31, 02:00, "yesterday 02:00", "2 hours ago", 3d or 90m.',
  })
}

function parseDate(text: string): number | undefined {
  const match = DATE.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  // 2026-02-30 would roll over into March; a leap second counts as the one before it.
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > days || hour > 23 || minute > 59 || second > 60) return undefined
  const fields = [year, month - 1, day, hour, minute, Math.min(second, 59)] as const
  const zone = match[7]
  return zone === undefined ? new Date(...fields).getTime() : Date.UTC(...fields) - offsetMs(zone)
}

function offsetMs(zone: string): number {
  const digits = zone.replace(/\D/g, '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE
}

function parseClock(words: string, nowMs: number): number | undefined {
  const match = CLOCK.exec(words)
  if (match === null || words === '') return undefined
  const [hour = 0, minute = 0, second = 0] = match.slice(2, 5).map((part) => Number(part ?? 0))
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const now = new Date(nowMs)
  const moment = (daysAgo: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo, hour, minute, second).getTime()
  if (match[1] === 'yesterday') return moment(1)
  return match[1] === undefined && moment(0) > nowMs ? moment(1) : moment(0)
}

function parseSpan(words: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = SPAN.exec(words) ?? []
  if (count === undefined) return undefined
  const months = MONTHS.get(unit.replace(/s$/, ''))
  if (months === undefined) return nowMs - Number(count) * (UNITS.get(unit.charAt(0)) ?? 0)
  return monthsBefore(nowMs, Number(count) * months)
}

/** The same day and time that many months ago, or the last day of a month that is shorter. */
function monthsBefore(nowMs: number, months: number): number | undefined {
  const date = new Date(nowMs)
  const day = date.getDate()
  date.setMonth(date.getMonth() - months)
  if (date.getDate() !== day) date.setDate(0)
  return Number.isNaN(date.getTime()) ? undefined : date.getTime()
}

function epoch(words: string): number | undefined {
  const seconds = EPOCH.exec(words)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * SECOND
}

const AGO: readonly (readonly [unit: string, ms: number])[] = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
]

/** `3 hours ago`, `just now`, or `in 5 minutes` for a clock that is ahead. `seconds` are since the epoch. */
export function formatAgo(seconds: number, nowMs: number): string {
  const passed = nowMs - seconds * SECOND
  for (const [unit, ms] of AGO) {
    const count = Math.floor(Math.abs(passed) / ms)
    if (count === 0) continue
    const span = `${count} ${unit}${count === 1 ? '' : 's'}`
    return passed < 0 ? `in ${span}` : `${span} ago`
  }
  return 'just now'
}

/** `2026-01-31 02:00`, local time, for a screen. `seconds` are since the epoch. */
export function formatDate(seconds: number): string {
  const date = new Date(seconds * SECOND)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Seconds since the epoch as RFC 3339 in UTC, without fractions. */
export const formatSeconds = (seconds: number): string => new Date(seconds * SECOND).toISOString().replace('.000Z', 'Z')
