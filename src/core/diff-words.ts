import { diffArrays } from 'diff'

/** A piece of a line. `changed`: it is not on the other side. */
export interface Segment {
  readonly text: string
  readonly changed: boolean
}

interface MarkedLines {
  /** The segments of each line; a segment's text holds the newline. */
  readonly before: readonly (readonly Segment[])[]
  readonly after: readonly (readonly Segment[])[]
}

/** Word edits above which two texts count as unlike. */
const MAX_EDITS = 800
/** The share of their letters that two texts must have in common for single words to be marked. */
const LIKENESS = 0.3

// Words; one character at a time where a script has no spaces; newlines; other white space; anything else.
const TOKEN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}_]+?(?=[^\p{L}\p{N}\p{M}_]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|$)|\r?\n|[^\S\r\n]+|./gsu
const WORD = /[\p{L}\p{N}]/u

/**
 * Marks the words that differ between lines that were replaced by others; words may have moved to another line.
 * Undefined when one side is empty or they have too little in common for marks to help.
 */
export function markWords(before: string, after: string): MarkedLines | undefined {
  if (before === '' || after === '') return undefined
  const changes = diffArrays(tokens(before), tokens(after), { maxEditLength: MAX_EDITS })
  if (changes === undefined) return undefined
  let common = 0
  const old: Segment[] = []
  const now: Segment[] = []
  for (const [index, { value, added, removed }] of changes.entries()) {
    const text = value.join('')
    const isWord = WORD.test(text)
    if (!added && !removed && isWord) common += text.length
    // A space or comma alone between two changes is part of the change.
    const isGap = !isWord && !text.includes('\n') && index > 0 && index < changes.length - 1
    const changed = added || removed || isGap
    if (!added) old.push({ text, changed })
    if (!removed) now.push({ text, changed })
  }
  if (common < LIKENESS * Math.max(before.length, after.length)) return undefined
  return { before: splitSegments(old), after: splitSegments(now) }
}

const tokens = (text: string): string[] => text.match(TOKEN) ?? []

/** Cuts segments after each newline, and joins neighbours of a line that are marked alike. */
function splitSegments(segments: readonly Segment[]): Segment[][] {
  const lines: Segment[][] = []
  let line: Segment[] = []
  for (const { text, changed } of segments) {
    for (const piece of text.match(/[^\n]*\n|[^\n]+/g) ?? []) {
      const last = line.at(-1)
      if (last?.changed === changed) line[line.length - 1] = { text: last.text + piece, changed }
      else line.push({ text: piece, changed })
      if (!piece.endsWith('\n')) continue
      lines.push(line)
      line = []
    }
  }
  return line.length > 0 ? [...lines, line] : lines
}
