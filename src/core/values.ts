import type { Values } from './compile.js'
import { PromptctlError } from './errors.js'
import { readExactJson } from './exact-json.js'
import { Lines } from './yaml/lines.js'
import { readYaml, YamlProblems } from './yaml-source.js'

/**
 * Reads the values of variables from JSON or YAML, which must be a mapping. JSON is read as JSON: it may hold any text, and what
 * a prompt file must not hold. A byte order mark is passed over. Throws `usage` with the place of the mistake, also for a
 * number, a key or a byte that would be lost.
 */
export function parseValues(bytes: Uint8Array, name: string): Values {
  const content = withoutMark(bytes)
  const text = tryDecode(content)
  // A flow mapping of YAML begins like JSON; where it is none, YAML's reader says what is wrong. So it does with other bytes.
  const { value, fault } = text !== undefined && /^\s*[[{"]/.test(text) ? readExactJson(text) : {}
  if (text !== undefined && fault !== undefined) {
    const { line, column } = new Lines(text).positionAt(fault.offset)
    throw new YamlProblems('usage', name, [{ line, column, message: fault.message }])
  }
  if (value === undefined) return readYaml(content, name, 'usage').value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values
  throw new PromptctlError('usage', `${name} must hold a mapping of names to values`, {
    hint: '{"name": "Ada", "items": ["a", "b"]}',
  })
}

const MARK = [0xef, 0xbb, 0xbf]

const withoutMark = (bytes: Uint8Array): Uint8Array =>
  MARK.every((byte, index) => bytes[index] === byte) ? bytes.subarray(MARK.length) : bytes

/** Undefined for bytes that are not UTF-8. */
function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
