import type { Json } from '../prompt-file.js'
import {
  formatBlock,
  formatFlow,
  formatInline,
  formatLiteral,
  formatMembers,
  isForLiteral,
  type Literal,
} from './format.js'
import type { Entry } from './nodes.js'
import { colonEnd, type Edit, entryContentEnd, lineEnd, lineStart, nextLine, type Target } from './target.js'

/** `|2- ` or `>`: what comes before the comment of a block scalar's first line. */
const HEADER = /[|>][0-9+-]*/y
const BLANK_LINES = /(?:[ \t]*\r?\n)*/y

/** Puts another value in the place of the entry's, in its style where that can hold it. Comments beside it stay. */
export function replaceValue(target: Target, entry: Entry, value: Json): Edit[] {
  const { mapping, prettiness } = target
  if (mapping.style === 'flow') return replaceInline(target, entry, formatFlow(value, prettiness))
  if (prettiness === 'pretty') {
    const literal = typeof value === 'string' ? chooseLiteral(target, entry, value) : undefined
    if (literal !== undefined) return [replaceByLiteral(target, entry, literal)]
    const lines = typeof value === 'string' ? undefined : chooseLines(target, entry, value)
    if (lines !== undefined) return [replaceByLines(target, entry, lines)]
  }
  return replaceInline(target, entry, formatInline(value, prettiness))
}

const isBlockScalar = ({ style }: Entry): boolean => style === 'literal' || style === 'folded'
const isMissing = ({ valueRange }: Entry): boolean => valueRange === undefined || valueRange.start === valueRange.end

/** Everything that follows the value on its line: nothing, or white space and a comment. */
function commentBeside({ text }: Target, entry: Entry, end: number): string {
  if (!isBlockScalar(entry)) return text.slice(end, lineEnd(text, end)).trimEnd()
  HEADER.lastIndex = entry.valueRange?.start ?? 0
  HEADER.test(text)
  return text.slice(HEADER.lastIndex, lineEnd(text, HEADER.lastIndex)).trimEnd()
}

function replaceInline(target: Target, entry: Entry, inline: string): Edit[] {
  const { text, eol } = target
  const { valueRange, keyRange, style } = entry
  if (valueRange === undefined) return [{ start: keyRange.end, end: keyRange.end, text: `: ${inline}` }]
  const colon = colonEnd(target, entry)
  if (isMissing(entry)) return [{ start: colon, end: colon, text: ` ${inline}` }]
  if (isBlockScalar(entry)) {
    const newline = text[valueRange.end - 1] === '\n' ? eol : ''
    return [{ ...valueRange, text: inline + commentBeside(target, entry, valueRange.end) + newline }]
  }
  if (style !== 'block') return [{ ...valueRange, text: inline }]
  return [
    { start: colon, end: colon, text: ` ${inline}` },
    { start: lineEnd(text, colon), end: entryContentEnd(target, entry), text: '' },
  ]
}

function chooseLiteral(target: Target, entry: Entry, value: string): Literal | undefined {
  if (entry.style === 'block' || !(isForLiteral(value) || isBlockScalar(entry))) return undefined
  // On a line of its own below the key, a literal would be read, but no longer look like one.
  if (target.text.slice(entry.keyRange.end, entry.valueRange?.start).includes('\n')) return undefined
  return formatLiteral(value, target.indent, stepOf(target, entry))
}

/** How far the lines of a block scalar are indented. */
function stepOf({ text, indent }: Target, entry: Entry): number | undefined {
  if (!isBlockScalar(entry) || entry.valueRange === undefined) return undefined
  const { start, end } = entry.valueRange
  const body = text.slice(nextLine(text, start), end)
  const explicit = /^[|>][+-]?([1-9])/.exec(text.slice(start, start + 3))?.[1]
  const step = explicit === undefined ? (/^( *)[^ \r\n]/m.exec(body)?.[1]?.length ?? 0) - indent : Number(explicit)
  return step > 0 ? step : undefined
}

function replaceByLiteral(target: Target, entry: Entry, { header, lines }: Literal): Edit {
  const { text, eol } = target
  const colon = colonEnd(target, entry)
  const { start, end } = isMissing(entry)
    ? { start: colon, end: colon }
    : (entry.valueRange ?? { start: colon, end: colon })
  const space = isMissing(entry) ? ' ' : ''
  const written = space + header + commentBeside(target, entry, end) + eol + lines.map((line) => line + eol).join('')
  const behind = isBlockScalar(entry) ? end : nextLine(text, end)
  if (!header.endsWith('+')) return { start, end: behind, text: written }
  // Blank lines behind it would become part of it.
  BLANK_LINES.lastIndex = behind
  BLANK_LINES.test(text)
  return { start, end: BLANK_LINES.lastIndex, text: written }
}

function chooseLines(target: Target, entry: Entry, value: Json): string[] | undefined {
  if (entry.style !== 'block' || entry.valueRange === undefined) return formatBlock(value, target.indent + 2)
  const first = entry.valueRange.start
  return formatMembers(value, first - lineStart(target.text, first))
}

function replaceByLines(target: Target, entry: Entry, lines: readonly string[]): Edit {
  const { text, eol } = target
  const block = lines.join(eol)
  if (entry.style === 'block' && entry.valueRange !== undefined) {
    return { start: lineStart(text, entry.valueRange.start), end: entryContentEnd(target, entry), text: block }
  }
  const start = colonEnd(target, entry)
  const end = isMissing(entry) ? start : (entry.valueRange?.end ?? start)
  const written = commentBeside(target, entry, end) + eol + block
  return { start, end: isBlockScalar(entry) ? entryContentEnd(target, entry) : lineEnd(text, end), text: written }
}
