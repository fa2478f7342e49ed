import { tryParseJson } from '../../core/json.js'
import type { Json } from '../../core/prompt-file.js'
import { readYaml } from '../../core/yaml-source.js'
import type { Kind } from './assertion.js'
import { findJson } from './find-json.js'
import { checkSchema, type Schema } from './json-schema.js'

/** Keys and values, or true or false; or text that says so in JSON or YAML. Undefined: any JSON will do. */
function schemaOf(value: Json | undefined): Schema | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') return value as Schema
  const parsed = tryParseJson(value)
  return (parsed ?? readYaml(value, 'the schema', 'invalid_config').value) as Schema
}

const check: NonNullable<Kind['check']> = ({ value }) =>
  typeof value === 'number' || Array.isArray(value) ? '"value" must be a JSON Schema' : undefined

/** The whole answer is JSON, and fits the schema if there is one. */
export const isJson: Kind = {
  check,
  judge: ({ output }, { value }) => {
    const schema = schemaOf(value)
    const json = tryParseJson(output)
    const wanted = () => (schema === undefined ? 'be JSON' : 'be JSON that fits the schema')
    if (json === undefined) return { holds: false, wanted, found: 'it is no JSON' }
    const problem = schema === undefined ? undefined : checkSchema(schema, json as Json)
    return { holds: problem === undefined, wanted, found: problem }
  },
}

/** Some object or list in the answer is JSON, and fits the schema if there is one. */
export const containsJson: Kind = {
  check,
  judge: ({ output }, { value }) => {
    const schema = schemaOf(value)
    const wanted = () => (schema === undefined ? 'contain JSON' : 'contain JSON that fits the schema')
    let found = 'there is none in it'
    for (const json of findJson(output)) {
      const problem = schema === undefined ? undefined : checkSchema(schema, json)
      if (problem === undefined) return { holds: true, wanted }
      found = problem
    }
    return { holds: false, wanted, found }
  },
}
