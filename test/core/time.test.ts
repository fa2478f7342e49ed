import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { formatAgo, formatDate, parseTime } from '../../src/core/time.js'

// Local time on purpose: these hold in every time zone.
const NOW = new Date(2026, 2, 31, 15, 30, 20).getTime()
const local = (...fields: [number, number, number, number?, number?, number?]) => {
  const [year, month, day, hour = 0, minute = 0, second = 0] = fields
  return new Date(year, month - 1, day, hour, minute, second).getTime()
}
const HOUR = 3_600_000

describe('parseTime', () => {
  it.each([
    ['now', NOW],
    ['2026-01-31T02:00:00Z', Date.UTC(2026, 0, 31, 2)],
    ['2026-01-31t02:00:00.123z', Date.UTC(2026, 0, 31, 2)],
    ['2026-01-31T02:00:00+02:00', Date.UTC(2026, 0, 31, 0)],
    ['2026-01-31 02:00:00 -0530', Date.UTC(2026, 0, 31, 7, 30)],
    ['2026-01-31T02:00:60Z', Date.UTC(2026, 0, 31, 2, 0, 59)],
    ['2024-02-29', local(2024, 2, 29)],
    ['2026-01-31 02:00', local(2026, 1, 31, 2)],
    ['2026-01-31T02:00:05', local(2026, 1, 31, 2, 0, 5)],
    ['02:00', local(2026, 3, 31, 2)],
    ['15:30', local(2026, 3, 31, 15, 30)],
    ['15:31', local(2026, 3, 30, 15, 31)],
    ['today', local(2026, 3, 31)],
    ['today 02:00', local(2026, 3, 31, 2)],
    ['yesterday', local(2026, 3, 30)],
    ['yesterday 02:00', local(2026, 3, 30, 2)],
    ['Yesterday at 02:00:09', local(2026, 3, 30, 2, 0, 9)],
    ['2 hours ago', NOW - 2 * HOUR],
    ['1 hour ago', NOW - HOUR],
    ['90m', NOW - 1.5 * HOUR],
    ['90 min ago', NOW - 1.5 * HOUR],
    ['45s', NOW - 45_000],
    ['3d', NOW - 72 * HOUR],
    ['2 weeks', NOW - 336 * HOUR],
    ['1 month ago', local(2026, 2, 28, 15, 30, 20)],
    ['2 years ago', local(2024, 3, 31, 15, 30, 20)],
    [' 3d ', NOW - 72 * HOUR],
    ['@1700000000', 1_700_000_000_000],
  ])('%s', (text, ms) => {
    expect(parseTime(text, NOW)).toBe(ms)
  })

  it.each([
    '',
    'soon',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-01-31T24:00:00Z',
    '25:00',
    '12:60',
    '1e3',
    '3 fortnights',
    '-2h',
    'ago',
    '999999 years',
    '2026-01-31T02:00:00Z; rm',
    '@',
  ])('refuses %j', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(expect.toSatisfy((error) => isPromptctlError(error, 'usage')))
  })
})

describe('formatAgo', () => {
  it.each([
    [0, 'just now'],
    [59, 'just now'],
    [60, '1 minute ago'],
    [2 * 3600, '2 hours ago'],
    [86_400, '1 day ago'],
    [8 * 86_400, '1 week ago'],
    [65 * 86_400, '2 months ago'],
    [800 * 86_400, '2 years ago'],
    [-300, 'in 5 minutes'],
  ])('%i seconds', (seconds, text) => {
    expect(formatAgo(1_700_000_000 - seconds, 1_700_000_000_000)).toBe(text)
  })
})

describe('formatDate', () => {
  it('is local time to the minute', () => {
    expect(formatDate(NOW / 1000)).toBe('2026-03-31 15:30')
  })
})
