import { graphemes, graphemeWidth, showInLine, showInText } from './unicode-text.js'

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/
const PLAIN_TEXT = /^[\x20-\x7e\n\t]*$/

/**
 * `text` with every character made visible that a terminal would obey or hide: ESC is `␛`, U+202E is `<U+202E>`.
 * Newlines and tabs stay.
 */
export const visibleText = (text: string): string => (PLAIN_TEXT.test(text) ? text : showInText(text))

/** As `visibleText`, and newlines and tabs are shown too (`␊`, `␉`): what fits in one row of a table. */
export const visibleLine = (text: string): string => (PRINTABLE_ASCII.test(text) ? text : showInLine(text))

/** How many terminal columns one line takes: CJK and emoji two, combining marks none. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment)
  return width
}

/** `text` in at most `width` columns; what is cut ends with `…`. No character is cut in two. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width < 1) return ''
  let taken = ''
  let left = width - 1
  for (const { segment } of graphemes(text)) {
    left -= graphemeWidth(segment)
    if (left < 0) break
    taken += segment
  }
  return `${taken}…`
}

/** Lines of at most `width` columns, broken at spaces; a longer word stays whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
