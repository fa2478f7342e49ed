import { isDeepStrictEqual } from 'node:util'
import { PromptctlError } from '../../core/errors.js'
import type { Json, JsonObject } from '../../core/prompt-file.js'
import { quoteText } from './assertion.js'
import { isFormat } from './formats.js'
import { compilePattern } from './text.js'

/** A JSON Schema, of draft 7 or 2020-12: https://json-schema.org */
export type Schema = boolean | JsonObject

/** Schemas that are looked at for one value: references may multiply. */
const MOST_STEPS = 1_000_000
const MAX_DEPTH = 512

/**
 * What keeps a value from fitting a schema: `age: must be a number`, or undefined. The schema is interpreted, never made
 * into code, and its patterns run in linear time. Throws `invalid_config` for a schema that cannot be used, and
 * `output_limit` for one that takes too long.
 */
export const checkSchema = (schema: Schema, value: Json): string | undefined =>
  new Check(schema).problemOf(schema, value, '', 0)

type Rule = (check: Check, parameter: Json, value: Json, place: Place) => string | undefined

interface Place {
  readonly path: string
  readonly depth: number
  /** The schema that the keyword stands in. */
  readonly schema: JsonObject
}

class Check {
  readonly #root: Schema
  #steps = 0

  constructor(root: Schema) {
    this.#root = root
  }

  problemOf(schema: Schema, value: Json, path: string, depth: number): string | undefined {
    this.count(1)
    if (schema === true) return undefined
    if (schema === false) return say(path, 'must not be there')
    if (!isObject(schema)) throw unusable(`${quoteText(schema)} is no schema`)
    if (depth > MAX_DEPTH) throw tooLong()
    for (const [keyword, parameter] of Object.entries(schema)) {
      const rule = RULES.get(keyword)
      if (rule === undefined) {
        if (IGNORED.has(keyword)) continue
        throw unusable(`the keyword ${quoteText(keyword)} is not supported`)
      }
      const problem = rule(this, parameter, value, { path, depth, schema })
      if (problem !== undefined) return problem
    }
    return undefined
  }

  /** The schema in the same document that a `$ref` names. */
  resolve(reference: string): Schema {
    const pointer = reference.startsWith('#') ? decodeURIComponent(reference.slice(1)) : undefined
    if (pointer === undefined || (pointer !== '' && !pointer.startsWith('/'))) {
      throw unusable(`$ref reaches only into the schema itself, and not ${quoteText(reference)}`)
    }
    let found: unknown = this.#root
    for (const part of pointer.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined
    }
    if (found === undefined) throw unusable(`there is no ${quoteText(reference)} in the schema`)
    return found as Schema
  }

