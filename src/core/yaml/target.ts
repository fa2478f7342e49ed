import type { Prettiness } from './format.js'
import type { Entry, Mapping } from './nodes.js'

/** Replaces what stands from `start` to `end`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** One mapping of a text, and how its new text is written. */
export interface Target {
  readonly text: string
  /** How the text ends its lines. */
  readonly eol: string
  readonly mapping: Mapping
  /** The column of its keys, from 0. */
  readonly indent: number
  /** The order in which keys are written. */
  readonly order: readonly string[]
  readonly prettiness: Prettiness
}

// lastIndexOf takes an offset before the start for the start.
export const lineStart = (text: string, offset: number): number =>
  offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1

/** Behind the last character of the line, its newline (`\n`, `\r\n`) left out. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset)
  const end = newline < 0 ? text.length : newline
  return end > offset && text[end - 1] === '\r' ? end - 1 : end
}

/** The start of the next line, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset)
  return newline < 0 ? text.length : newline + 1
}

/** Behind the newline of the entry's last line. */
export const entryEnd = ({ text }: Target, { end }: Entry): number =>
  text[end - 1] === '\n' ? end : nextLine(text, end)

/** As `entryEnd`, without the newline. */
export function entryContentEnd(target: Target, entry: Entry): number {
  const end = entryEnd(target, entry)
  if (target.text[end - 1] !== '\n') return end
  return target.text[end - 2] === '\r' ? end - 2 : end - 1
}

/** Behind the colon of an entry that has one. */
export const colonEnd = ({ text }: Target, { keyRange }: Entry): number => text.indexOf(':', keyRange.end) + 1
