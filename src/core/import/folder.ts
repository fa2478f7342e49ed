import { isPromptctlError } from '../errors.js'
import { type ImportRow, type ImportRows, type SkippedRow, sortRows } from './rows.js'
import { decodeText } from './text.js'

export interface SourceFile {
  /** Relative to the folder, with `/`. */
  readonly path: string
  /** Undefined for a symbolic link, which is not followed. */
  readonly bytes: Uint8Array | undefined
}

const TEXT_FILE = /\.(?:txt|md|markdown)$/i
const HEADING = /^#[ \t]+(.+?)[ \t]*#*[ \t]*\r?$/m
const FENCE = /^(?:```|~~~)/m

/**
 * The prompts of a folder: one a `.txt` or `.md` file, the text exactly as it is. The title is a Markdown file's first
 * `# heading`, else the file's name. Hidden files are passed over without a word; others are skipped.
 */
export function parseFolder(files: Iterable<SourceFile>): ImportRows {
  const rows: ImportRow[] = []
  const unread: SkippedRow[] = []
  for (const { path, bytes } of files) {
    if (path.split('/').some((part) => part.startsWith('.'))) continue
    const row = parseEntry(path, bytes)
    if ('reason' in row) unread.push(row)
    else rows.push(row)
  }
  const sorted = sortRows(rows)
  return { rows: sorted.rows, skipped: [...unread, ...sorted.skipped] }
}

function parseEntry(path: string, bytes: Uint8Array | undefined): ImportRow | SkippedRow {
  if (bytes === undefined) return { source: path, reason: 'it is a symbolic link' }
  return TEXT_FILE.test(path) ? parseFile(path, bytes) : { source: path, reason: 'it is not a .txt or .md file' }
}

function parseFile(path: string, bytes: Uint8Array): ImportRow | SkippedRow {
  try {
    const template = decodeText(bytes, path)
    return { title: titleOf(path, template), template, source: path }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return { source: path, reason: 'it is not UTF-8 text' }
  }
}

function titleOf(path: string, text: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(TEXT_FILE, '')
  const title = name.replace(/[-_\s]+/g, ' ').trim()
  if (/\.txt$/i.test(path)) return title
  // A heading inside a code block is a comment of some script.
  const [beforeCode = ''] = text.split(FENCE, 1)
  return HEADING.exec(beforeCode)?.[1]?.trim() || title
}