  count(steps: number): void {
    this.#steps += steps
    if (this.#steps > MOST_STEPS) throw tooLong()
  }
}

const unusable = (why: string): PromptctlError =>
  new PromptctlError('invalid_config', `the JSON Schema cannot be used: ${why}`)
const tooLong = (): PromptctlError =>
  new PromptctlError('output_limit', 'checking the answer against the JSON Schema takes too long')

const say = (path: string, problem: string): string => `${path === '' ? 'it' : path} ${problem}`
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
const at = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`

function isOfType(value: Json, type: Json): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return isList(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
    case 'string':
    case 'boolean':
      return typeof value === type
    default:
      throw unusable(`there is no type ${quoteText(type)}`)
  }
}

/** A rule for numbers, texts, lists or objects alone: it says nothing of other values. */
const ruleFor =
  <T extends Json>(
    isMeant: (value: Json) => value is T,
    rule: (value: T, parameter: Json, check: Check, place: Place) => string | undefined,
  ): Rule =>
  (check, parameter, value, place) =>
    isMeant(value) ? rule(value, parameter, check, place) : undefined

const isNumber = (value: Json): value is number => typeof value === 'number'
const isText = (value: Json): value is string => typeof value === 'string'

function numberOf(parameter: Json): number {
  if (typeof parameter === 'number') return parameter
  throw unusable(`${quoteText(parameter)} stands where a number belongs`)
}

/** Compares a number, or a size, with the limit. */
const limit =
  <T extends Json>(measure: (value: T) => number, holds: (size: number, limit: number) => boolean, words: string) =>
  (value: T, parameter: Json, _: Check, { path }: Place): string | undefined =>
    holds(measure(value), numberOf(parameter)) ? undefined : say(path, words.replace('%', String(parameter)))

const itself = (value: number): number => value
const length = (text: string): number => [...text].length
const size = (value: readonly Json[]): number => value.length
const width = (value: JsonObject): number => Object.keys(value).length
const least = (a: number, b: number): boolean => a >= b
const most = (a: number, b: number): boolean => a <= b

// As ajv does, because 0.3 is no multiple of 0.1 in binary.
const isMultiple = (a: number, b: number): boolean => b > 0 && Number.isInteger(a / b)

function schemasOf(parameter: Json): readonly Schema[] {
  if (isList(parameter)) return parameter as readonly Schema[]
  throw unusable(`${quoteText(parameter)} stands where a list of schemas belongs`)
}

function mapOf(parameter: Json): readonly (readonly [string, Json])[] {
  if (isObject(parameter)) return Object.entries(parameter)
  throw unusable(`${quoteText(parameter)} stands where keys and values belong`)
}

function namesOf(parameter: Json): readonly string[] {
  if (isList(parameter) && parameter.every(isText)) return parameter
  throw unusable(`${quoteText(parameter)} stands where a list of names belongs`)
}

/** The first problem of many, or undefined. */
function firstOf<T>(items: Iterable<T>, problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

const fits = (check: Check, schema: Json, value: Json, { path, depth }: Place): boolean =>
  check.problemOf(schema as Schema, value, path, depth + 1) === undefined

const required = (value: JsonObject, names: readonly string[], path: string): string | undefined => {
  const missing = names.find((name) => !Object.hasOwn(value, name))
  return missing === undefined ? undefined : say(at(path, missing), 'is missing')
}

/** Keys that neither `properties` nor `patternProperties` name. */
function additionalKeys(value: JsonObject, { properties = {}, patternProperties = {} }: JsonObject): readonly string[] {
  const patterns = mapOf(patternProperties).map(([pattern]) => compilePattern(pattern))
  const named = new Set(mapOf(properties).map(([name]) => name))
  return Object.keys(value).filter((key) => !named.has(key) && !patterns.some((pattern) => pattern.test(key)))
}

function uniqueProblem(value: readonly Json[], check: Check, path: string): string | undefined {
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

function containsProblem(value: readonly Json[], schema: Json, check: Check, place: Place): string | undefined {
  const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = place.schema
  const count = value.filter((item) => fits(check, schema, item, place)).length
  if (count < numberOf(minContains)) return say(place.path, `must hold ${minContains} such items, and has ${count}`)
  return count > numberOf(maxContains) ? say(place.path, `must hold at most ${maxContains} such items`) : undefined
}

/** `items`: of all items, or (draft 7) a list for the first ones; 2020-12 says `prefixItems` for these. */
function itemsProblem(value: readonly Json[], parameter: Json, check: Check, { path, depth, schema }: Place) {
  const tuple = isList(parameter)
  const first = tuple ? 0 : isList(schema['prefixItems'] ?? null) ? size(schema['prefixItems'] as readonly Json[]) : 0
  return firstOf(value.entries(), ([index, item]) => {
    const wanted = tuple ? parameter[index] : index < first ? undefined : parameter
    return wanted === undefined ? undefined : check.problemOf(wanted as Schema, item, at(path, index), depth + 1)
  })
}

const dependentSchemas = ruleFor(isObject, (value, parameter, check, place) =>
  firstOf(mapOf(parameter), ([name, needs]) => {
    if (!Object.hasOwn(value, name)) return undefined
    if (isList(needs)) return required(value, namesOf(needs), place.path)
    return check.problemOf(needs as Schema, value, place.path, place.depth + 1)
  }),
)

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    '$ref',
    (check, parameter, value, { path, depth }) =>
      check.problemOf(check.resolve(String(parameter)), value, path, depth + 1),
  ],
  [
    'type',
    (_, parameter, value, { path }) =>
      [parameter].flat().some((type) => isOfType(value, type as Json))
        ? undefined
        : say(path, `must be of type ${[parameter].flat().join(' or ')}`),
  ],
  [
    'enum',
    (_, parameter, value, { path }) =>
      schemasOf(parameter).some((one) => isDeepStrictEqual(one, value))
        ? undefined
        : say(path, `must be one of ${quoteText(parameter)}`),
  ],
  [
    'const',
    (_, parameter, value, { path }) =>
      isDeepStrictEqual(parameter, value) ? undefined : say(path, `must be ${quoteText(parameter)}`),
  ],
  ['minimum', ruleFor(isNumber, limit(itself, least, 'must be at least %'))],
  ['maximum', ruleFor(isNumber, limit(itself, most, 'must be at most %'))],
  [
    'exclusiveMinimum',
    ruleFor(
      isNumber,
      limit(itself, (a, b) => a > b, 'must be more than %'),
    ),
  ],
  [
    'exclusiveMaximum',
    ruleFor(
      isNumber,
      limit(itself, (a, b) => a < b, 'must be less than %'),
    ),
  ],
  ['multipleOf', ruleFor(isNumber, limit(itself, isMultiple, 'must be a multiple of %'))],
  ['minLength', ruleFor(isText, limit(length, least, 'must have at least % characters'))],
  ['maxLength', ruleFor(isText, limit(length, most, 'must have at most % characters'))],
  [
    'pattern',
    ruleFor(isText, (value, parameter, _, { path }) =>
      compilePattern(String(parameter)).test(value) ? undefined : say(path, `must match /${parameter}/`),
    ),
  ],
  [
    'format',
    ruleFor(isText, (value, parameter, _, { path }) => {
      const isRight = isFormat(String(parameter), value)
      if (isRight === undefined) throw unusable(`the format ${quoteText(parameter)} is not supported`)
      return isRight ? undefined : say(path, `must be a ${parameter}`)
    }),
  ],
  ['minItems', ruleFor(isList, limit(size, least, 'must have at least % items'))],
  ['maxItems', ruleFor(isList, limit(size, most, 'must have at most % items'))],
  [
    'uniqueItems',
    ruleFor(isList, (value, parameter, check, { path }) =>
      parameter === true ? uniqueProblem(value, check, path) : undefined,
    ),
  ],
  ['contains', ruleFor(isList, containsProblem)],
  ['items', ruleFor(isList, itemsProblem)],
  [
    'prefixItems',
    ruleFor(isList, (value, parameter, check, { path, depth }) =>
      firstOf(schemasOf(parameter).entries(), ([index, schema]) =>
        index < value.length ? check.problemOf(schema, value[index] as Json, at(path, index), depth + 1) : undefined,
      ),
    ),
  ],
  [
    'additionalItems',
    ruleFor(isList, (value, parameter, check, { path, depth, schema }) => {
      const { items = true } = schema
      return !isList(items)
        ? undefined
        : firstOf(value.entries(), ([index, item]) =>
            index < items.length ? undefined : check.problemOf(parameter as Schema, item, at(path, index), depth + 1),
          )
    }),
  ],
  ['minProperties', ruleFor(isObject, limit(width, least, 'must have at least % keys'))],
  ['maxProperties', ruleFor(isObject, limit(width, most, 'must have at most % keys'))],
  ['required', ruleFor(isObject, (value, parameter, _, { path }) => required(value, namesOf(parameter), path))],
  [
    'properties',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(mapOf(parameter), ([name, schema]) =>
        Object.hasOwn(value, name)
          ? check.problemOf(schema as Schema, value[name] as Json, at(path, name), depth + 1)
          : undefined,
      ),
    ),
  ],
  [
    'patternProperties',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(mapOf(parameter), ([pattern, schema]) => {
        const compiled = compilePattern(pattern)
        return firstOf(Object.entries(value), ([name, item]) =>
          compiled.test(name) ? check.problemOf(schema as Schema, item, at(path, name), depth + 1) : undefined,
        )
      }),
    ),
  ],
  [
    'additionalProperties',
    ruleFor(isObject, (value, parameter, check, { path, depth, schema }) =>
      firstOf(additionalKeys(value, schema), (name) =>
        check.problemOf(parameter as Schema, value[name] as Json, at(path, name), depth + 1),
      ),
    ),
  ],
  [
    'propertyNames',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(Object.keys(value), (name) => check.problemOf(parameter as Schema, name, at(path, name), depth + 1)),
    ),
  ],
  [
    'dependentRequired',
    ruleFor(isObject, (value, parameter, _, { path }) =>
      firstOf(mapOf(parameter), ([name, names]) =>
        Object.hasOwn(value, name) ? required(value, namesOf(names), path) : undefined,
      ),
    ),
  ],
  ['dependentSchemas', dependentSchemas],
  ['dependencies', dependentSchemas],
  [
    'allOf',
    (check, parameter, value, { path, depth }) =>
      firstOf(schemasOf(parameter), (schema) => check.problemOf(schema, value, path, depth + 1)),
  ],
  [
    'anyOf',
    (check, parameter, value, place) =>
      schemasOf(parameter).some((schema) => fits(check, schema, value, place))
        ? undefined
        : say(place.path, 'fits none of anyOf'),
  ],
  [
    'oneOf',
    (check, parameter, value, place) => {
      const count = schemasOf(parameter).filter((schema) => fits(check, schema, value, place)).length
      return count === 1 ? undefined : say(place.path, `must fit exactly one of oneOf, and fits ${count}`)
    },
  ],
  [
    'not',
    (check, parameter, value, place) =>
      fits(check, parameter, value, place) ? say(place.path, 'fits what it must not') : undefined,
  ],
  [
    'if',
    (check, parameter, value, place) => {
      const { then: yes = true, else: no = true } = place.schema
      const branch = fits(check, parameter, value, place) ? yes : no
      return check.problemOf(branch as Schema, value, place.path, place.depth + 1)
    },
  ],
])

/** Keywords that say nothing of a value, or that are read with another one. */
const IGNORED: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'minContains',
  'maxContains',
  'then',
  'else',
])
