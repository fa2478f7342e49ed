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

interface TypeMeaning {
  readonly kind: Kind
  /** Turned round. */
  readonly isNot: boolean
}

const MEANINGS: ReadonlyMap<string, TypeMeaning> = new Map<string, TypeMeaning>(
  [...ALL].flatMap(([type, kind]) => [
    [type, { kind, isNot: false }] as const,
    [`not-${type}`, { kind, isNot: true }] as const,
  ]),
)

/** What a type of assertion means; not of `assert-set`. */
export function kindOf(type: string): TypeMeaning {
  const meaning = MEANINGS.get(type)
  if (meaning === undefined) throw new TypeError(`the schema lets no ${type} through`)
  return meaning
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
