import { describe, expect, it } from 'vitest'
import { checkDeclarations, preparePrompt } from '../../src/core/compile.js'
import { isPromptctlError } from '../../src/core/errors.js'
import { partialsOf } from '../../src/core/partials.js'
import type { PromptContent, PromptFile } from '../../src/core/prompt-file.js'
import type { JsonPath, PromptSource } from '../../src/core/prompt-templates.js'
import type { Environment, Slug } from '../../src/core/slug.js'
import { inferVariables } from '../../src/core/variables.js'

const promptOf = (slug: string, content: PromptContent): PromptFile => ({
  id: '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88',
  slug: slug as Slug,
  title: slug,
  environment: 'development' as Environment,
  state: 'draft',
  ...content,
})

/** The line tells the path by its length, the column is the offset: enough to see that both arrive. */
const locate = (path: JsonPath, offset: number) => ({ line: path.length * 10, column: offset + 1 })

const sourceOf = (slug: string, content: PromptContent): PromptSource => ({
  file: `${slug}.yaml`,
  prompt: promptOf(slug, content),
  locate,
})

type Contents = Readonly<Record<string, PromptContent>>

const prepare = (content: PromptContent, partials: Contents = {}) =>
  preparePrompt(sourceOf('root-00000000', content), (slug) => {
    const partial = Object.hasOwn(partials, slug) ? partials[slug] : undefined
    return partial && sourceOf(slug, partial)
  })

function failureOf(run: () => unknown) {
  try {
    return { gave: run() }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return { code: error.code, message: error.message, details: error.details }
  }
}

describe('preparePrompt', () => {
  it('says where a template is wrong [case 56]', () => {
    expect(failureOf(() => prepare({ messages: [{ role: 'user', content: [{ text: 'ab{{c|d}}' }] }] }))).toEqual({
      code: 'invalid_prompt',
      message: '{{c|d}} is not a name of letters, digits, _ and -, joined by dots',
      details: {
        file: 'root-00000000.yaml',
        line: 50,
        column: 3,
        path: ['messages', 0, 'content', 0, 'text'],
        offset: 2,
      },
    })
  })
  it('names a missing partial, and the file that wants it [case 56]', () => {
    const partials = { 'a-00000000': { template: '\n{{> b-00000000}}' } }
    expect(failureOf(() => prepare({ template: '{{> a-00000000}}' }, partials))).toEqual({
      code: 'missing_partial',
      message: 'there is no prompt b-00000000 here to include as a partial',
      details: { partial: 'b-00000000', file: 'a-00000000.yaml', line: 10, column: 2 },
    })
  })
  const cycles: readonly [string, Contents, string][] = [
    ['itself', {}, 'root-00000000 -> root-00000000'],
    ['two', { 'a-00000000': { template: '{{> root-00000000}}' } }, 'root-00000000 -> a-00000000 -> root-00000000'],
    [
      'three',
      { 'a-00000000': { template: '{{> b-00000000}}' }, 'b-00000000': { template: '{{> root-00000000}}' } },
      'root-00000000 -> a-00000000 -> b-00000000 -> root-00000000',
    ],
    [
      'further down',
      { 'a-00000000': { template: '{{> b-00000000}}' }, 'b-00000000': { template: '{{> a-00000000}}' } },
      'a-00000000 -> b-00000000 -> a-00000000',
    ],
  ]
  it.each(cycles)('names the chain of a cycle: %s [case 56]', (_, partials, chain) => {
    const first = Object.keys(partials)[0] ?? 'root-00000000'
    expect(failureOf(() => prepare({ template: `{{#x}}{{> ${first}}}{{/x}}` }, partials))).toMatchObject({
      code: 'partial_cycle',
      message: `partials include one another in a circle: ${chain}`,
      details: { chain: chain.split(' -> ') },
    })
  })
  it('refuses a chat prompt as a partial', () => {
    expect(
      failureOf(() => prepare({ template: '{{> a-00000000}}' }, { 'a-00000000': { messages: [] } })),
    ).toMatchObject({
      code: 'invalid_prompt',
      message: 'a-00000000 is a chat prompt, and only a text prompt can be a partial',
    })
  })
  const numbered = (n: number) => `p-${String(n).padStart(8, '0')}`
  const chainOf = (length: number): Contents =>
    Object.fromEntries(
      Array.from({ length }, (_, n) => [
        numbered(n),
        { template: n + 1 < length ? `{{> ${numbered(n + 1)}}}` : 'end' },
      ]),
    )
  it('allows partials 32 deep and no deeper, whichever way they are found', () => {
    const all = (length: number) => Array.from({ length }, (_, n) => `{{> ${numbered(length - 1 - n)}}}`).join('')
    expect(prepare({ template: `{{> ${numbered(0)}}}` }, chainOf(32)).compile({})).toBe('end')
    for (const template of [`{{> ${numbered(0)}}}`, all(33), all(5000)]) {
      expect(failureOf(() => prepare({ template }, chainOf(5000)))).toMatchObject({ code: 'invalid_prompt' })
    }
  })
  it('knows all partials, in byte order', () => {
    const partials = { 'b-00000000': { template: '{{> a-00000000}}' }, 'a-00000000': { template: 'x' } }
    const prepared = prepare({ template: '{{> b-00000000}}' }, partials)
    expect(prepared.partials).toEqual(['a-00000000', 'b-00000000'])
    expect([...prepared.partialFiles.values()].map(({ title }) => title)).toEqual(['a-00000000', 'b-00000000'])
    expect(partialsOf({ file: 'a', prompt: prepared.prompt })).toEqual(['b-00000000'])
  })
})

