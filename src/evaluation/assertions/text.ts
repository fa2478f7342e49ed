import { isDeepStrictEqual } from 'node:util'
import { tryParseJson } from '../../core/json.js'
import type { Json } from '../../core/prompt-file.js'
import { type Expectation, type Kind, quoteText } from './assertion.js'
import { distanceWithin } from './distance.js'
import { compilePattern } from './pattern.js'

const isPlain = (value: Json | undefined): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const needsText = ({ value }: Expectation): string | undefined =>
  isPlain(value) && value !== '' ? undefined : '"value" must be text that is not empty'

/** The text as it is, or without its case. */
export const same = (text: string): string => text
export const lower = (text: string): string => text.toLowerCase()

/** Text, or deep equality of JSON where the value is a list or keys and values. */
export const equals: Kind = {
  check: ({ value }) => (value === undefined ? '"value" is missing' : undefined),
  judge: ({ output }, { value }) => ({
    holds: isPlain(value) ? String(value) === output : isDeepStrictEqual(tryParseJson(output), value),
    wanted: () => `equal ${quoteText(value)}`,
  }),
}

export const contains = (fold: (text: string) => string): Kind => ({
  check: needsText,
  judge: ({ output }, { value }) => ({
    holds: fold(output).includes(fold(String(value))),
    wanted: () => `contain ${quoteText(value)}${fold === lower ? ' in any case' : ''}`,
  }),
})

export const startsWith: Kind = {
  check: needsText,
  judge: ({ output }, { value }) => ({
    holds: output.startsWith(String(value)),
    wanted: () => `start with ${quoteText(value)}`,
  }),
}

/** A list; or text in which commas separate, and double quotes keep a comma. */
const itemsOf = (value: Json | undefined): readonly string[] =>
  typeof value === 'string' ? splitCommas(value) : Array.isArray(value) ? value.map(String) : []

function splitCommas(text: string): string[] {
  const pieces = text.match(/(?:"(?:[^"]|"")*"|[^,"]|")+/g) ?? []
  return pieces
    .map((piece) => piece.trim())
    .map((piece) => (/^".*"$/s.test(piece) ? piece.slice(1, -1).replaceAll('""', '"') : piece))
    .filter((piece) => piece !== '')
}

const needsList = ({ value }: Expectation): string | undefined =>
  (typeof value === 'string' && value !== '') || (Array.isArray(value) && value.length > 0 && value.every(isPlain))
    ? undefined
    : '"value" must be a list of texts, or text with commas'

export const containsAny = (fold: (text: string) => string): Kind => ({
  check: needsList,
  judge: ({ output }, { value }) => {
    const text = fold(output)
    return {
      holds: itemsOf(value).some((item) => text.includes(fold(item))),
      wanted: () => `contain any of ${formatItems(itemsOf(value))}`,
    }
  },
})

export const containsAll = (fold: (text: string) => string): Kind => ({
  check: needsList,
  judge: ({ output }, { value }) => {
    const text = fold(output)
    const missing = itemsOf(value).filter((item) => !text.includes(fold(item)))
    return {
      holds: missing.length === 0,
      wanted: () => `contain all of ${formatItems(itemsOf(value))}`,
      found: missing.length === 0 ? undefined : `${formatItems(missing)} is not in it`,
    }
  },
})

const formatItems = (items: readonly string[]): string => items.map((item) => quoteText(item)).join(', ')

/** By a linear engine, so that no pattern of a stranger runs for ever: what only backtracking finds is refused. */
export const regex: Kind = {
  check: ({ value }) => (typeof value === 'string' ? undefined : '"value" must be a regular expression, as text'),
  judge: ({ output }, { value }) => ({
    holds: compilePattern(String(value)).test(output),
    wanted: () => `match /${String(value)}/`,
  }),
}

const DEFAULT_EDITS = 5

/** Edit distance, at most the threshold. */
export const levenshtein: Kind = {
  check: ({ value }) => (isPlain(value) ? undefined : '"value" must be text'),
  judge: ({ output }, { value, threshold = DEFAULT_EDITS }) => {
    const distance = distanceWithin(output, String(value), threshold)
    return {
      holds: distance !== undefined,
      wanted: () => `be within ${threshold} edits of ${quoteText(value)}`,
      found: distance === undefined ? undefined : `it is ${distance} away`,
    }
  },
}
