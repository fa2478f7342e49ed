import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { VariableSchema } from '../../src/core/prompt-file.js'
import { checkValue, isConstraining } from '../../src/core/value-schema.js'

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[]
}

const KEYWORDS = [
  ...['type', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength', 'items', 'minItems', 'maxItems', 'properties'],
  ...['required', 'default', 'title', 'description'],
]

/** True for a schema that is written with our keywords alone. */
function isOurs(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false
  const { properties = {}, items } = schema as { properties?: object; items?: unknown }
  if (!Object.keys(schema).every((keyword) => KEYWORDS.includes(keyword))) return false
  return Object.values(properties).every(isOurs) && (items === undefined || isOurs(items))
}

const suite = join(
  dirname(createRequire(import.meta.url).resolve('json-schema-test-suite/package.json')),
  'tests/draft4',
)
const groups = readdirSync(suite)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) =>
    (JSON.parse(readFileSync(join(suite, file), 'utf8')) as Group[]).map((group) => ({ ...group, file })),
  )
  .filter(({ schema }) => isOurs(schema))

describe('the public JSON Schema test suite, draft 4', () => {
  it('has something to say about each keyword', () => {
    expect(groups.length).toBeGreaterThanOrEqual(24)
    expect(groups.flatMap(({ tests }) => tests).length).toBeGreaterThanOrEqual(90)
    for (const keyword of KEYWORDS.slice(0, 11)) {
      expect(
        groups.some(({ schema }) => Object.hasOwn(schema as object, keyword)),
        keyword,
      ).toBe(true)
    }
  })
  for (const { file, description, schema, tests } of groups) {
    it.each(tests)(`${file}: ${description}: $description`, ({ data, valid }) => {
      expect(checkValue(schema as VariableSchema, data, 'value').length === 0).toBe(valid)
    })
  }
})

describe('checkValue: what the user reads', () => {
  const titles: VariableSchema = {
    items: { type: 'object', properties: { title: { maxLength: 2 } }, required: ['id'] },
  }
  const rows: readonly [VariableSchema, unknown, readonly string[]][] = [
    [{}, null, []],
    [titles, [{ id: 1, title: 'ab' }], []],
    [titles, [{ id: 1 }, { title: 'abc' }], ['x[1].id is required', 'x[1].title must be at most 2 characters']],
    [{ type: 'string' }, 1, ['x must be text, not 1']],
    [{ type: ['integer', 'null'] }, 'a', ['x must be a whole number or null, not text']],
    [{ type: 'object' }, [], ['x must be an object, not a list']],
    [{ type: 'number' }, Number.NaN, ['x must be a number, not NaN']],
    [{ enum: ['a', { b: [1] }] }, { b: [2] }, ['x must be one of "a", {"b":[1]}']],
    [{ enum: [{ b: [1] }] }, { b: [1] }, []],
    [{ minLength: 1 }, '', ['x must be at least 1 character']],
    [{ maxLength: 1 }, '😀', []],
    [{ minimum: 1, maximum: 2 }, 3, ['x must be at most 2']],
    [{ minItems: 2 }, [1], ['x must have at least 2 items']],
    [{ required: ['toString'] }, {}, ['x.toString is required']],
  ]
  it.each(rows)('%j of %j', (schema, value, problems) => expect(checkValue(schema, value, 'x')).toEqual(problems))
  it('stops at twenty problems', () => {
    expect(
      checkValue(
        { items: { type: 'string' } },
        Array.from({ length: 100_000 }, () => 1),
        'x',
      ),
    ).toHaveLength(20)
  })
})

describe('isConstraining', () => {
  it.each([
    [{}, false],
    [{ description: 'd', example: 1, default: 2, title: 't' }, false],
    [{ type: 'string' }, true],
    [{ maxItems: 0 }, true],
  ] as const)('%j: %s', (schema, expected) => expect(isConstraining(schema)).toBe(expected))
})
