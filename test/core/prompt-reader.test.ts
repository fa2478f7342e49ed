import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { isPromptctlError } from '../../src/core/errors.js'
import type { State } from '../../src/core/prompt-file.js'
import { isSealed, parsePrompt, readPrompt } from '../../src/core/prompt-reader.js'
import { parseTemplate } from '../../src/core/template.js'

interface Cases {
  readonly base: string
  readonly cases: readonly { name: unknown; lines?: string; file?: string; problems: string[] }[]
}

const { base, cases }: Cases = parse(
  readFileSync(new URL('../../fixtures/cases/prompt-problems.yaml', import.meta.url), 'utf8'),
)

const problemsOf = (text: string): readonly string[] =>
  readPrompt(text, 'x.yaml').problems.map(({ line, column, message }) => `${line}:${column} ${message}`)

describe('readPrompt', () => {
  it.each(cases.map((one) => [String(one.name), one] as const))(
    '[case 48] refuses: %s',
    (_, { lines, file, problems }) => {
      expect(problemsOf(file ?? base.replace('title: By hand', () => lines ?? ''))).toEqual(problems)
    },
  )

  it('reads the keys as they are written, and seals the content', () => {
    const text = base.replace(
      'template: Hi',
      `description: |
  Two
  lines
tags: ["yes", ok]
aliases: [team/greet, a.b_c-1]
published_at: 2026-01-31T02:00:00.5Z
published_by: Ada <ada@example.com>
model: {provider: yes, name: 012}
tools: [no, {a: 12:30}]
response_format: text
config: 2024-01-01
variables:
  é_1-x: {type: [string, "null"], enum: [yes, 1], default: yes, example: [{a: no}], minLength: 0, maximum: 1.5}
  list: {type: array, items: {type: object, properties: {"a b": {}}, required: [a b]}}
messages:
  - {role: system, content: "Hi {{é_1-x}}", name: on}
  - placeholder: history
  - role: user
    content: [{type: text, text: "{{list}}"}, {type: image_url, image_url: {url: no}}]
`,
    )
    const { document, problems } = readPrompt(text, 'x.yaml')
    const { prompt, seal } = document ?? {}
    expect(problems).toEqual([])
    expect(seal).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(prompt).toMatchObject({
      description: 'Two\nlines\n',
      tags: ['yes', 'ok'],
      published_at: '2026-01-31T02:00:00.5Z',
      model: { provider: 'yes', name: 12 },
      tools: ['no', { a: '12:30' }],
      config: '2024-01-01',
    })
    expect(prompt?.variables?.['é_1-x']).toMatchObject({ enum: ['yes', 1], default: 'yes', example: [{ a: 'no' }] })
    expect(prompt?.messages?.[1]).toEqual({ placeholder: 'history' })
  })

  it('takes required keys from the file alone', () => {
    expect(problemsOf(base.replace('state: draft\n', ''))).toEqual(['1:1 "state" is missing'])
  })

  it('takes a title of 300 characters, an empty template, and any text in quotes', () => {
    const title = JSON.stringify(`${'é'.repeat(295)}\u0007\r"\\:`)
    expect(problemsOf(base.replace('By hand', () => title).replace('Hi', '""'))).toEqual([])
  })

  it('reports at most 20 problems', () => {
    expect(problemsOf(base + Array.from({ length: 50 }, (_, index) => `key${index}: 1\n`).join(''))).toHaveLength(20)
  })

  it('gives the source of a file that is YAML and no prompt', () => {
    expect(readPrompt('title: x\n', 'x.yaml').source?.value).toEqual({ title: 'x' })
    expect(readPrompt('title: [', 'x.yaml').source).toBeUndefined()
  })
})

describe('parsePrompt', () => {
  it('throws once for all problems', () => {
    expect(() => parsePrompt('id: 1\ntitle: yes\n', 'prompts/a/b.yaml')).toThrow(
      expect.objectContaining({
        code: 'invalid_prompt',
        message: expect.stringMatching(/^prompts\/a\/b\.yaml:1:1: "slug" is missing \(and 5 more\)$/),
        details: {
          problems: expect.arrayContaining([expect.objectContaining({ file: 'prompts/a/b.yaml', line: 2, column: 8 })]),
        },
      }),
    )
  })
})

describe('isSealed', () => {
  const { prompt, seal } = parsePrompt(base, 'x.yaml')
  const published = {
    ...prompt,
    state: 'published' as State,
    digest: seal,
    published_at: '2026-01-31T02:00:00Z',
    published_by: 'Ada <a@b>',
  }
  const { published_by: _, ...byNobody } = published
  it.each([
    ['a draft', prompt, true],
    ['published, with its digest', published, true],
    ['published, with another digest', { ...published, digest: `sha256:${'0'.repeat(64)}` }, false],
    ['published by hand', { ...prompt, state: 'published' as State }, false],
    ['published by nobody', byNobody, false],
    ['archived, with an old digest', { ...published, state: 'archived' as State, digest: 'sha256:0' }, true],
  ])('%s', (_name, file, expected) => {
    expect(isSealed(file, seal)).toBe(expected)
  })
})

describe('a name', () => {
  const isUsable = (name: string): boolean => {
    try {
      parseTemplate(`{{${name}}}`)
      return true
    } catch (error) {
      if (!isPromptctlError(error, 'invalid_prompt')) throw error
      return false
    }
  }
  const isDeclarable = (name: string): boolean =>
    problemsOf(base.replace('template: Hi', `variables: {${JSON.stringify(name)}: {}}\ntemplate: Hi`)).length === 0
  const isPlaceholder = (name: string): boolean =>
    problemsOf(base.replace('template: Hi', `messages: [{placeholder: ${JSON.stringify(name)}}]`)).length === 0

  it.each([
    ['a_1-x', true],
    ['é', true],
    ['e\u0301te\u0301', true],
    ['नाम', true],
    ['ชื่อ', true],
    ['\u0301', true],
    ['٣', true],
    ['-', true],
    ['constructor', true],
    ['x'.repeat(200), true],
    ['𝒳'.repeat(200), true],
    ['x'.repeat(201), false],
    ['é'.repeat(201), false],
    ['', false],
    ['a b', false],
    ['a|b', false],
    ['😀', false],
    ['a\u200db', false],
    ['__proto__', false],
  ])('%j can be used, declared and filled with messages alike: %s', (name, expected) => {
    expect([isUsable(name), isDeclarable(name), isPlaceholder(name)]).toEqual([expected, expected, expected])
  })
})
