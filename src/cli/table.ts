import type { Yielding } from '../commands/command.js'
import { displayWidth, truncate } from '../core/visible.js'

/** Escape sequences of our own colours, which take no room. Anything in a value was made visible before. */
const COLOURS = /\u001b\[[0-9;]*m/g

const widthOf = (cell: string): number => displayWidth(cell.replace(COLOURS, ''))

/**
 * Rows as aligned columns, two spaces apart. When they are wider than `columns`, those in `yields` give up room in turn, and
 * no other; without it the widest ones are cut, cell by cell. `header` is one row more.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  columns: number,
  yields?: readonly Yielding[] | undefined,
): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  }
  const fitted = yields === undefined ? fitWidths(widths, columns) : yieldWidths(widths, columns, yields)
  const kept = new Map(yields?.map(({ column, keepEnd = 0 }) => [column, keepEnd]))
  return rows.map((row) => `${formatRow(row, fitted, kept)}\n`).join('')
}

const GAP = 2
const NARROWEST = 12
/** In place of a width: the column is left out. */
const GONE = -GAP

const excessOf = (widths: readonly number[], columns: number): number =>
  widths.reduce((sum, width) => sum + width + GAP, -GAP) - columns

function fitWidths(widths: readonly number[], columns: number): readonly number[] {
  const fitted = [...widths]
  for (let excess = excessOf(fitted, columns); excess > 0; excess--) {
    const widest = fitted.indexOf(Math.max(...fitted))
    const width = fitted[widest] ?? 0
    if (width <= NARROWEST) break
    fitted[widest] = width - 1
  }
  return fitted
}

function yieldWidths(widths: readonly number[], columns: number, yields: readonly Yielding[]): readonly number[] {
  const fitted = [...widths]
  for (const { column, narrowest } of yields) {
    const [width = 0, excess] = [fitted[column], excessOf(fitted, columns)]
    if (excess <= 0) break
    if (narrowest === 0) fitted[column] = GONE
    else if (width > narrowest) fitted[column] = Math.max(narrowest, width - excess)
  }
  return fitted
}

function formatRow(row: readonly string[], widths: readonly number[], kept: ReadonlyMap<number, number>): string {
  const cells = row.flatMap((cell, index) => {
    const width = widths[index] ?? 0
    if (width === GONE) return []
    const shown = widthOf(cell) > width ? cut(cell, width, kept.get(index) ?? 0) : cell
    return [index === row.length - 1 ? shown : shown + ' '.repeat(Math.max(0, width - widthOf(shown)))]
  })
  return cells.join(' '.repeat(GAP)).trimEnd()
}

/** Cuts a cell before its last `keepEnd` characters, which stay. */
function cut(cell: string, width: number, keepEnd: number): string {
  const at = endingAt(cell, keepEnd)
  return truncateColoured(cell.slice(0, at), width - widthOf(cell.slice(at))) + cell.slice(at)
}

/** Where the last `count` characters of a cell begin; colours are none. */
function endingAt(cell: string, count: number): number {
  let at = cell.length
  for (let left = count; left > 0 && at > 0; ) {
    const colour = /\u001b\[[0-9;]*m$/.exec(cell.slice(0, at))?.[0]
    at -= colour?.length ?? 1
    if (colour === undefined) left -= 1
  }
  return at
}

/** Cuts the text of a cell; every colour stays around what it was around. */
function truncateColoured(cell: string, width: number): string {
  let left = width - 1
  return cell
    .split(/(\u001b\[[0-9;]*m)/)
    .map((piece, index) => {
      const isColour = index % 2 === 1
      if (isColour || left < 0) return isColour ? piece : ''
      const pieceWidth = displayWidth(piece)
      if (pieceWidth <= left) {
        left -= pieceWidth
        return piece
      }
      const cut = truncate(piece, left + 1)
      left = -1
      return cut
    })
    .join('')
}

/** Rows for a program: cells separated by tabs, one line a row. What the cells hold was made visible before. */
export const formatLines = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.join('\t')}\n`).join('')