describe('compile', () => {
  it('compiles again and again, and keeps nothing', () => {
    const prepared = prepare(
      { template: '{{#l}}{{.}},{{/l}}{{> a-00000000}}' },
      { 'a-00000000': { template: '{{x}}' } },
    )
    expect(prepared.compile({ l: [1, 2], x: 'a' })).toBe('1,2,a')
    expect(failureOf(() => prepared.compile({ l: [1] }))).toMatchObject({ code: 'missing_variable' })
    expect(prepared.compile({ l: [], x: 'b' })).toBe('b')
  })
  it('gives the place of each missing variable, in its own file [case 52]', () => {
    const prepared = prepare({ template: 'ab{{x}}{{> a-00000000}}' }, { 'a-00000000': { template: 'a{{y}}' } })
    expect(failureOf(() => prepared.compile({}))).toEqual({
      code: 'missing_variable',
      message: 'no value for x (root-00000000.yaml:10:3), y (a-00000000.yaml:10:2)',
      details: {
        variables: [
          { name: 'x', file: 'root-00000000.yaml', line: 10, column: 3 },
          { name: 'y', file: 'a-00000000.yaml', line: 10, column: 2 },
        ],
      },
    })
  })
  it('takes what new declares, with what the template wants', () => {
    const template = 'x{{#a}}A{{/a}}{{^b}}B{{/b}}{{c.d}}\n'
    const prepared = prepare({ template, variables: inferVariables({ template }) })
    expect(prepared.compile({ a: false, b: [], c: { d: 0 } }, { strict: true })).toBe('xB0\n')
    expect(failureOf(() => prepared.compile({ c: {} })).message).toMatch(/a \(.*b \(.*c\.d \(/)
    for (const d of [null, {}, [1]]) {
      expect(failureOf(() => prepared.compile({ a: false, b: false, c: { d } })).code).toBe('invalid_variable')
    }
  })
  it('words all problems with values', () => {
    const variables = { n: { type: 'integer', maximum: 5 }, s: { maxLength: 1 }, unused: { type: 'array' } } as const
    const prepared = prepare({ template: '{{n}}{{s}}', variables })
    expect(failureOf(() => prepared.compile({ n: 7, s: 'ab', unused: 1 }))).toEqual({
      code: 'invalid_variable',
      message: 'n must be at most 5; s must be at most 1 character; unused must be a list, not 1',
      details: {
        variables: [
          { name: 'n', message: 'n must be at most 5', file: 'root-00000000.yaml', line: 10, column: 1 },
          { name: 's', message: 's must be at most 1 character', file: 'root-00000000.yaml', line: 10, column: 6 },
          { name: 'unused', message: 'unused must be a list, not 1', file: 'root-00000000.yaml', line: 20, column: 1 },
        ],
      },
    })
  })
  it("checks against the prompt's own declaration before a partial's", () => {
    const partials = {
      'a-00000000': { template: '{{n}}', variables: { n: { type: 'integer' }, p: { type: 'integer' } } },
    } as const
    const prepared = prepare({ template: '{{p}}{{> a-00000000}}', variables: { n: { type: 'string' } } }, partials)
    expect(prepared.compile({ n: 'x', p: 1 }, { strict: true })).toBe('1x')
    expect(failureOf(() => prepared.compile({ n: 'x', p: 'y' })).code).toBe('invalid_variable')
  })
  it('limits the output of all messages together', () => {
    const messages = [
      { role: 'user', content: '{{a}}' },
      { role: 'user', content: [{ text: '{{a}}' }] },
    ]
    const prepared = prepare({ messages })
    expect(prepared.compile({ a: 'xyz' }, { outputLimit: 6 })).toHaveLength(2)
    expect(failureOf(() => prepared.compile({ a: 'xyz' }, { outputLimit: 5 })).code).toBe('output_limit')
  })
  it('takes the default of a placeholder, and refuses null for it', () => {
    const prepared = prepare({
      messages: [{ placeholder: 'h' }],
      variables: { h: { default: [{ role: 'user', content: 'hi' }] } },
    })
    expect(prepared.compile({})).toEqual([{ role: 'user', content: 'hi' }])
    expect(failureOf(() => prepared.compile({ h: null }))).toMatchObject({
      code: 'invalid_variable',
      message: 'h must be a list of messages, each with role and content',
    })
  })
  it('leaves the values and the prompt as they were', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: '{{a}}' }] }]
    const before = JSON.stringify(messages)
    const compiled = prepare({ messages }).compile({ a: 1 })
    expect(compiled).toEqual([{ role: 'user', content: [{ type: 'text', text: '1' }] }])
    expect(JSON.stringify(messages)).toBe(before)
  })
})

describe('checkDeclarations', () => {
  it('finds both kinds with their places, and leaves alone what a partial declares', () => {
    const prepared = prepare(
      { template: '{{a}}{{b}}{{> p-00000000}}', variables: { a: {}, gone: {} } },
      { 'p-00000000': { template: 'x{{c}}{{d}}', variables: { d: {}, unusedThere: {} } } },
    )
    expect(checkDeclarations(prepared)).toEqual({
      undeclared: [
        { name: 'b', file: 'root-00000000.yaml', line: 10, column: 6 },
        { name: 'c', file: 'p-00000000.yaml', line: 10, column: 2 },
      ],
      unused: [{ name: 'gone', file: 'root-00000000.yaml', line: 20, column: 1 }],
    })
  })
  it('takes a placeholder for declared and used', () => {
    const prepared = prepare({ messages: [{ placeholder: 'h' }], variables: { h: { type: 'array' } } })
    expect(checkDeclarations(prepared)).toEqual({ undeclared: [], unused: [] })
    expect(checkDeclarations(prepare({ messages: [{ placeholder: 'h' }] }))).toEqual({ undeclared: [], unused: [] })
  })
})
