import { createSizedMap } from '../core/bounded-map.js'

/** One JSON object a line, for programs that collect logs. Never a value, a prompt's text, a token or a query. */
export interface Log {
  /** A line about the server itself; `fields` are JSON-safe. */
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** As write, at most once a minute for the same line: for what every request would say while it lasts. */
  seldom(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): void
  /** A line that is JSON already, without its end. */
  line(json: string): void
  /** Hands over what is still held back. */
  flush(): void
}

export type LogLevel = 'info' | 'warn' | 'error'

const SELDOM_MS = 60_000
const MOST_SELDOM = 100

/** Lines are handed over together, at most this much later. */
const HELD_MS = 50
const HELD_CHARACTERS = 32_768

/** A log that hands its lines to `write`, many at a time: a system call for each would cost more than the request. */
export function createLog(write: (text: string) => void, now: () => number): Log {
  let held = ''
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const text = held
    held = ''
    if (text !== '') write(text)
  }
  const line = (json: string): void => {
    held += `${json}\n`
    if (held.length > HELD_CHARACTERS) flush()
    else timer ??= setTimeout(flush, HELD_MS)
  }
  const writeLine: Log['write'] = (level, message, fields) =>
    line(JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }))
  const told = createSizedMap<string, number>(MOST_SELDOM, () => 1)
  return {
    line,
    flush,
    write: writeLine,
    seldom: (level, message, fields) => {
      const key = JSON.stringify([level, message, fields])
      if (now() - (told.get(key) ?? Number.NEGATIVE_INFINITY) < SELDOM_MS) return
      told.set(key, now())
      writeLine(level, message, fields)
    },
  }
}
