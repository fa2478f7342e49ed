import type { Json } from '../../core/prompt-file.js'
import type { Kind } from './assertion.js'
import { containsJson, isJson } from './json.js'
import { cost, latency, wordCount } from './numbers.js'
import { contains, containsAll, containsAny, equals, levenshtein, lower, regex, same, startsWith } from './text.js'

const ALL: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['equals', equals],
  ['contains', contains(same)],
  ['icontains', contains(lower)],
  ['contains-any', containsAny(same)],
  ['contains-all', containsAll(same)],
  ['icontains-any', containsAny(lower)],
  ['icontains-all', containsAll(lower)],
  ['starts-with', startsWith],
  ['regex', regex],
  ['is-json', isJson],
  ['contains-json', containsJson],
  ['word-count', wordCount],
  ['levenshtein', levenshtein],
  ['latency', latency],
  ['cost', cost],
])

/** The types of assertions that look at an answer, without `not-`. */
export const KINDS: readonly string[] = [...ALL.keys()]

/** The kind that a type means, and whether it is turned round. */
export function kindOf(type: string): { readonly kind: Kind; readonly isNot: boolean } {
  const isNot = type.startsWith('not-')
  const kind = ALL.get(isNot ? type.slice('not-'.length) : type)
  if (kind === undefined) throw new TypeError(`the schema lets no ${type} through`)
  return { kind, isNot }
}

/** What is wrong with an assertion before anything is run; undefined when nothing is. */
export function checkAssertion({
  type,
  value,
  threshold,
}: {
  readonly type: string
  readonly value?: Json
  readonly threshold?: number
}): string | undefined {
  return type === 'assert-set' ? undefined : kindOf(type).kind.check?.({ value, threshold })
}
