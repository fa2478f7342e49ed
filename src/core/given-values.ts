/** Text that is given for variables on a command line, as the values that the prompt wants. */

import type { PreparedPrompt } from './compile.js'
import { type ExactJson, readExactJson } from './exact-json.js'
import type { Json, JsonType, VariableSchema } from './prompt-file.js'
import { type InvalidVariable, invalidVariables } from './render.js'
import { formatTypes } from './value-schema.js'
import { placeholdersOf } from './variables.js'
import { resolvePlain } from './yaml/plain.js'

/**
 * The values that `--var name=text` gives: `text` itself, or what the declared type makes of it; of several types, one that
 * is not text comes first. Lists, objects and the messages of a placeholder are JSON. Throws `invalid_variable` with all that
 * do not fit, or would not be kept exactly.
 */
export function convertVariables(
  prepared: PreparedPrompt,
  given: Iterable<readonly [name: string, text: string]>,
): ReadonlyMap<string, Json> {
  const placeholders = placeholdersOf(prepared.prompt)
  const values = new Map<string, Json>()
  const wrong: InvalidVariable[] = []
  for (const [name, text] of new Map(given)) {
    const declared = prepared.declared.get(name)
    const converted = convertVariable(text, placeholders.includes(name) ? { type: 'array', ...declared } : declared)
    if ('value' in converted) values.set(name, converted.value)
    else wrong.push({ name, message: `${name}${converted.problem}`, ...prepared.placeOf(name) })
  }
  if (wrong.length > 0) throw invalidVariables(wrong)
  return values
}

/** A value, or what is wrong, to be read after the name. */
type Converted = { readonly value: Json } | { readonly problem: string }

function convertVariable(text: string, schema: VariableSchema | undefined): Converted {
  const types = schema?.type === undefined ? [] : [schema.type].flat()
  let loss: string | undefined
  for (const type of types) {
    const { value, fault } = type === 'string' ? {} : convertTo(type, text)
    if (value !== undefined) return { value }
    loss ??= fault?.message
  }
  if (schema?.type === undefined || types.includes('string')) return { value: text }
  if (loss !== undefined) return { problem: `: ${loss}` }
  return { problem: ` must be ${formatTypes(schema.type)}, and ${JSON.stringify(text)} is not` }
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const WORDS: ReadonlyMap<string, Json> = new Map([
  ['true', true],
  ['false', false],
])

/** Neither a value nor a fault when the text is not of that type. */
function convertTo(type: Exclude<JsonType, 'string'>, text: string): ExactJson {
  if (type === 'array' || type === 'object') return convertJson(type, text)
  if (type === 'number' || type === 'integer') return convertNumber(type, text)
  const value = type === 'null' ? (text === 'null' ? null : undefined) : WORDS.get(text)
  return value === undefined ? {} : { value }
}

function convertNumber(type: 'number' | 'integer', text: string): ExactJson {
  if (!NUMBER.test(text)) return {}
  const value = Number(text)
  if (type === 'integer' && Number.isFinite(value) && !Number.isInteger(value)) return {}
  const isKept = typeof resolvePlain(text) === 'number' && (type === 'number' || Number.isSafeInteger(value))
  return isKept ? { value } : { fault: { offset: 0, message: `the number ${text} cannot be held exactly` } }
}

function convertJson(type: 'array' | 'object', text: string): ExactJson {
  // What is not meant as JSON has no faults of JSON.
  if (!text.trimStart().startsWith(type === 'array' ? '[' : '{')) return {}
  return readExactJson(text)
}
