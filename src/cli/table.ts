import { displayWidth, truncate } from '../core/visible.js'

/** Escape sequences of our own colours, which take no room. Anything in a value was made visible before. */
const COLOURS = /\u001b\[[0-9;]*m/g

const widthOf = (cell: string): number => displayWidth(cell.replace(COLOURS, ''))

/**
 * Rows as aligned columns, two spaces apart. When they are wider than `columns`, the widest columns are cut, cell by cell.
 * `header` is one row more.
 */
export function formatTable(rows: readonly (readonly string[])[], columns: number): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  }
  const fitted = fitWidths(widths, columns)
  return rows.map((row) => `${formatRow(row, fitted)}\n`).join('')
}

const GAP = 2
const NARROWEST = 12

function fitWidths(widths: readonly number[], columns: number): readonly number[] {
  const fitted = [...widths]
  let excess = fitted.reduce((sum, width) => sum + width + GAP, -GAP) - columns
  for (; excess > 0; excess--) {
    const widest = fitted.indexOf(Math.max(...fitted))
    const width = fitted[widest] ?? 0
    if (width <= NARROWEST) break
    fitted[widest] = width - 1
  }
  return fitted
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, index) => {
    const width = widths[index] ?? 0
    const shown = widthOf(cell) > width ? truncateColoured(cell, width) : cell
    return index === row.length - 1 ? shown : shown + ' '.repeat(Math.max(0, width - widthOf(shown)))
  })
  return cells.join(' '.repeat(GAP)).trimEnd()
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
