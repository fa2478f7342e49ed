import { isTreeMode, parseEntry, type TreeEntry } from './tree.js'

/** What one tree has and the other has not, or has otherwise: at least one of the two is there. */
export type Pair = readonly [TreeEntry | undefined, TreeEntry | undefined]

/**
 * The entries in which two tree objects differ, in git's order. Runs of equal bytes are passed over without a look at what
 * they say: in a history two neighbours mostly differ in one entry of hundreds. A file that became a folder gives two
 * pairs, as the one sorts where the other does not.
 */
export function* differingEntries(old: Buffer, now: Buffer): Generator<Pair> {
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const equal = equalEntries(old, i, now, j)
    i += equal
    j += equal
    const left = i < old.length ? parseEntry(old, i) : undefined
    const right = j < now.length ? parseEntry(now, j) : undefined
    if (left === undefined && right === undefined) return
    const order = left === undefined ? 1 : right === undefined ? -1 : compare(sortKey(left.entry), sortKey(right.entry))
    if (left !== undefined && order <= 0) i = left.end
    if (right !== undefined && order >= 0) j = right.end
    yield [order <= 0 ? left?.entry : undefined, order >= 0 ? right?.entry : undefined]
  }
}

/** How many bytes of whole entries are the same from `i` and `j` on. */
function equalEntries(old: Buffer, i: number, now: Buffer, j: number): number {
  const length = equalBytes(old, i, now, j)
  let whole = 0
  while (whole < length) {
    const end = old.indexOf(0, i + whole) + 21 - i
    if (end > length || end <= whole) return whole
    whole = end
  }
  return whole
}

/** How many bytes are the same, found by halves: comparing a long range costs little more than a short one. */
function equalBytes(old: Buffer, i: number, now: Buffer, j: number): number {
  const most = Math.min(old.length - i, now.length - j)
  let [low, high] = [0, most]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (old.compare(now, j + low, j + middle, i + low, i + middle) === 0) low = middle
    else high = middle - 1
  }
  return low
}

const sortKey = ({ name, mode }: TreeEntry): string => (isTreeMode(mode) ? `${name}/` : name)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
