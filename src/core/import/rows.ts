/** A prompt as a source holds it. */
export interface ImportRow {
  /** Trimmed, on one line. */
  readonly title: string
  /** The exact text. */
  readonly template: string
  /** Where it stands: `prompts.csv:12` (the line on which the record begins), or a file's path. */
  readonly source: string
}

/** A prompt that is not brought in, and why. */
export interface SkippedRow {
  readonly source: string
  readonly reason: string
}

export interface ImportRows {
  readonly rows: readonly ImportRow[]
  readonly skipped: readonly SkippedRow[]
}

/** Sets aside rows without a title or a text, and rows that repeat an earlier one. Two texts may share a title. */
export function sortRows(all: readonly ImportRow[]): ImportRows {
  const seen = new Map<string, string>()
  const rows: ImportRow[] = []
  const skipped: SkippedRow[] = []
  for (const row of all) {
    const { template, source } = row
    const title = row.title.replace(/\s*[\r\n\t]\s*/g, ' ').trim()
    const key = JSON.stringify([title, template])
    const first = seen.get(key)
    if (title === '') skipped.push({ source, reason: 'it has no title' })
    else if (template.trim() === '') skipped.push({ source, reason: 'it has no text' })
    else if (first !== undefined) skipped.push({ source, reason: `it repeats ${first}` })
    else rows.push({ title, template, source })
    if (first === undefined) seen.set(key, source)
  }
  return { rows, skipped }
}
