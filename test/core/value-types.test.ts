import { describe, expect, it } from 'vitest'
import { createDelivered, type DeliveredPrompt } from '../../src/core/delivered.js'
import type { Oid } from '../../src/core/history.js'
import type { PromptFile } from '../../src/core/prompt-file.js'
import type { Environment, Slug } from '../../src/core/slug.js'
import { formatPromptTypes } from '../../src/core/value-types.js'

const create = (more: Partial<PromptFile>): DeliveredPrompt => {
  const prompt: PromptFile = {
    id: '00000001-4e9d-4c6b-9a51-0d2f6c1b7e88',
    slug: 'greet-00000001' as Slug,
    title: 'Greet',
    environment: 'production' as Environment,
    state: 'published',
    ...(more.messages === undefined ? { template: '' } : {}),
    ...more,
  }
  return createDelivered({ prompt, digest: '', blob: '' as Oid, origin: undefined }, new Map())
}

/** What stands between the braces of the one prompt. */
const typesOf = (more: Partial<PromptFile>): string =>
  /'greet-00000001': (.*?)\n {2}\}\n\}\n$/s.exec(formatPromptTypes([create(more)]))?.[1]?.replace(/\n\s*/g, ' ') ?? ''

const typeOf = (schema: object, template = '{{x}}'): string =>
  /^\{ (.*) \}$/.exec(typesOf({ template, variables: { x: schema } }))?.[1] ?? ''

describe('the type of a variable', () => {
  it.each([
    [{}, 'x: {}'],
    [{ type: 'string' }, 'x: string'],
    [{ type: 'integer' }, 'x: number'],
    [{ type: 'boolean', default: false }, 'x?: boolean'],
    [{ type: ['string', 'null'] }, 'x: string | null'],
    [
      { enum: ['en', "it's", 1, true, null, ['a'], { k: 1 }] },
      "x: 'en' | 'it\\'s' | 1 | true | null | readonly ['a'] | { k: 1 }",
    ],
    [{ type: 'array' }, 'x: readonly unknown[]'],
    [{ type: 'array', items: { type: 'string' } }, 'x: readonly string[]'],
    [{ type: 'array', items: { type: ['string', 'number'] } }, 'x: readonly (string | number)[]'],
    [{ type: 'array', items: { type: 'array', items: { type: 'string' } } }, 'x: readonly (readonly string[])[]'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, "x: readonly ('a' | 'b')[]"],
    [{ type: 'object' }, 'x: object'],
    [
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] },
      'x: { a: string b?: number }',
    ],
  ])('%j', (schema, type) => {
    expect(typeOf(schema)).toBe(type)
  })

  it('wants the parts that the template uses', () => {
    const user = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'number', default: 1 } } }
    expect(typeOf(user, '{{x.name}} {{x.age}} {{x.more}}')).toBe('x: { name: string age?: number more: {} }')
    const list = {
      type: 'array',
      items: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
    }
    expect(typeOf(list, '{{#x}}{{a}}{{/x}}')).toBe('x: readonly { a: string b?: string }[]')
  })

  it('is optional when nothing uses it', () => {
    expect(typeOf({ type: 'string' }, 'Hi')).toBe('x?: string')
  })

  it('of a placeholder is a list of messages', () => {
    expect(typesOf({ messages: [{ role: 'system', content: 'Hi {{name}}' }, { placeholder: 'history' }] })).toBe(
      "{ name: {} history: readonly import('promptctl').Message[] }",
    )
  })
})

describe('the file', () => {
  it('is the same each time, with aliases beside their prompts', () => {
    const first = create({ template: '{{name}}', aliases: ['team/greet', 'other-00000002'] })
    const second = create({ slug: 'other-00000002' as Slug, title: 'Other', aliases: ['team/greet'] })
    expect(formatPromptTypes([first, second])).toBe(`// Made by promptctl types. Not to be edited.
export {}

declare module 'promptctl' {
  interface Prompts {
    /** Greet */
    'greet-00000001': {
      name: {}
    }
    'team/greet': Prompts['greet-00000001']
    /** Other */
    'other-00000002': {}
  }
}
`)
  })

  it('quotes hostile text', () => {
    const evil = "*/ }; evil(); /* ' ` ${x} \\ \n \u2028 \u202e \u001b \ud800"
    const text = formatPromptTypes([
      create({ title: evil, template: '{{x}}', variables: { x: { enum: [evil], description: evil } } }),
    ])
    const code = text.replace(/\/\*\*.*?\*\//gs, '').replace(/'(?:[^'\\]|\\.)*'/g, "''")
    expect(code).not.toContain('evil')
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}]|(?!\n)\p{Cc}/u)
  })

  it('quotes names that are no identifiers', () => {
    expect(typesOf({ template: '{{first-name}}{{größe}}{{1}}' })).toBe("{ 'first-name': {} 'größe': {} '1': {} }")
  })
})
