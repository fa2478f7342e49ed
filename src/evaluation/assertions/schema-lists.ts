import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../core/prompt-file.js'
import { compilePattern } from './pattern.js'
import {
  at,
  type Checker,
  firstOf,
  fits,
  isList,
  mapOf,
  numberOf,
  type Place,
  type Schema,
  say,
  size,
} from './schema-tools.js'

/** Keys that neither `properties` nor `patternProperties` name. */
export function additionalKeys(
  value: JsonObject,
  { properties = {}, patternProperties = {} }: JsonObject,
): readonly string[] {
  const patterns = mapOf(patternProperties).map(([pattern]) => compilePattern(pattern))
  const named = new Set(mapOf(properties).map(([name]) => name))
  return Object.keys(value).filter((key) => !named.has(key) && !patterns.some((pattern) => pattern.test(key)))
}

/** The first item that is there twice. */
export function uniqueProblem(value: readonly Json[], check: Checker, path: string): string | undefined {
  const plain = new Set<Json>()
  const others: Json[] = []
  for (const [index, item] of value.entries()) {
    const isPlain = typeof item !== 'object' || item === null
    if (!isPlain) check.count(others.length)
    if (isPlain ? plain.has(item) : others.some((other) => isDeepStrictEqual(other, item))) {
      return say(at(path, index), 'is there twice')
    }
    if (isPlain) plain.add(item)
    else others.push(item)
  }
  return undefined
}

/** `contains`, with `minContains` and `maxContains` beside it. */
export function containsProblem(
  value: readonly Json[],
  schema: Json,
  check: Checker,
  place: Place,
): string | undefined {
  const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = place.schema
  const count = value.filter((item) => fits(check, schema, item, place)).length
  if (count < numberOf(minContains)) return say(place.path, `must hold ${minContains} such items, and has ${count}`)
  return count > numberOf(maxContains) ? say(place.path, `must hold at most ${maxContains} such items`) : undefined
}

/** `items`: of all items, or (draft 7) a list for the first ones; 2020-12 says `prefixItems` for these. */
export function itemsProblem(value: readonly Json[], parameter: Json, check: Checker, { path, depth, schema }: Place) {
  const tuple = isList(parameter)
  const first = tuple ? 0 : isList(schema['prefixItems'] ?? null) ? size(schema['prefixItems'] as readonly Json[]) : 0
  return firstOf(value.entries(), ([index, item]) => {
    const wanted = tuple ? parameter[index] : index < first ? undefined : parameter
    return wanted === undefined ? undefined : check.problemOf(wanted as Schema, item, at(path, index), depth + 1)
  })
}
