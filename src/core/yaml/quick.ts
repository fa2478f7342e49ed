import type { Json, JsonObject } from '../prompt-file.js'
import { DEFAULT_LIMITS } from './limits.js'
import type { Entry, Mapping, Style } from './nodes.js'
import { isSurelyText, resolvePlain } from './plain.js'
import type { WrittenScalar } from './scalar-offset.js'
import { type Converted, convertPlain, type Path, type Walk } from './value.js'

/*
 * Most files are written by promptctl, or look like it: block mappings and lists, values on one line, block literals.
 * Those are read here, ten times as fast as by yaml in a process that has just started. Whatever is unusual, and be it
 * only a blank too many, is left to yaml: what this reader answers is always what yaml would.
 */

// The longest text of a quarter of the tokens and keys that are refused, see syntax.ts.
const LINES_PER_TOKEN = 1 / 50
const MAX_FLOW = 20_000
const MAX_DEPTH = 16

const KEY = /([A-Za-z_][\w.-]*):(?: +|(?=\n))/y
const PLAIN = /(?:-(?=[0-9.]))?[^\s\-?:,[\]{}#&*!|>'"%@`][^\n\t]*/y
const FLOW_PLAIN = /(?:-(?=[0-9.]))?[^\s\-?:,[\]{}#&*!|>'"%@`][^\n\t,[\]{}:#]*/y
const FLOW_KEY = /([A-Za-z_][\w.-]*):(?= )/y
// A text in JSON's quotes means the same in YAML's, unless it goes over several lines.
const DOUBLE = /"(?:[^"\\\n\t]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*"/y
const SINGLE = /'(?:[^'\n\t]|'')*'/y
const LITERAL = /\|([1-9]?)([-+]?)\n/y
const LINE_REST = / *(?: #[^\n]*)?(?=\n)/y

/** What a file says, when every line of it is of a plain kind; else undefined, and yaml has to read it. */
export function readQuickly(text: string, { tokens } = DEFAULT_LIMITS): Converted | undefined {
  if (!text.endsWith('\n') || text.includes('\r')) return undefined
  const reader = new QuickReader(text, tokens * LINES_PER_TOKEN)
  const value = reader.readRoot()
  return reader.isSure ? { value, ambiguous: reader.walk.ambiguous, faults: [] } : undefined
}

/** How the scalar at `path` is written, in a file that the quick reader reads; else undefined. */
export function findQuickly(text: string, path: Path, { tokens } = DEFAULT_LIMITS): WrittenScalar | undefined {
  if (!text.endsWith('\n') || text.includes('\r')) return undefined
  const reader = new QuickReader(text, tokens * LINES_PER_TOKEN, path)
  reader.readRoot()
  return reader.isSure ? reader.found : undefined
}

/** Where the keys and values of a file's own mapping stand, when the quick reader reads it; else undefined. */
export function findEntriesQuickly(text: string, { tokens } = DEFAULT_LIMITS): Mapping | undefined {
  if (!text.endsWith('\n') || text.includes('\r')) return undefined
  const reader = new QuickReader(text, tokens * LINES_PER_TOKEN)
  reader.readRoot()
  const { isSure, entries } = reader
  return isSure ? { start: entries[0]?.keyRange.start ?? 0, style: 'block', entries } : undefined
}

class QuickReader {
  isSure = true
  /** Those of the root. */
  readonly entries: Entry[] = []
  /** The scalar that was looked for. */
  found: WrittenScalar | undefined
  readonly walk: Walk = { path: [], ambiguous: [], faults: [] }
  readonly #text: string
  readonly #maxLines: number
  readonly #textKeys = new Set<string>()
  readonly #wanted: Path | undefined
  /** The line that is read: where it starts, where reading is, and its indentation; -1 behind the last one. */
  #start = 0
  #at = 0
  #indent = -1
  #next = 0
  #lines = 0
  /** Where the last value begins, how it is written, and what is behind its text. */
  #valueStart = 0
  #style: Style = 'plain'
  #end = 0

  constructor(text: string, maxLines: number, wanted?: Path) {
    this.#text = text
    this.#maxLines = maxLines
    this.#wanted = wanted
  }

  readRoot(): JsonObject {
    this.#advance()
    if (this.#indent !== 0) return this.#giveUp({})
    const value = this.#readMap(0, 0)
    return this.#isAtEnd() ? value : this.#giveUp(value)
  }

  #isAtEnd(): boolean {
    return this.#indent === -1
  }

  /** Goes to the end, where every loop stops. */
  #giveUp<T>(value: T): T {
    this.isSure = false
    this.#next = this.#text.length
    this.#at = this.#text.length
    this.#indent = -1
    return value
  }

  /** To the next line that holds more than white space and a comment. */
  #advance(): void {
    const text = this.#text
    while (this.#next < text.length) {
      this.#start = this.#next
      this.#at = skipSpaces(text, this.#start)
      this.#next = text.indexOf('\n', this.#at) + 1
      const first = text[this.#at]
      if (first === '\n' || first === '#') continue
      this.#indent = this.#at - this.#start
      if (first === '\t' || ++this.#lines > this.#maxLines) this.#giveUp(undefined)
      return
    }
    this.#indent = -1
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at = pattern.lastIndex
    return found
  }

  #readMap(indent: number, depth: number): JsonObject {
    const object: Record<string, Json> = {}
    if (depth > MAX_DEPTH) return this.#giveUp(object)
    while (this.#indent === indent) {
      const start = this.#at
      const key = this.#match(KEY)?.[1]
      if (key === undefined || !this.#isNewKey(object, key)) return this.#giveUp(object)
      this.walk.path.push(key)
      object[key] = this.#readValue(indent, depth)
      this.walk.path.pop()
      if (depth === 0) this.#addEntry(key, start)
    }
    return this.#indent > indent ? this.#giveUp(object) : object
  }

  #addEntry(key: string, start: number): void {
    const valueRange = { start: this.#valueStart, end: this.#end }
    const keyRange = { start, end: start + key.length }
    this.entries.push({ key, keyRange, valueRange, style: this.#style, end: this.#end })
  }

  /** What stands behind a key, on its line or below it. A list may begin in the column of the key. */
  #readValue(indent: number, depth: number): Json {
    if (!this.#isLineDone()) return this.#readInline(indent, depth)
    this.#advance()
    const start = this.#at
    const value = this.#readBlock(indent, depth)
    this.#valueStart = start
    this.#style = 'block'
    return value
  }

  #readBlock(indent: number, depth: number): Json {
    const isList = this.#text.startsWith('- ', this.#at)
    if (isList && this.#indent >= indent) return this.#readList(this.#indent, depth + 1)
    return this.#indent > indent ? this.#readMap(this.#indent, depth + 1) : this.#giveUp(null)
  }

  #readList(indent: number, depth: number): Json[] {
    const list: Json[] = []
    if (depth > MAX_DEPTH) return this.#giveUp(list)
    while (this.#indent === indent && this.#text.startsWith('- ', this.#at)) {
      this.#at = skipSpaces(this.#text, this.#at + 1)
      this.walk.path.push(list.length)
      list.push(this.#readItem(indent, depth))
      this.walk.path.pop()
    }
    return this.#indent > indent ? this.#giveUp(list) : list
  }

  #readItem(indent: number, depth: number): Json {
    if (this.#isLineDone()) return this.#giveUp(null)
    KEY.lastIndex = this.#at
    if (!KEY.test(this.#text)) return this.#readInline(indent, depth)
    this.#indent = this.#at - this.#start
    return this.#readMap(this.#indent, depth + 1)
  }

  #isLineDone(): boolean {
    const next = this.#text[this.#at]
    return next === '\n' || next === '#'
  }

  #readInline(indent: number, depth: number): Json {
    const first = this.#text[this.#at]
    this.#valueStart = this.#at
    this.#style = styleOf(first)
    if (this.#style === 'literal') return this.#readLiteral(indent)
    const value = this.#style === 'plain' ? this.#readPlain() : this.#readFlow(depth + 1)
    this.#end = this.#at
    if (this.#match(LINE_REST) === null) return this.#giveUp(null)
    this.#advance()
    return value
  }

  #readPlain(): Json {
    const offset = this.#at
    const found = this.#match(PLAIN)
    if (found === null) return this.#giveUp(null)
    const comment = found[0].indexOf(' #')
    const source = (comment === -1 ? found[0] : found[0].slice(0, comment)).replace(/ +$/, '')
    if (source.includes(': ') || source.endsWith(':')) return this.#giveUp(null)
    this.#at = offset + source.length
    return this.#meaningOf(source, offset)
  }

  #meaningOf(source: string, offset: number): Json {
    this.#note(offset, offset + source.length, 'plain', source)
    const value = convertPlain(source, offset, this.walk)
    return this.walk.faults.length > 0 ? this.#giveUp(null) : value
  }

  #readFlow(depth: number): Json {
    const first = this.#text[this.#at]
    if (depth > MAX_DEPTH || this.#at - this.#start > MAX_FLOW) return this.#giveUp(null)
    if (first === '{') return this.#readFlowMap(depth)
    if (first === '[') return this.#readFlowList(depth)
    if (isQuote(first)) return this.#readQuoted() ?? this.#giveUp(null)
    const offset = this.#at
    const found = this.#match(FLOW_PLAIN)
    return found === null ? this.#giveUp(null) : this.#meaningOf(found[0].replace(/ +$/, ''), offset)
  }

  #readQuoted(): string | undefined {
    const start = this.#at
    const isSingle = this.#text[start] === "'"
    const found = this.#match(isSingle ? SINGLE : DOUBLE)?.[0]
    if (found === undefined) return undefined
    const value: string = isSingle ? found.slice(1, -1).replaceAll("''", "'") : JSON.parse(found)
    this.#note(start, this.#at, isSingle ? 'single' : 'double', value)
    return value
  }

  /** Keeps where the scalar stands that is read, when it is the one that is looked for. */
  #note(start: number, end: number, style: Style, value: string): void {
    const { path } = this.walk
    if (this.#wanted?.length !== path.length || !path.every((step, index) => step === this.#wanted?.[index])) return
    this.found = { start, end, style, value }
  }

  #readFlowMap(depth: number): JsonObject {
    const object: Record<string, Json> = {}
    if (this.#isClosed('}')) return object
    do {
      const key = this.#readFlowKey()
      if (key === undefined || !this.#isNewKey(object, key)) return this.#giveUp(object)
      this.walk.path.push(key)
      object[key] = this.#readFlow(depth + 1)
      this.walk.path.pop()
    } while (this.#isComma())
    return this.#isClosed('}', 0) ? object : this.#giveUp(object)
  }

  /** A key that is text to YAML, and not there yet. A list of a thousand items has the same few keys again and again. */
  #isNewKey(object: JsonObject, key: string): boolean {
    if (key === '__proto__' || key.length > 1000 || Object.hasOwn(object, key)) return false
    if (this.#textKeys.has(key)) return true
    if (!isSurelyText(key) && typeof resolvePlain(key) !== 'string') return false
    this.#textKeys.add(key)
    return true
  }

  #readFlowList(depth: number): Json[] {
    const list: Json[] = []
    if (this.#isClosed(']')) return list
    do {
      this.walk.path.push(list.length)
      list.push(this.#readFlow(depth + 1))
      this.walk.path.pop()
    } while (this.#isComma())
    return this.#isClosed(']', 0) ? list : this.#giveUp(list)
  }

  /** A key and its colon; behind a quoted one there need be no blank. */
  #readFlowKey(): string | undefined {
    const { found } = this
    const isQuoted = this.#text[this.#at] === '"'
    const key = isQuoted ? this.#readQuoted() : this.#match(FLOW_KEY)?.[1]
    this.found = found
    if (isQuoted && this.#text[this.#at++] !== ':') return undefined
    this.#at = skipSpaces(this.#text, this.#at)
    return key
  }

  #isComma(): boolean {
    this.#at = skipSpaces(this.#text, this.#at)
    if (this.#text[this.#at] !== ',') return false
    this.#at = skipSpaces(this.#text, this.#at + 1)
    return true
  }

  /** Goes behind the bracket, when it stands behind `before` characters and blanks. */
  #isClosed(bracket: string, before = 1): boolean {
    this.#at = skipSpaces(this.#text, this.#at + before)
    if (this.#text[this.#at] !== bracket) return false
    this.#at += 1
    return true
  }

  #readLiteral(parent: number): string | null {
    const start = this.#at
    const header = this.#match(LITERAL)
    if (header === null) return this.#giveUp(null)
    const explicit = header[1] === '' ? undefined : parent + Number(header[1])
    const lines = this.#readLiteralLines(parent, explicit)
    let last = lines.length
    while (last > 0 && lines[last - 1] === '') last -= 1
    // White space alone at the end is content or not, depending on where the text stops.
    if (last === 0 || /^ *$/.test(lines[last - 1] ?? '')) return this.#giveUp(null)
    const newlines = header[2] === '-' ? 0 : header[2] === '+' ? lines.length - last + 1 : 1
    const value = lines.slice(0, last).join('\n') + '\n'.repeat(newlines)
    this.#end = this.#contentEnd(header[2] === '+' ? lines.length : last, start)
    this.#note(start, this.#end, 'literal', value)
    this.#advance()
    return value
  }

  /** Behind so many lines of a literal that begins at `start`. */
  #contentEnd(lines: number, start: number): number {
    let at = this.#text.indexOf('\n', start) + 1
    for (let line = 0; line < lines; line += 1) at = this.#text.indexOf('\n', at) + 1
    return at
  }

  #readLiteralLines(parent: number, explicit: number | undefined): string[] {
    const text = this.#text
    const lines: string[] = []
    let indent = explicit
    let widest = 0
    let isLeading = true
    for (this.#next = this.#at; this.#next < text.length; ) {
      const start = this.#next
      const first = skipSpaces(text, start)
      const end = text.indexOf('\n', first)
      if (first !== end) {
        indent ??= Math.max(first - start, parent + 1)
        if (first - start < indent) break
        // Only an indicator in the header allows leading lines of more blanks.
        if (widest > indent) return this.#giveUp(lines)
        isLeading = false
      } else if (isLeading) widest = Math.max(widest, first - start)
      lines.push(text.slice(Math.min(end, start + (indent ?? end)), end))
      this.#next = end + 1
    }
    return lines
  }
}

function skipSpaces(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === 0x20) at += 1
  return at
}

const styleOf = (first: string | undefined): Style =>
  first === '|'
    ? 'literal'
    : first === '{' || first === '['
      ? 'flow'
      : first === '"'
        ? 'double'
        : first === "'"
          ? 'single'
          : 'plain'

const isQuote = (character: string | undefined): boolean => character === '"' || character === "'"
