import type { Style } from '../commands/command.js'
import { formatLines, formatTable } from './table.js'

export interface Surface {
  readonly isTerminal: boolean
  readonly columns: number
  readonly now: number
  readonly colour: boolean
}

const plain = (text: string): string => text

/** Colour only on a terminal, and as NO_COLOR and FORCE_COLOR say. The painter is loaded only when it paints. */
export async function createStyle({ isTerminal, columns, now, colour }: Surface): Promise<Style> {
  const chalk = colour ? new (await import('chalk')).Chalk({ level: 1 }) : undefined
  return {
    isTerminal,
    columns,
    now,
    bold: chalk?.bold ?? plain,
    dim: chalk?.dim ?? plain,
    red: chalk?.red ?? plain,
    green: chalk?.green ?? plain,
    yellow: chalk?.yellow ?? plain,
    blue: chalk?.blue ?? plain,
    magenta: chalk?.magenta ?? plain,
    cyan: chalk?.cyan ?? plain,
    marked: chalk?.inverse ?? plain,
    table: (header, rows, yields) =>
      isTerminal
        ? formatTable([...headerRows(header.map((cell) => chalk?.dim(cell) ?? cell)), ...rows], columns, yields)
        : formatLines(rows),
  }
}

const headerRows = (header: readonly string[]): readonly (readonly string[])[] => (header.length === 0 ? [] : [header])

/** NO_COLOR (any text) wins, then FORCE_COLOR (anything but 0 and false), then whether it is a terminal that can. */
export function hasColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const force = env['FORCE_COLOR']
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}
