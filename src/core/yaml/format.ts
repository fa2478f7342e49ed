import type { Json, JsonObject } from '../prompt-file.js'
import { isOtherInYaml11, isSurelyText, resolvePlain } from './plain.js'

/** How much may be written prettily. `quoted`: every text in double quotes on one line, which holds anything. */
export type Prettiness = 'pretty' | 'quoted'

/** No flow collection is longer, in characters. */
const FLOW_WIDTH = 80
const STEP = 2

// Control characters, YAML 1.1's line breaks, the byte order mark, and what turns text round on a screen.
const ESCAPED = /[\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g
const UNFIT_FOR_LITERAL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/
const UNFIT_FOR_PLAIN =
  /[\0-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|: | #|[: ]$/
const PLAIN_START = /^[^\s\-?:,[\]{}#&*!|>'"%@`]/
const FLOW_INDICATOR = /[,[\]{}:]/

/** A text on one line: unquoted where every reader of YAML takes it for this text, else in double quotes. */
export function formatText(text: string, prettiness: Prettiness = 'pretty'): string {
  return prettiness === 'pretty' && isPlain(text) ? text : quote(text)
}

const isPlain = (text: string): boolean =>
  PLAIN_START.test(text) &&
  !UNFIT_FOR_PLAIN.test(text) &&
  !text.startsWith('...') &&
  (isSurelyText(text) || (typeof resolvePlain(text) === 'string' && !isOtherInYaml11(text)))

const quote = (text: string): string =>
  JSON.stringify(text).replace(ESCAPED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const formatFlowText = (text: string, prettiness: Prettiness): string =>
  FLOW_INDICATOR.test(text) ? quote(text) : formatText(text, prettiness)

/** Any value on one line. */
export function formatFlow(value: Json, prettiness: Prettiness = 'pretty'): string {
  if (typeof value === 'string') return formatFlowText(value, prettiness)
  if (isList(value)) return `[${value.map((item) => formatFlow(item, prettiness)).join(', ')}]`
  if (!isObject(value)) return typeof value === 'number' ? formatNumber(value) : String(value)
  const members = Object.entries(value).map(
    ([key, item]) => `${formatFlowText(key, prettiness)}: ${formatFlow(item, prettiness)}`,
  )
  return `{${members.join(', ')}}`
}

/** Integers beyond 2^53 are read back only with an exponent, which says that they are not counted one by one. */
const formatNumber = (value: number): string =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : JSON.stringify(value)

/** A value that stands on the line of its key in a block mapping. */
export const formatInline = (value: Json, prettiness: Prettiness): string =>
  typeof value === 'string' ? formatText(value, prettiness) : formatFlow(value, prettiness)

/** A block literal: `|-` with its indented lines, which have no newlines. */
export interface Literal {
  readonly header: string
  readonly lines: readonly string[]
}

/**
 * `text` as a block literal below a collection indented by `indent`; undefined where it would not come back the same.
 * Trailing white space is content, but a last line of nothing else is not read alike everywhere.
 */
export function formatLiteral(text: string, indent: number, step = STEP): Literal | undefined {
  if (UNFIT_FOR_LITERAL.test(text) || !/\S/.test(text) || /(?:^|\n)[ \t]+\n*$/.test(text) || step > 9) return undefined
  const indicator = /^\n*[ \t]/.test(text) ? step : ''
  const chomp = text.endsWith('\n') ? (text.endsWith('\n\n') ? '+' : '') : '-'
  const lines = (chomp === '-' ? text : text.slice(0, -1)).split('\n')
  const padding = ' '.repeat(indent + step)
  return { header: `|${indicator}${chomp}`, lines: lines.map((line) => (line === '' ? '' : padding + line)) }
}

/** True for text that reads better below its key than beside it. */
export const isForLiteral = (text: string): boolean =>
  text.includes('\n') || (text.length > FLOW_WIDTH && !isPlain(text))

/** As `formatEntry`, below its key wherever that is possible. */
export function formatLiteralEntry(key: string, text: string, prettiness: Prettiness): string[] {
  const literal = prettiness === 'pretty' ? formatLiteral(text, 0) : undefined
  return literal === undefined ? formatEntry(key, text, 0, prettiness) : [`${key}: ${literal.header}`, ...literal.lines]
}

/** The lines of `key: value` in a block mapping indented by `indent`. */
export function formatEntry(key: string, value: Json, indent: number, prettiness: Prettiness): string[] {
  const head = `${' '.repeat(indent)}${formatFlowText(key, prettiness)}:`
  if (prettiness === 'quoted') return [`${head} ${formatInline(value, prettiness)}`]
  if (typeof value === 'string') {
    const literal = isForLiteral(value) ? formatLiteral(value, indent) : undefined
    return literal === undefined ? [`${head} ${formatText(value)}`] : [`${head} ${literal.header}`, ...literal.lines]
  }
  const block = formatBlock(value, indent + STEP)
  return block === undefined ? [`${head} ${formatFlow(value)}`] : [head, ...block]
}

/** The lines of a list or mapping that is too long for one, else undefined. */
export const formatBlock = (value: Json, indent: number): string[] | undefined =>
  isShort(value) ? undefined : formatMembers(value, indent)

/** The lines of a list or mapping, one member after the other; undefined when it has none. */
export function formatMembers(value: Json, indent: number): string[] | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return undefined
  if (isList(value)) return value.flatMap((item) => formatItem(item, indent))
  return Object.entries(value).flatMap(([key, item]) => formatEntry(key, item, indent, 'pretty'))
}

function formatItem(value: Json, indent: number): string[] {
  const dash = `${' '.repeat(indent)}- `
  if (typeof value === 'string') {
    const literal = isForLiteral(value) ? formatLiteral(value, indent) : undefined
    return literal === undefined ? [dash + formatText(value)] : [dash + literal.header, ...literal.lines]
  }
  const [first, ...rest] = isObject(value) ? (formatMembers(value, indent + STEP) ?? []) : []
  return first === undefined ? [dash + formatFlow(value)] : [dash + first.trimStart(), ...rest]
}

/** True for what reads well on one line: no mapping in it, and no text of several lines. */
function isShort(value: Json): boolean {
  if (typeof value === 'object' && value !== null && Object.values(value).some(isObject)) return false
  const flow = formatFlow(value)
  return flow.length <= FLOW_WIDTH && !flow.includes('\\n')
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
