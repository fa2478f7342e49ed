// Makes src/generated/validators.js and .d.ts: one function for each schemas/*.schema.json, compiled ahead of time by Ajv,
// because loading Ajv and compiling cost more than most commands. Those of test sets, and of bundles and what a server
// answers, are in files of their own, since few commands need them. Usage: validators.mjs [output folder]
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2] ?? join(root, 'src/generated')

/** `validatePrompt` for prompt.schema.json. */
const nameOf = (file) => `validate${file[0].toUpperCase()}${file.slice(1).replace('.schema.json', '')}`

const schemas = readdirSync(join(root, 'schemas'))
  .filter((file) => file.endsWith('.schema.json'))
  .sort()
const ajv = new Ajv2020({
  allErrors: true,
  // Otherwise `required` is met by what every object inherits, such as toString.
  ownProperties: true,
  messages: false,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
  formats: { 'date-time': true },
  code: { source: true, esm: true },
})

const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default'])
const MAPS_OF_SCHEMAS = new Set(['properties', 'patternProperties', '$defs'])
const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))

/** The schema without what only editors show; Ajv would put it into the code. */
const stripAnnotations = (schema) => {
  if (Array.isArray(schema)) return schema.map(stripAnnotations)
  if (typeof schema !== 'object') return schema
  const kept = Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key))
  return mapValues(Object.fromEntries(kept), (value, key) =>
    MAPS_OF_SCHEMAS.has(key) ? mapValues(value, stripAnnotations) : stripAnnotations(value),
  )
}

const ids = schemas.map((file) => {
  const schema = stripAnnotations(JSON.parse(readFileSync(join(root, 'schemas', file), 'utf8')))
  ajv.addSchema(schema)
  return [nameOf(file), schema.$id]
})

// https://github.com/ajv-validator/ajv/issues/2209: ESM output still requires Ajv's run-time modules.
const LENGTH = 'require("ajv/dist/runtime/ucs2length").default'

/**
 * Most names are ASCII, and to compile a Unicode class takes 0.5 ms: such a pattern is made when the same one for ASCII
 * says no. Right for \p{L} and \p{N} in a class that is not negated.
 */
const asciiFirst = (line, name, pattern) => {
  const ascii = pattern.replaceAll('\\\\p{L}', 'A-Za-z').replaceAll('\\\\p{N}', '0-9')
  if (/\\\\p|\[\^/.test(ascii)) return line
  return `const ${name} = { test: (text) => new RegExp(${ascii}).test(text) || new RegExp(${pattern}, "u").test(text) };`
}

/**
 * Ajv puts whole schemas into the code for the few lists of values that its errors quote: making those objects takes 1 ms of
 * every start. What is used of them stays, `schema31.properties.promotion.enum` as a constant of its own.
 */
const withoutSchemas = (code) => {
  const schemas = new Map()
  const bare = code.replace(/const (schema\d+) = (\{.*?\});(?=const |function |export )/g, (_, name, json) => {
    schemas.set(name, JSON.parse(json))
    return ''
  })
  const parts = new Map()
  const short = bare.replace(/\b(schema\d+)((?:\.\w+|\["[^"]*"\])+)/g, (whole, name, path) => {
    const steps = [...path.matchAll(/\.(\w+)|\["([^"]*)"\]/g)].map(([, plain, quoted]) => plain ?? quoted)
    const part = steps.reduce((schema, step) => schema[step], schemas.get(name))
    const isMap = steps.at(-1) === 'properties'
    parts.set(whole, JSON.stringify(isMap ? mapValues(part, () => 1) : part))
    return `part${[...parts.keys()].indexOf(whole)}`
  })
  if (/\bschema\d/.test(short)) throw new Error('the validators use a schema in a way that is not known here')
  return `${[...parts.values()].map((json, index) => `const part${index} = ${json};`).join('')}${short}`
}

const formatCode = (chosen) => {
  const whole = standalone.default(ajv, Object.fromEntries(chosen)).replaceAll(LENGTH, 'countCodePoints')
  const code = withoutSchemas(whole)
  if (/\brequire\(/.test(code))
    throw new Error('the validators need a run-time module of Ajv that is not replaced here')
  const quickCode = code.replace(/const (pattern\d+) = new RegExp\(("[^"]*\\\\p[^"]*"), "u"\);?/g, asciiFirst)
  return `// Made by build/validators.mjs from schemas/. Not to be edited.
${quickCode}
function countCodePoints(text) {
  let count = 0
  for (const _ of text) count++
  return count
}
`
}

/** What nearly every command needs, and the files beside that. */
const COMMON = ['validateConfig', 'validatePrompt']
const RARE = {
  'eval-validator': ['validateEval'],
  'delivery-validators': ['validateBundle', 'validateDelivered'],
}
const common = ids.filter(([name]) => COMMON.includes(name))
const declare = (chosen) => chosen.map(([name]) => `export declare const ${name}: Validate`).join('\n')

const types = `// Made by build/validators.mjs from schemas/. Not to be edited.

/** What Ajv says about one fault; https://ajv.js.org/api.html#error-objects */
export interface SchemaError {
  readonly keyword: string
  /** A JSON pointer. */
  readonly instancePath: string
  readonly schemaPath: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface Validate {
  (data: unknown): boolean
  /** Of the last call. */
  errors?: SchemaError[] | null
}

${declare(common)}
`
const rareTypes = (chosen) => `// Made by build/validators.mjs from schemas/. Not to be edited.
import type { Validate } from './validators.js'

${declare(chosen)}
`

/** Through a rename, so that a test that starts meanwhile never reads half a file. */
const write = (name, text) => {
  const path = join(folder, name)
  const scratch = `${path}.${process.pid}`
  writeFileSync(scratch, text)
  renameSync(scratch, path)
}
mkdirSync(folder, { recursive: true })
write('validators.js', formatCode(common))
write('validators.d.ts', types)
for (const [file, names] of Object.entries(RARE)) {
  const chosen = ids.filter(([name]) => names.includes(name))
  write(`${file}.js`, formatCode(chosen))
  write(`${file}.d.ts`, rareTypes(chosen))
}
