import { PromptctlError } from '../../core/errors.js'

/** Cells of the table that are filled in at most: some tenths of a second. */
const MOST_CELLS = 50_000_000

/**
 * The Levenshtein distance of two texts in UTF-16 code units, or undefined when it is more than `most`. Only the diagonal
 * band that can hold a distance of `most` is filled in (Ukkonen 1985). Throws `output_limit` for what would take too long.
 */
export function distanceWithin(a: string, b: string, most: number): number | undefined {
  const limit = Math.min(Math.floor(most), Math.max(a.length, b.length))
  if (Math.abs(a.length - b.length) > limit) return undefined
  const width = Math.min(2 * limit + 1, b.length + 1)
  if ((a.length + 1) * width > MOST_CELLS) {
    throw new PromptctlError('output_limit', `texts of ${a.length} and ${b.length} characters are too long to compare`)
  }
  const distance = fillBand(a, b, limit)
  return distance <= limit ? distance : undefined
}

function fillBand(a: string, b: string, limit: number): number {
  const beyond = limit + 1
  let last = Uint32Array.from({ length: b.length + 1 }, (_, column) => Math.min(column, beyond))
  let next = new Uint32Array(b.length + 1)
  for (let row = 1; row <= a.length; row++) {
    const from = Math.max(1, row - limit)
    const to = Math.min(b.length, row + limit)
    next[from - 1] = from === 1 ? Math.min(row, beyond) : beyond
    for (let column = from; column <= to; column++) {
      const swap = (last[column - 1] ?? beyond) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const above = column - row < limit ? (last[column] ?? beyond) + 1 : beyond
      next[column] = Math.min(swap, above, (next[column - 1] ?? beyond) + 1)
    }
    ;[last, next] = [next, last]
  }
  return last[b.length] ?? beyond
}
