import type { Json } from '../prompt-file.js'
import { formatEntry, formatFlow } from './format.js'
import type { Entry } from './nodes.js'
import { type Edit, entryEnd, lineStart, nextLine, type Target } from './target.js'

/** Puts each new key behind the nearest one that comes before it in the order, else in front of all. */
export function insertEntries(target: Target, inserted: readonly (readonly [string, Json])[]): Edit[] {
  const insert = target.mapping.style === 'flow' ? insertIntoFlow : insertLines
  return inserted.map(([key, value]) => insert(target, findAnchor(target, key), key, value))
}

function findAnchor({ mapping: { entries }, order }: Target, key: string): Entry | undefined {
  if (!order.includes(key)) return entries.at(-1)
  for (let at = order.indexOf(key) - 1; at >= 0; at--) {
    const anchor = entries.find((entry) => entry.key === order[at])
    if (anchor !== undefined) return anchor
  }
  return undefined
}

function insertLines(target: Target, anchor: Entry | undefined, key: string, value: Json): Edit {
  const { text, eol, indent, mapping, prettiness } = target
  const lines = formatEntry(key, value, indent, prettiness).join(eol)
  const [first] = mapping.entries
  const start =
    anchor !== undefined
      ? behind(target, anchor)
      : first !== undefined
        ? lineStart(text, first.keyRange.start)
        : text.length
  const isNewLine = start === 0 || text[start - 1] === '\n'
  return { start, end: start, text: isNewLine ? lines + eol : eol + lines }
}

/** Behind the entry and the comments that are indented like its value. */
function behind(target: Target, anchor: Entry): number {
  const { text, indent } = target
  let at = entryEnd(target, anchor)
  if (anchor.style !== 'block') return at
  const comment = /([ ]+)#/y
  for (;;) {
    comment.lastIndex = at
    const spaces = comment.exec(text)?.[1]?.length ?? 0
    if (spaces <= indent) return at
    at = nextLine(text, at)
  }
}

function insertIntoFlow({ mapping, prettiness }: Target, anchor: Entry | undefined, key: string, value: Json): Edit {
  const member = formatFlow({ [key]: value }, prettiness).slice(1, -1)
  const [first] = mapping.entries
  if (anchor !== undefined) return { start: anchor.end, end: anchor.end, text: `, ${member}` }
  const start = first?.keyRange.start ?? mapping.start + 1
  return { start, end: start, text: first === undefined ? member : `${member}, ` }
}

/** Takes out the entry's lines; in `{a: 1, b: 2}` also the comma behind it, or before the last one. */
export function removeEntry(target: Target, entry: Entry): Edit {
  const { text, mapping } = target
  if (mapping.style === 'block')
    return { start: lineStart(text, entry.keyRange.start), end: entryEnd(target, entry), text: '' }
  const at = mapping.entries.indexOf(entry)
  const next = mapping.entries[at + 1]
  if (next !== undefined) return { start: entry.keyRange.start, end: next.keyRange.start, text: '' }
  return { start: mapping.entries[at - 1]?.end ?? entry.keyRange.start, end: entry.end, text: '' }
}
