/**
 * Checks a value against a variable's schema: the closed list of JSON Schema keywords in VariableSchema, with the meaning
 * of draft 4 (https://json-schema.org/draft-04/json-schema-validation). A schema is data here, never code.
 */

import type { JsonType, VariableSchema } from './prompt-file.js'

/** More problems than this in one value are not reported. */
const MOST_PROBLEMS = 20

/**
 * What is wrong with `value`, worded for the user: `items[2].title must be at most 20 characters`. `path` names the value.
 * Empty when it fits; never throws.
 */
export function checkValue(schema: VariableSchema, value: unknown, path: string): readonly string[] {
  const problems: string[] = []
  checkInto(problems, schema, value, path)
  return problems
}

const CONSTRAINTS = [
  'type',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'items',
  'minItems',
  'maxItems',
  'properties',
  'required',
] as const satisfies readonly (keyof VariableSchema)[]

/** False for a schema that every value fits, such as `{}` or one that only describes. */
export const isConstraining = (schema: VariableSchema) => CONSTRAINTS.some((keyword) => Object.hasOwn(schema, keyword))

/** True for a schema that asks for a text, and for nothing of it. */
export const isAnyText = (schema: VariableSchema): boolean =>
  schema.type === 'string' && CONSTRAINTS.every((keyword) => keyword === 'type' || !Object.hasOwn(schema, keyword))

function checkInto(problems: string[], schema: VariableSchema, value: unknown, path: string) {
  if (problems.length >= MOST_PROBLEMS) return
  if (schema.type !== undefined && !hasType(value, schema.type)) {
    problems.push(`${path} must be ${formatTypes(schema.type)}, not ${formatKind(value)}`)
    return
  }
  if (schema.enum && !schema.enum.some((allowed) => isEqual(allowed, value))) {
    problems.push(`${path} must be one of ${schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ')}`)
  }
  if (typeof value === 'number') checkNumber(problems, schema, value, path)
  else if (typeof value === 'string') checkText(problems, schema, value, path)
  else if (Array.isArray(value)) checkList(problems, schema, value, path)
  else if (typeof value === 'object' && value !== null) checkObject(problems, schema, value, path)
}

function checkNumber(problems: string[], { minimum, maximum }: VariableSchema, value: number, path: string) {
  if (minimum !== undefined && value < minimum) problems.push(`${path} must be at least ${minimum}`)
  if (maximum !== undefined && value > maximum) problems.push(`${path} must be at most ${maximum}`)
}

function checkText(problems: string[], { minLength, maxLength }: VariableSchema, value: string, path: string) {
  // A code point is one or two units, so that most texts need no counting.
  if (minLength !== undefined && value.length < minLength * 2 && countCodePoints(value) < minLength) {
    problems.push(`${path} must be at least ${formatCount(minLength, 'character')}`)
  }
  if (maxLength !== undefined && value.length > maxLength && countCodePoints(value) > maxLength) {
    problems.push(`${path} must be at most ${formatCount(maxLength, 'character')}`)
  }
}

function checkList(problems: string[], schema: VariableSchema, value: readonly unknown[], path: string) {
  const { items, minItems, maxItems } = schema
  if (minItems !== undefined && value.length < minItems) {
    problems.push(`${path} must have at least ${formatCount(minItems, 'item')}`)
  }
  if (maxItems !== undefined && value.length > maxItems) {
    problems.push(`${path} must have at most ${formatCount(maxItems, 'item')}`)
  }
  if (!items || !isConstraining(items)) return
  for (let index = 0; index < value.length && problems.length < MOST_PROBLEMS; index++) {
    checkInto(problems, items, value[index], `${path}[${index}]`)
  }
}

function checkObject(problems: string[], { properties, required }: VariableSchema, value: object, path: string) {
  for (const name of required ?? []) {
    if (!Object.hasOwn(value, name)) problems.push(`${path}.${name} is required`)
  }
  for (const [name, schema] of Object.entries(properties ?? {})) {
    if (Object.hasOwn(value, name))
      checkInto(problems, schema, (value as Record<string, unknown>)[name], `${path}.${name}`)
  }
}

const hasType = (value: unknown, type: JsonType | readonly JsonType[]): boolean =>
  typeof type === 'string' ? isOfType(value, type) : type.some((one) => isOfType(value, one))

function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return Number.isFinite(value)
    default:
      return typeof value === type
  }
}

/** Whether a JSON value of the schema and any value are equal as JSON. Depth is bounded by the schema's. */
function isEqual(json: unknown, value: unknown): boolean {
  if (json === value) return true
  if (typeof json !== 'object' || typeof value !== 'object' || json === null || value === null) return false
  if (Array.isArray(json) !== Array.isArray(value)) return false
  const keys = Object.keys(json)
  if (keys.length !== Object.keys(value).length) return false
  return keys.every(
    (key) =>
      Object.hasOwn(value, key) &&
      isEqual((json as Record<string, unknown>)[key], (value as Record<string, unknown>)[key]),
  )
}

function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

const NOUNS: Readonly<Record<JsonType, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}

/** One or several types, for a message: `a number or text`. */
export const formatTypes = (type: JsonType | readonly JsonType[]) =>
  typeof type === 'string' ? NOUNS[type] : type.map((one) => NOUNS[one]).join(' or ')

const formatCount = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

/** What a value is, for a message: `text`, `a list`, `null`, or a number or truth value as it stands. */
export function formatKind(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  if (typeof value === 'string') return NOUNS.string
  if (Array.isArray(value)) return NOUNS.array
  return typeof value === 'object' ? NOUNS.object : `a ${typeof value}`
}
