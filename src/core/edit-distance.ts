interface Search {
  readonly limit: number
  /** What a word may be compared as; the nearest counts. */
  readonly spellings: (word: string) => readonly string[]
}

/**
 * The words within a third of `wanted`'s length in edits (at least 2), or that begin with it or contain it whole;
 * nearest first, then in code unit order.
 */
export function closestWords(wanted: string, words: Iterable<string>, { limit, spellings }: Search): readonly string[] {
  const most = Math.max(2, Math.floor(wanted.length / 3))
  const found: { word: string; distance: number }[] = []
  for (const word of new Set(words)) {
    let distance = most + 1
    for (const spelling of spellings(word)) {
      const contained = wanted.length >= 3 && spelling.includes(wanted)
      distance = Math.min(distance, contained ? most : distance, editDistance(wanted, spelling, distance - 1))
    }
    if (distance <= most) found.push({ word, distance })
  }
  found.sort((a, b) => a.distance - b.distance || (a.word < b.word ? -1 : 1))
  return found.slice(0, limit).map(({ word }) => word)
}

/**
 * How many letters must be inserted, deleted, replaced or swapped with their neighbour (optimal string alignment);
 * `most` + 1 when it is more than `most`.
 */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const next = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(at(last, column) + 1, at(next, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, at(before, column - 2) + 1)
      next.push(cost)
    }
    if (Math.min(...next) > most) return most + 1
    before = last
    last = next
  }
  return Math.min(at(last, b.length), most + 1)
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY
