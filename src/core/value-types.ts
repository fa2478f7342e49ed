/** TypeScript types of the values that a prompt is compiled with. */

import { type DeliveredPrompt, indexNames } from './delivered.js'
import type { Json, JsonType, VariableSchema } from './prompt-file.js'
import { visibleLine } from './visible.js'

/**
 * A declaration file that fills in the library's interface Prompts, by slug and alias: `get` then knows what `compile` needs.
 * The same prompts give the same text. What a stranger wrote stands in it as string literals and in comments alone.
 */
export function formatPromptTypes(prompts: readonly DeliveredPrompt[]): string {
  const names = indexNames(prompts)
  const entries = prompts.flatMap((prompt) => {
    const aliases = prompt.aliases.filter((alias) => names.get(alias) === prompt)
    const same = aliases.map((alias) => `    ${quote(alias)}: Prompts[${quote(prompt.slug)}]\n`)
    return [`${comment(prompt.title, '    ')}    ${quote(prompt.slug)}: ${formatValues(prompt)}\n`, ...same]
  })
  return `${HEAD}declare module 'promptctl' {\n  interface Prompts {\n${entries.join('')}  }\n}\n`
}

const HEAD = `// Made by promptctl types. Not to be edited.
export {}

`
/** What may be inserted: anything but null and undefined. */
const ANYTHING = '{}'
const MESSAGES = "readonly import('promptctl').Message[]"

function formatValues(prompt: DeliveredPrompt): string {
  if (prompt.variables.length === 0) return '{}'
  const members = prompt.variables.map((variable) => {
    const { name, required, used, kind, description, fields = [], ...schema } = variable
    const whole = { ...schema, required: requiredKeys(prompt, name) }
    const type = kind === 'placeholder' ? MESSAGES : formatSchema(whole, fields, '      ')
    return `${comment(description, '      ')}      ${formatKey(name)}${required && used ? '' : '?'}: ${type}\n`
  })
  return `{\n${members.join('')}    }`
}

/** The keys that an object must have: among a variable's own keywords, `required` says something else. */
function requiredKeys({ declarations, partials }: DeliveredPrompt, name: string): readonly string[] {
  const all = [declarations, ...Object.values(partials).map((partial) => partial.declarations)]
  return all.find((each) => Object.hasOwn(each, name))?.[name]?.required ?? []
}

/** `fields` are the parts that the template uses: `['title', 'author.name']`. */
function formatSchema(schema: VariableSchema, fields: readonly string[], indent: string): string {
  if (schema.enum !== undefined) return schema.enum.map(formatLiteral).join(' | ')
  if (schema.type === undefined) return ANYTHING
  return [schema.type]
    .flat()
    .map((type) => formatType(type, schema, fields, indent))
    .join(' | ')
}

function formatType(type: JsonType, schema: VariableSchema, fields: readonly string[], indent: string): string {
  if (type === 'integer') return 'number'
  if (type === 'array') return `readonly ${inParentheses(formatItems(schema.items, fields, indent))}[]`
  return type === 'object' ? formatObject(schema, fields, indent) : type
}

const formatItems = (items: VariableSchema | undefined, fields: readonly string[], indent: string): string => {
  if (items !== undefined) return formatSchema(items, fields, indent)
  return fields.length === 0 ? 'unknown' : formatObject({}, fields, indent)
}

const inParentheses = (type: string): string =>
  /^(?:\w+|\{.*\})$/s.test(type) && !type.includes(' | ') ? type : `(${type})`

/** A part that is used has to be there; one that has a default, or is only declared, may be left out. */
function formatObject({ properties = {}, required = [] }: VariableSchema, fields: readonly string[], indent: string) {
  const used = new Map<string, string[]>()
  for (const field of fields) {
    const [first = field, ...rest] = field.split('.')
    used.set(first, [...(used.get(first) ?? []), ...(rest.length > 0 ? [rest.join('.')] : [])])
  }
  const schemas = new Map(Object.entries(properties))
  const names = new Set([...schemas.keys(), ...used.keys()])
  if (names.size === 0) return 'object'
  const inner = `${indent}  `
  const members = [...names].map((name) => {
    const schema = schemas.get(name) ?? {}
    const isNeeded = required.includes(name) || (used.has(name) && schema.default === undefined)
    const type = formatSchema(schema, used.get(name) ?? [], inner)
    return `${comment(schema.description, inner)}${inner}${formatKey(name)}${isNeeded ? '' : '?'}: ${type}\n`
  })
  return `{\n${members.join('')}${indent}}`
}

/** The type that one JSON value has. */
function formatLiteral(value: Json): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `readonly [${value.map(formatLiteral).join(', ')}]`
  const members = Object.entries(value).map(([key, item]) => `${formatKey(key)}: ${formatLiteral(item)}`)
  return members.length === 0 ? 'object' : `{ ${members.join('; ')} }`
}

const formatKey = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name))

/** A string literal; what cannot be seen in it is escaped. */
function quote(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\.|'/g, (part) => (part === '\\"' ? '"' : part === "'" ? "\\'" : part))
  return `'${escaped.replace(/[^\x20-\x7e\p{L}\p{M}\p{N}\p{P}\p{S}]/gu, escapeCharacter)}'`
}

const escapeCharacter = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`

const comment = (text: string | null | undefined, indent: string): string =>
  text === undefined || text === null || text.trim() === ''
    ? ''
    : `${indent}/** ${visibleLine(text).replaceAll('*/', '*\\/')} */\n`
