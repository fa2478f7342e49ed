import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/prompt-file.js'
import { checkSchema, type Schema } from '../../src/evaluation/assertions/json-schema.js'

interface Suite {
  readonly description: string
  readonly schema: Schema
  readonly tests: readonly { readonly description: string; readonly data: Json; readonly valid: boolean }[]
}

const folder = join(
  dirname(createRequire(import.meta.url).resolve('json-schema-test-suite/package.json')),
  'tests/draft4',
)
const suites = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) =>
    (JSON.parse(readFileSync(join(folder, name), 'utf8')) as Suite[]).map((suite) => ({ ...suite, name })),
  )

/** Bounds as true or false are draft 4's own; other documents, ids, and made-up keywords are refused here. */
const UNSUPPORTED = /"exclusiveM\w+":(true|false)|http:|"id"|tilda/
const supported = suites.filter(({ schema }) => !UNSUPPORTED.test(JSON.stringify(schema)))

describe('the public test suite of JSON Schema', () => {
  it.each(supported.map((suite) => [`${suite.name}: ${suite.description}`, suite] as const))(
    '%s',
    (_, { schema, tests }) => {
      for (const { description, data, valid } of tests) {
        expect(checkSchema(schema, data) === undefined, description).toBe(valid)
      }
    },
  )

  it('is mostly of use', () => {
    expect(supported.length).toBeGreaterThan(50)
  })
})

describe('newer keywords', () => {
  it.each<[Schema, Json, string | undefined]>([
    [{ const: { a: 1 } }, { a: 1 }, undefined],
    [{ exclusiveMinimum: 3 }, 3, 'it must be more than 3'],
    [{ prefixItems: [{ type: 'string' }], items: { type: 'number' } }, ['a', 1, 'b'], '[2] must be of type number'],
    [{ items: [{ type: 'string' }], additionalItems: false }, ['a', 1], '[1] must not be there'],
    [{ contains: { const: 1 }, maxContains: 1 }, [1, 1], 'it must hold at most 1 such items'],
    [JSON.parse('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}'), { a: 1 }, 'b is missing'],
    [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'b is missing'],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, 'ab must have at most 1 characters'],
    [{ type: 'object', additionalProperties: false, properties: { a: {} } }, { a: 1, b: 2 }, 'b must not be there'],
    [{ required: ['toString'] }, {}, 'toString is missing'],
    [{ format: 'email' }, 'ada@example.com', undefined],
    [{ format: 'date' }, '2026-02-30', 'it must be a date'],
    [{ format: 'date-time' }, '2026-01-31T02:00:00Z', undefined],
    [
      { properties: { a: { items: { $ref: '#/$defs/n' } } }, $defs: { n: { type: 'number' } } },
      { a: [1, 'x'] },
      'a[1] must be of type number',
    ],
  ])('%j of %j', (schema, value, problem) => {
    expect(checkSchema(schema, value)).toBe(problem)
  })
})
