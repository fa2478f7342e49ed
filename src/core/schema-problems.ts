import type { SchemaError } from '../generated/validators.js'
import { closestWords } from './edit-distance.js'
import type { Json, Problem } from './prompt-file.js'
import { quoteName } from './slug.js'
import { MAX_FAULTS } from './yaml/fault.js'
import type { Path, YamlSource } from './yaml-source.js'

/** How a file's faults are worded, where the schema alone cannot say it. */
export interface Wording {
  /** What text that breaks a pattern should have been, by the schema path without the keyword. */
  readonly patterns: Readonly<Record<string, string>>
  /** What there is to choose from, by the schema path without the keyword, where listing all would be too much. */
  readonly choices?: Readonly<Record<string, string>>
  /** What is wrong with a key that should not be at `path`. */
  readonly unknownKey: (path: Path, key: string) => string
  /** True where the value may be a secret, so that no message quotes it. */
  readonly isSecret?: (path: Path) => boolean
}

const SAME_SPELLING = { limit: 1, spellings: (word: string) => [word] }

/** `, did you mean "title"?`, or nothing. */
export function suggestion(wanted: string, known: Iterable<string>): string {
  const [closest] = wanted.length < 3 || wanted.length > 60 ? [] : closestWords(wanted, known, SAME_SPELLING)
  return closest === undefined ? '' : `, did you mean ${quoteName(closest)}?`
}

/** Ajv's errors, worded for people and placed in the file, in its order; at most 20. */
export function describeErrors(errors: readonly SchemaError[], source: YamlSource, wording: Wording): Problem[] {
  const problems = new Map<string, Problem>()
  for (const error of errors) {
    if (error.keyword === 'if' || error.keyword === 'oneOf' || error.schemaPath.startsWith('#/oneOf/')) continue
    const path = toPath(error.instancePath, source.value)
    const problem = describe(error, path, source, wording)
    problems.set(`${problem.line}:${problem.column}:${problem.message}`, problem)
    if (problems.size >= MAX_FAULTS) break
  }
  return sortProblems([...problems.values()])
}

/** In the order of the file. */
export const sortProblems = (problems: Problem[]): Problem[] =>
  problems.sort((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_FAULTS)

function describe(error: SchemaError, path: Path, source: YamlSource, wording: Wording): Problem {
  const { keyword, params } = error
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty)
    return { ...source.keyPositionOf([...path, key]), message: wording.unknownKey(path, key) }
  }
  if (keyword === 'required') {
    const place = path.length === 0 ? source.positionOf([]) : source.keyPositionOf(path)
    return { ...place, message: `${within(path)}${quoteName(String(params.missingProperty))} is missing` }
  }
  return { ...source.positionOf(path), message: `${nameOf(path)}: ${expected(error, path, source, wording)}` }
}

function expected(
  { keyword, params, schemaPath }: SchemaError,
  path: Path,
  source: YamlSource,
  wording: Wording,
): string {
  const value = valueAt(source.value, path)
  const found = wording.isSecret?.(path) === true ? 'something else' : describeValue(value, source, path)
  switch (keyword) {
    case 'type':
      return `expected ${formatTypes([params.type].flat().map(String))}, found ${found}${advice(params.type, value)}`
    case 'enum':
    case 'const':
      return `expected ${wording.choices?.[schemaPath.replace(/\/enum$/, '')] ?? formatChoice(params.allowedValues)}, found ${found}${closeChoice(value, params.allowedValues)}`
    case 'pattern':
      return `expected ${wording.patterns[schemaPath.replace(/\/pattern$/, '')] ?? 'other text'}, found ${found}`
    case 'minimum':
      return `expected at least ${params.limit}, found ${found}`
    case 'maximum':
      return `expected at most ${params.limit}, found ${found}`
    case 'minItems':
      return `expected at least ${params.limit} ${params.limit === 1 ? 'item' : 'items'}`
    case 'maxItems':
      return `expected at most ${params.limit} items`
    case 'maxLength':
      return `expected at most ${params.limit} characters`
    case 'uniqueItems':
      return 'an item is there twice'
    default:
      return `not allowed here (${keyword})`
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
}

const formatTypes = (types: readonly string[]): string => types.map((type) => TYPE_NAMES[type] ?? type).join(' or ')

const advice = (types: unknown, value: Json | undefined): string => {
  if (value === null && types === 'object') return ': write {}'
  if (value === null || ![types].flat().includes('string')) return ''
  return typeof value === 'number' || typeof value === 'boolean' ? ': quote it' : ''
}

function formatChoice(values: unknown): string {
  const words = Array.isArray(values) ? values.map(String) : []
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

const closeChoice = (value: Json | undefined, values: unknown): string =>
  typeof value === 'string' && Array.isArray(values) ? suggestion(value, values.map(String)) : ''

/** `the number 12 (written 012)`, `a list`, `nothing`. */
function describeValue(value: Json | undefined, source: YamlSource, path: Path): string {
  if (typeof value === 'string') return quoteName(value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'keys and values'
  const range = source.rangeOf(path)
  const written = range === undefined ? '' : source.text.slice(range.start, range.end)
  if (value === null || value === undefined) return written === '' ? 'nothing' : written
  const kind = typeof value === 'number' ? 'the number ' : ''
  return written === String(value) ? `${kind}${value}` : `${kind}${value} (written ${quoteName(written).slice(1, -1)})`
}

/** `messages[0].role`; names that are no words are quoted. */
export function nameOf(path: Path): string {
  let name = ''
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`
    else if (/^[\p{L}\p{M}\p{N}_-]{1,60}$/u.test(step)) name += name === '' ? step : `.${step}`
    else name += `[${quoteName(step)}]`
  }
  return name
}

const within = (path: Path): string => (path.length === 0 ? '' : `${nameOf(path)}: `)

function toPath(pointer: string, root: Json): Path {
  let value: Json | undefined = root
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(key) : key
      value = value === undefined ? undefined : valueAt(value, [step])
      return step
    })
}

/** The value at `path`, or undefined. Own keys only. */
export function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Readonly<Record<string | number, Json>>)[step]
  }
  return value
}
