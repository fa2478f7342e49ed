import type { Range, Style } from './nodes.js'

/** A scalar as it is written, and what it says. */
export interface WrittenScalar extends Range {
  readonly style: Style
  readonly value: string
}

/**
 * The offset in the file of the character at `offset` of a scalar's value. Exact in block literals and wherever the
 * value is written as it is; else the same occurrence of the same text (`{{`) is taken, else the scalar's start.
 */
export function offsetInScalar(text: string, scalar: WrittenScalar, offset: number): number {
  if (scalar.style === 'literal') return offsetInLiteral(text, scalar, offset)
  const { start, end, style, value } = scalar
  const first = firstOf(text, scalar)
  if (style !== 'folded' && text.startsWith(value, first)) return first + offset
  const same = sameOccurrence(text.slice(first, end), value, offset)
  return same === undefined ? start : first + same
}

/** Behind the quote, or the header of a folded scalar with its comment. */
function firstOf(text: string, { start, style }: WrittenScalar): number {
  if (style === 'folded') return text.indexOf('\n', start) + 1
  return style === 'single' || style === 'double' ? start + 1 : start
}

/** Line by line: what a line of the file has more than the line of the value is its indentation. */
function offsetInLiteral(text: string, { start, end, value }: WrittenScalar, offset: number): number {
  let line = text.indexOf('\n', start) + 1
  let from = 0
  for (let newline = value.indexOf('\n'); newline >= 0 && newline < offset; newline = value.indexOf('\n', from)) {
    from = newline + 1
    line = text.indexOf('\n', line) + 1
    if (line === 0 || line >= end) return end
  }
  const written = lineAt(text, line)
  return line + Math.max(0, written.length - lineAt(value, from).length) + (offset - from)
}

function lineAt(text: string, start: number): string {
  const newline = text.indexOf('\n', start)
  const line = text.slice(start, newline < 0 ? undefined : newline)
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function sameOccurrence(written: string, value: string, offset: number): number | undefined {
  const wanted = value.startsWith('{{', offset) ? '{{' : value.charAt(offset)
  if (wanted === '') return undefined
  const inValue = occurrences(value, wanted)
  const inText = occurrences(written, wanted)
  return inValue.length === inText.length ? inText[inValue.indexOf(offset)] : undefined
}

function occurrences(text: string, wanted: string): readonly number[] {
  const found: number[] = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at)
  return found
}
