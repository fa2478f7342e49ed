import type { Json } from '../prompt-file.js'
import type { Path, YamlSource } from '../yaml-source.js'
import { insertEntries, removeEntry } from './edit-entries.js'
import { replaceValue } from './edit-value.js'
import type { Prettiness } from './format.js'
import { type Edit, lineStart, type Target } from './target.js'

/** Values to set by key; undefined takes the key out. */
export type Changes = Readonly<Record<string, Json | undefined>>

export interface EditOptions {
  /** The order in which keys are written. */
  readonly order: readonly string[]
  readonly prettiness: Prettiness
}

/** The edits that make the changes in the mapping at `path`, and touch no other byte. An empty file has an empty one. */
export function planEdits(source: YamlSource, path: Path, changes: Changes, options: EditOptions): Edit[] {
  const target = createTarget(source, path, options)
  const inserted: [string, Json][] = []
  const edits: Edit[] = []
  for (const [key, value] of sortByOrder(changes, options.order)) {
    const entry = target.mapping.entries.find((candidate) => candidate.key === key)
    if (entry !== undefined)
      edits.push(...(value === undefined ? [removeEntry(target, entry)] : replaceValue(target, entry, value)))
    else if (value !== undefined) inserted.push([key, value])
  }
  return [...edits, ...insertEntries(target, inserted)]
}

function createTarget(source: YamlSource, path: Path, options: EditOptions): Target {
  const { text } = source
  const newline = text.indexOf('\n')
  const mapping = source.mappingAt(path) ?? {
    start: text.length,
    style: 'block' as const,
    entries: [],
  }
  const first = mapping.entries[0]?.keyRange.start ?? 0
  return {
    ...options,
    text,
    mapping,
    eol: text[newline - 1] === '\r' ? '\r\n' : '\n',
    indent: first - lineStart(text, first),
  }
}

function sortByOrder(changes: Changes, order: readonly string[]): [string, Json | undefined][] {
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length)
  return Object.entries(changes).sort(([a], [b]) => rank(a) - rank(b))
}

/** The text with edits made, of which no two overlap. Those at one place stay in order, before what is replaced there. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let edited = ''
  let from = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    edited += text.slice(from, edit.start) + edit.text
    from = edit.end
  }
  return edited + text.slice(from)
}
