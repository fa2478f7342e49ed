import { PromptctlError } from '../../core/errors.js'
import type { Json } from '../../core/prompt-file.js'
import { quoteText } from './assertion.js'
import { IGNORED, RULES } from './schema-rules.js'
import { type Checker, isObject, type Schema, say, unusable } from './schema-tools.js'

export type { Schema } from './schema-tools.js'

/** Schemas that are looked at for one value: references may multiply. */
const MOST_STEPS = 1_000_000
const MAX_DEPTH = 512

/**
 * What keeps a value from fitting a schema: `age: must be a number`, or undefined. The schema is interpreted, never made
 * into code, and its patterns run in linear time. Throws `invalid_config` for a schema that cannot be used, and
 * `output_limit` for one that takes too long.
 */
export const checkSchema = (schema: Schema, value: Json): string | undefined =>
  new Check(schema).problemOf(schema, value, '', 0)

class Check implements Checker {
  readonly #root: Schema
  #steps = 0

  constructor(root: Schema) {
    this.#root = root
  }

  problemOf(schema: Schema, value: Json, path: string, depth: number): string | undefined {
    this.count(1)
    if (schema === true) return undefined
    if (schema === false) return say(path, 'must not be there')
    if (!isObject(schema)) throw unusable(`${quoteText(schema)} is no schema`)
    if (depth > MAX_DEPTH) throw tooLong()
    for (const [keyword, parameter] of Object.entries(schema)) {
      const rule = RULES.get(keyword)
      if (rule === undefined) {
        if (IGNORED.has(keyword)) continue
        throw unusable(`the keyword ${quoteText(keyword)} is not supported`)
      }
      const problem = rule(this, parameter, value, { path, depth, schema })
      if (problem !== undefined) return problem
    }
    return undefined
  }

  /** The schema in the same document that a `$ref` names. */
  resolve(reference: string): Schema {
    const pointer = reference.startsWith('#') ? decodeURIComponent(reference.slice(1)) : undefined
    if (pointer === undefined || (pointer !== '' && !pointer.startsWith('/'))) {
      throw unusable(`$ref reaches only into the schema itself, and not ${quoteText(reference)}`)
    }
    let found: unknown = this.#root
    for (const part of pointer.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined
    }
    if (found === undefined) throw unusable(`there is no ${quoteText(reference)} in the schema`)
    return found as Schema
  }

  count(steps: number): void {
    this.#steps += steps
    if (this.#steps > MOST_STEPS) throw tooLong()
  }
}

const tooLong = (): PromptctlError =>
  new PromptctlError('output_limit', 'checking the answer against the JSON Schema takes too long')
