/** Line diff with the changed words marked, as data. Loads the `diff` package: import this where it is used. */
import { type ArrayChange, diffArrays } from 'diff'
import { markWords, type Segment } from './diff-words.js'

export type { Segment } from './diff-words.js'

export interface DiffLine {
  readonly kind: 'context' | 'removed' | 'added'
  /** The line in pieces, without its newline (a carriage return is kept); none for an empty line. */
  readonly segments: readonly Segment[]
  /** True for a last line that has no newline at its end. */
  readonly noNewline: boolean
}

/** A run of changes with three lines around it. Lines count from 1; a start is 0 where that side has no line, as in git. */
export interface Hunk {
  readonly oldStart: number
  readonly oldLines: number
  readonly newStart: number
  readonly newLines: number
  readonly lines: readonly DiffLine[]
}

/** Line edits above which the search for a shortest diff is given up: what lies between is then replaced as a whole. */
const MAX_EDITS = 1000
const CONTEXT = 3

/** Lines of one side that stand where `added` lines of the other side stand. */
interface Block {
  readonly same: readonly string[]
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** Every line of both texts in order: what is the same once, what was removed before what was added. */
export function diffText(before: string, after: string): DiffLine[] {
  let budget = WORD_BUDGET
  return diffLines(splitLines(before), splitLines(after)).flatMap(({ same, removed, added }) => {
    const old = removed.join('')
    const now = added.join('')
    budget -= old.length + now.length
    const marked = budget >= 0 ? markWords(old, now) : undefined
    return [
      ...same.map((line) => toLine('context', line, [{ text: line, changed: false }])),
      ...removed.map((line, index) =>
        toLine('removed', line, marked?.before[index] ?? [{ text: line, changed: true }]),
      ),
      ...added.map((line, index) => toLine('added', line, marked?.after[index] ?? [{ text: line, changed: true }])),
    ]
  })
}

/** Characters of changed lines whose words are compared; lines after these are marked as a whole. */
const WORD_BUDGET = 200_000

/** The hunks of a unified diff, with three lines of context; none when the texts are equal. */
export function diffHunks(before: string, after: string): Hunk[] {
  const lines = diffText(before, after)
  const hunks: Hunk[] = []
  let [oldNumber, newNumber, seen] = [0, 0, 0]
  for (const [start, end] of hunkRanges(lines)) {
    for (; seen < start; seen++) [oldNumber, newNumber] = step(lines[seen], oldNumber, newNumber)
    const [oldBefore, newBefore] = [oldNumber, newNumber]
    for (; seen < end; seen++) [oldNumber, newNumber] = step(lines[seen], oldNumber, newNumber)
    const [oldLines, newLines] = [oldNumber - oldBefore, newNumber - newBefore]
    hunks.push({
      oldStart: oldLines === 0 ? oldBefore : oldBefore + 1,
      oldLines,
      newStart: newLines === 0 ? newBefore : newBefore + 1,
      newLines,
      lines: lines.slice(start, end),
    })
  }
  return hunks
}

/** `@@ -1,3 +1,4 @@` */
export const formatHunkHeader = ({ oldStart, oldLines, newStart, newLines }: Hunk): string =>
  `@@ -${formatRange(oldStart, oldLines)} +${formatRange(newStart, newLines)} @@`

const formatRange = (start: number, lines: number): string => (lines === 1 ? `${start}` : `${start},${lines}`)

const step = (line: DiffLine | undefined, oldNumber: number, newNumber: number): [number, number] => [
  oldNumber + (line?.kind === 'added' ? 0 : 1),
  newNumber + (line?.kind === 'removed' ? 0 : 1),
]

/** Where hunks begin and end (not included) in `lines`; changes with at most six lines between them share one. */
function hunkRanges(lines: readonly DiffLine[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const [index, { kind }] of lines.entries()) {
    if (kind === 'context') continue
    const start = Math.max(0, index - CONTEXT)
    const end = Math.min(lines.length, index + CONTEXT + 1)
    const last = ranges.at(-1)
    if (last !== undefined && start <= last[1]) last[1] = end
    else ranges.push([start, end])
  }
  return ranges
}

function toLine(kind: DiffLine['kind'], line: string, segments: readonly Segment[]): DiffLine {
  const noNewline = !line.endsWith('\n')
  if (noNewline) return { kind, segments, noNewline }
  const last = segments.at(-1)
  const cut = last === undefined ? [] : [{ text: last.text.slice(0, -1), changed: last.changed }]
  return { kind, segments: [...segments.slice(0, -1), ...cut].filter(({ text }) => text !== ''), noNewline }
}

/** Lines with their newline. */
const splitLines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? []

function diffLines(before: readonly string[], after: readonly string[]): Block[] {
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  let tail = 0
  const most = Math.min(before.length, after.length) - start
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const removed = before.slice(start, before.length - tail)
  const added = after.slice(start, after.length - tail)
  return [
    { same: before.slice(0, start), removed: [], added: [] },
    ...(removed.length > 0 && added.length > 0 ? diffMiddle(removed, added) : [{ same: [], removed, added }]),
    { same: before.slice(before.length - tail), removed: [], added: [] },
  ]
}

function diffMiddle(before: readonly string[], after: readonly string[]): Block[] {
  // Numbers compare faster than lines do.
  const numbers = new Map<string, number>()
  const toNumber = (line: string) => {
    const known = numbers.get(line)
    if (known === undefined) numbers.set(line, numbers.size)
    return known ?? numbers.size - 1
  }
  const changes = diffArrays(before.map(toNumber), after.map(toNumber), { maxEditLength: MAX_EDITS })
  if (changes === undefined) return [{ same: [], removed: before, added: after }]
  return toBlocks(changes, before, after)
}

/** Joins what was removed with what was added in its place. */
function toBlocks(
  changes: readonly ArrayChange<number>[],
  before: readonly string[],
  after: readonly string[],
): Block[] {
  const blocks: Block[] = []
  let [oldIndex, newIndex] = [0, 0]
  let removed: readonly string[] = []
  for (const [index, change] of changes.entries()) {
    const old = before.slice(oldIndex, oldIndex + (change.added ? 0 : change.count))
    const now = after.slice(newIndex, newIndex + (change.removed ? 0 : change.count))
    oldIndex += old.length
    newIndex += now.length
    if (change.removed && changes[index + 1]?.added) {
      removed = old
      continue
    }
    if (change.removed) blocks.push({ same: [], removed: old, added: [] })
    else if (change.added) blocks.push({ same: [], removed, added: now })
    else blocks.push({ same: old, removed: [], added: [] })
    removed = []
  }
  return blocks
}
