import { PromptctlError } from '../../core/errors.js'
import type { Json, JsonObject } from '../../core/prompt-file.js'
import { quoteText } from './assertion.js'

/** A JSON Schema, of draft 7 or 2020-12: https://json-schema.org */
export type Schema = boolean | JsonObject

/** One run of a schema over a value, as the rules of its keywords see it. */
export interface Checker {
  problemOf(schema: Schema, value: Json, path: string, depth: number): string | undefined
  /** The schema in the same document that a `$ref` names. */
  resolve(reference: string): Schema
  /** Throws `output_limit` when so many steps more are too many. */
  count(steps: number): void
}

/** What a keyword says of a value: the problem, or undefined. */
export type Rule = (check: Checker, parameter: Json, value: Json, place: Place) => string | undefined

export interface Place {
  readonly path: string
  readonly depth: number
  /** The schema that the keyword stands in. */
  readonly schema: JsonObject
}

export const unusable = (why: string): PromptctlError =>
  new PromptctlError('invalid_config', `the JSON Schema cannot be used: ${why}`)
export const say = (path: string, problem: string): string => `${path === '' ? 'it' : path} ${problem}`
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
export const at = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`

export function isOfType(value: Json, type: Json): boolean {
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
export const ruleFor =
  <T extends Json>(
    isMeant: (value: Json) => value is T,
    rule: (value: T, parameter: Json, check: Checker, place: Place) => string | undefined,
  ): Rule =>
  (check, parameter, value, place) =>
    isMeant(value) ? rule(value, parameter, check, place) : undefined

export const isNumber = (value: Json): value is number => typeof value === 'number'
export const isText = (value: Json): value is string => typeof value === 'string'

export function numberOf(parameter: Json): number {
  if (typeof parameter === 'number') return parameter
  throw unusable(`${quoteText(parameter)} stands where a number belongs`)
}

/** Compares a number, or a size, with the limit. */
export const limit =
  <T extends Json>(measure: (value: T) => number, holds: (size: number, limit: number) => boolean, words: string) =>
  (value: T, parameter: Json, _: Checker, { path }: Place): string | undefined =>
    holds(measure(value), numberOf(parameter)) ? undefined : say(path, words.replace('%', String(parameter)))

export const itself = (value: number): number => value
export const length = (text: string): number => [...text].length
export const size = (value: readonly Json[]): number => value.length
export const width = (value: JsonObject): number => Object.keys(value).length
export const least = (a: number, b: number): boolean => a >= b
export const most = (a: number, b: number): boolean => a <= b

// As ajv does, because 0.3 is no multiple of 0.1 in binary.
export const isMultiple = (a: number, b: number): boolean => b > 0 && Number.isInteger(a / b)

export function schemasOf(parameter: Json): readonly Schema[] {
  if (isList(parameter)) return parameter as readonly Schema[]
  throw unusable(`${quoteText(parameter)} stands where a list of schemas belongs`)
}

export function mapOf(parameter: Json): readonly (readonly [string, Json])[] {
  if (isObject(parameter)) return Object.entries(parameter)
  throw unusable(`${quoteText(parameter)} stands where keys and values belong`)
}

export function namesOf(parameter: Json): readonly string[] {
  if (isList(parameter) && parameter.every(isText)) return parameter
  throw unusable(`${quoteText(parameter)} stands where a list of names belongs`)
}

/** The first problem of many, or undefined. */
export function firstOf<T>(items: Iterable<T>, problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

export const fits = (check: Checker, schema: Json, value: Json, { path, depth }: Place): boolean =>
  check.problemOf(schema as Schema, value, path, depth + 1) === undefined

export const required = (value: JsonObject, names: readonly string[], path: string): string | undefined => {
  const missing = names.find((name) => !Object.hasOwn(value, name))
  return missing === undefined ? undefined : say(at(path, missing), 'is missing')
}
