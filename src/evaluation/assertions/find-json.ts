import { PromptctlError } from '../../core/errors.js'
import { tryParseJson } from '../../core/json.js'
import type { Json } from '../../core/prompt-file.js'

/** Deeper JSON than this is not looked for. */
const MAX_DEPTH = 128
/** Characters that are looked at, again and again, in text that begins like JSON and is none. */
const MOST_STEPS = 10_000_000

/** Each object and list of JSON that stands in a text, from left to right; not what is inside of another one. */
export function* findJson(text: string): Generator<Json> {
  const scan = new Scan(text)
  const start = /[[{]/g
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    const end = scan.endOfValue(found.index, 0)
    const value = end === undefined ? undefined : tryParseJson(text.slice(found.index, end))
    if (end === undefined || value === undefined) continue
    yield value as Json
    start.lastIndex = end
  }
}

const SPACE = /[ \t\n\r]*/y
const SCALAR = /(?:-?\d[\d.eE+-]*|true|false|null)/y

/** Finds where JSON ends, and gives up at the first character that cannot be in it. */
class Scan {
  readonly #text: string
  #steps = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The offset after the value at `at`; undefined when there is none. */
  endOfValue(at: number, depth: number): number | undefined {
    const opening = this.#text[at]
    if (opening === '"') return this.#endOfString(at)
    if (opening === '{' || opening === '[') return depth > MAX_DEPTH ? undefined : this.#endOfList(at, depth, opening)
    const end = this.#skip(SCALAR, at)
    return end === at ? undefined : end
  }

  #endOfList(start: number, depth: number, opening: '{' | '['): number | undefined {
    const closing = opening === '{' ? '}' : ']'
    let at = this.#skip(SPACE, start + 1)
    if (this.#text[at] === closing) return at + 1
    for (;;) {
      const end = opening === '{' ? this.#endOfMember(at, depth) : this.endOfValue(at, depth + 1)
      if (end === undefined) return undefined
      at = this.#skip(SPACE, end)
      if (this.#text[at] === closing) return at + 1
      if (this.#text[at] !== ',') return undefined
      at = this.#skip(SPACE, at + 1)
    }
  }

  #endOfMember(at: number, depth: number): number | undefined {
    const key = this.#text[at] === '"' ? this.#endOfString(at) : undefined
    if (key === undefined) return undefined
    const colon = this.#skip(SPACE, key)
    return this.#text[colon] === ':' ? this.endOfValue(this.#skip(SPACE, colon + 1), depth + 1) : undefined
  }

  #endOfString(start: number): number | undefined {
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === '\\') at++
      else if (character === '"') return this.#count(at + 1, start)
    }
    this.#count(this.#text.length, start)
    return undefined
  }

  #skip(pattern: RegExp, at: number): number {
    pattern.lastIndex = at
    pattern.test(this.#text)
    return this.#count(Math.max(at, pattern.lastIndex), at)
  }

  #count(end: number, start: number): number {
    this.#steps += end - start + 1
    if (this.#steps > MOST_STEPS)
      throw new PromptctlError('output_limit', 'the answer is too tangled to find JSON in it')
    return end
  }
}
