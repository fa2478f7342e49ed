import type { Values } from './compile.js'
import { PromptctlError } from './errors.js'
import { tryParseJson } from './json.js'
import { readYaml } from './yaml-source.js'

/**
 * Reads the values of variables from JSON or YAML, which must be a mapping. JSON is read as JSON: it may hold any text, and what
 * a prompt file must not hold. Throws `usage` with the place of the mistake.
 */
export function parseValues(bytes: Uint8Array, name: string): Values {
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes)
  // A flow mapping of YAML begins like JSON; where it is none, YAML's reader says what is wrong.
  const value = /^\s*[[{"]/.test(text) ? tryParseJson(text) : undefined
  if (value === undefined) return readYaml(bytes, name, 'usage').value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values
  throw new PromptctlError('usage', `${name} must hold a mapping of names to values`, {
    hint: '{"name": "Ada", "items": ["a", "b"]}',
  })
}
