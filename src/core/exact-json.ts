/** JSON that says what it means: JSON.parse rounds numbers, and of two equal keys keeps the last, without a word. */

import { tryParseJson } from './json.js'
import type { Json } from './prompt-file.js'
import type { Fault } from './yaml/fault.js'
import { duplicateKey, inexactNumber, LONE_SURROGATE, resolvePlain, SPLIT_PAIR } from './yaml/plain.js'

/** What a text says; a fault when some of it cannot be kept; neither when it is no JSON. */
export type ExactJson =
  | { readonly value: Json; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault?: Fault | undefined }

/** Reads JSON text in linear time. The fault is the first number, key or text that would not be kept as it is written. */
export function readExactJson(text: string): ExactJson {
  const value = tryParseJson(text)
  if (value === undefined) return {}
  const fault = findLoss(text)
  return fault === undefined ? { value: value as Json } : { fault }
}

const NUMBER = /-?[0-9][-+.0-9eE]*/y

/** Goes over text that is known to be JSON. */
function findLoss(text: string): Fault | undefined {
  // The keys of each object that is open; undefined for a list.
  const open: (Set<string> | undefined)[] = []
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '"') {
      const end = endOfString(text, at)
      const fault = stringFault(text.slice(at, end), at, isKey ? open.at(-1) : undefined)
      if (fault !== undefined) return fault
      at = end - 1
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      isKey = character === '{'
    } else if (character === '}' || character === ']') open.pop()
    else if (character === ',') isKey = open.at(-1) !== undefined
    else if (character === ':') isKey = false
    else if (/[-0-9]/.test(character)) {
      NUMBER.lastIndex = at
      const [number = ''] = NUMBER.exec(text) ?? []
      if (typeof resolvePlain(number) === 'object') return { offset: at, message: inexactNumber(number) }
      at += number.length - 1
    }
  }
  return undefined
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote + 1
}

function isEscaped(text: string, offset: number): boolean {
  let first = offset
  while (text[first - 1] === '\\') first--
  return (offset - first) % 2 === 1
}

function stringFault(written: string, offset: number, keys: Set<string> | undefined): Fault | undefined {
  const string = written.includes('\\') ? String(tryParseJson(written)) : written.slice(1, -1)
  if (LONE_SURROGATE.test(string)) return { offset, message: SPLIT_PAIR }
  if (keys?.has(string)) return { offset, message: duplicateKey(string) }
  keys?.add(string)
  return undefined
}
