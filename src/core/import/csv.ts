/** Prompts out of a CSV file. Loads csv-parse: import this where it is used. */
import { CsvError, parse } from 'csv-parse/sync'
import { PromptctlError } from '../errors.js'
import { type ImportRows, sortRows } from './rows.js'
import { decodeText } from './text.js'

export interface CsvSource {
  readonly titleColumn: string
  readonly templateColumn: string
  /** The file's name, for messages. */
  readonly file: string
}

const LF = 0x0a
const CR = 0x0d

/** A record and the line, from 1, on which it begins. */
interface CsvRecord {
  readonly cells: readonly string[]
  readonly line: number
}

/**
 * The prompts of a CSV file (RFC 4180, UTF-8) with a header. Throws `usage` for a column that is not there, and
 * `invalid_prompt` with `details.line` for bad quoting or a row with a wrong number of columns.
 */
export function parseCsv(bytes: Uint8Array, { titleColumn, templateColumn, file }: CsvSource): ImportRows {
  const [header, ...records] = parseRecords(decodeText(bytes, file), file)
  const columns = header?.cells.map((cell) => cell.trim()) ?? []
  const title = findColumn(columns, titleColumn, file)
  const template = findColumn(columns, templateColumn, file)
  return sortRows(
    records.map(({ cells, line }) => ({
      title: cells[title] ?? '',
      template: cells[template] ?? '',
      source: `${file}:${line}`,
    })),
  )
}

function findColumn(columns: readonly string[], name: string, file: string): number {
  const index = columns.indexOf(name)
  if (index !== -1 && columns.indexOf(name, index + 1) === -1) return index
  const problem = index === -1 ? 'has no column' : 'has more than one column'
  throw new PromptctlError('usage', `${file} ${problem} ${JSON.stringify(name)}`, {
    hint:
      columns.length === 0 ? 'The file is empty.' : `Its columns: ${columns.map((c) => JSON.stringify(c)).join(', ')}.`,
    details: { file, columns },
  })
}

function parseRecords(text: string, file: string): CsvRecord[] {
  const bytes = Buffer.from(text)
  const records: CsvRecord[] = []
  let next = nextRecord(bytes, { offset: 0, line: 1 }, 0)
  try {
    parse(bytes, {
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      on_record: (cells: string[], { bytes: recordEnd }) => {
        records.push({ cells, line: next.line })
        next = nextRecord(bytes, next, recordEnd)
        return undefined
      },
    })
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const { line } = next
    throw new PromptctlError('invalid_prompt', `${file}:${line}: ${PROBLEMS.get(cause.code) ?? cause.message}`, {
      hint: 'Quote values that hold commas, quotes or newlines, and write a quote inside them twice.',
      details: { file, line },
      cause,
    })
  }
  return records
}

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'a quote in the record that begins here is never closed'],
  ['INVALID_OPENING_QUOTE', 'a quote stands in the middle of a value that is not quoted'],
  ['CSV_INVALID_CLOSING_QUOTE', 'text follows a closing quote'],
  ['CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', 'the record has more or fewer columns than the header'],
])

interface Place {
  readonly offset: number
  readonly line: number
}

/** Where the record begins that comes after one that ends at `end`. The parser's own count is wrong after a quoted CRLF. */
function nextRecord(bytes: Uint8Array, { offset, line }: Place, end: number): Place {
  for (; offset < end || bytes[offset] === LF || bytes[offset] === CR; offset++) {
    if (bytes[offset] === LF || (bytes[offset] === CR && bytes[offset + 1] !== LF)) line++
  }
  return { offset, line }
}
