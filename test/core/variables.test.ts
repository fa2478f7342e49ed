import { describe, expect, it } from 'vitest'
import { checkPortable, isPortable } from '../../src/core/portable.js'
import type { MessageItem, PromptContent, VariableSchema } from '../../src/core/prompt-file.js'
import type { Slug } from '../../src/core/slug.js'
import { inferVariables, variablesOf } from '../../src/core/variables.js'
import { promptOf } from './prompt-of.js'

const partialsOf = (partials: Readonly<Record<string, PromptContent>>) =>
  new Map(Object.entries(partials).map(([slug, content]) => [slug as Slug, promptOf(content, slug)]))

const USER = 'Hi {{user.name}} {{{raw}}} {{#items}}{{title}}{{/items}}{{^items}}{{fb}}{{/items}}'

describe('variablesOf', () => {
  const list = (content: PromptContent, partials: Readonly<Record<string, PromptContent>> = {}) =>
    variablesOf(promptOf(content), partialsOf(partials))

  it('finds what a template needs, and what inside a section [case 57]', () => {
    const rest = { required: true, used: true, declared: false }
    expect(list({ template: USER })).toEqual([
      { name: 'user', ...rest, fields: ['name'] },
      { name: 'raw', ...rest },
      { name: 'items', ...rest, fields: ['title'] },
      { name: 'fb', ...rest },
    ])
  })
  it('carries the declaration, and lists what is declared and not used last', () => {
    const variables = { gone: {}, a: { type: 'string', default: 'x', required: ['y'] } } as const
    expect(list({ template: '{{b}}{{a}}', variables })).toEqual([
      { name: 'b', required: true, used: true, declared: false },
      { name: 'a', required: false, used: true, declared: true, type: 'string', default: 'x' },
      { name: 'gone', required: true, used: false, declared: true },
    ])
  })
  it('goes through partials, and says where a variable comes from', () => {
    const a = {
      template: '{{x}}{{y}}{{> b-00000000}}',
      variables: { x: { type: 'string' }, y: { type: 'string' } },
    } as const
    const b = { template: '{{z}}{{> gone-00000000}}' }
    const variables = { y: { type: 'number' } } as const
    expect(list({ template: '{{> a-00000000}}{{y}}', variables }, { 'a-00000000': a, 'b-00000000': b })).toEqual([
      { name: 'x', required: true, used: true, declared: true, from: 'a-00000000', type: 'string' },
      { name: 'y', required: true, used: true, declared: true, type: 'number' },
      { name: 'z', required: true, used: true, declared: false, from: 'b-00000000' },
    ])
  })
  it('takes a partial in a section for part of the section', () => {
    const line = { 'line-00000000': { template: '{{title}}' } }
    expect(list({ template: '{{#items}}{{> line-00000000}}{{/items}}' }, line).map(({ name }) => name)).toEqual([
      'items',
    ])
    const elsewhere = list({ template: '{{#items}}{{> line-00000000}}{{/items}}{{title}}' }, line)
    expect(elsewhere.map(({ name }) => name)).toEqual(['items', 'title'])
  })
  it('stands a cycle', () => {
    const cycle = { 'a-00000000': { template: '{{x}}{{> a-00000000}}' } }
    expect(list({ template: '{{> a-00000000}}' }, cycle).map(({ name }) => name)).toEqual(['x'])
  })
  it('stops partials that double one another', () => {
    const double = Object.fromEntries(
      Array.from({ length: 31 }, (_, n) => {
        const next = `p-${String(n + 1).padStart(8, '0')}`
        return [`p-${String(n).padStart(8, '0')}`, { template: `{{> ${next}}}{{> ${next}}}` }]
      }),
    )
    expect(() => list({ template: '{{> p-00000000}}' }, double)).toThrow('partials expand to over 400000 tags')
  })
  it('takes placeholders for declared', () => {
    const messages: MessageItem[] = [{ placeholder: 'history' }, { role: 'user', content: '{{q}}' }]
    expect(list({ messages })).toEqual([
      { name: 'q', required: true, used: true, declared: false },
      { name: 'history', required: true, used: true, declared: true, kind: 'placeholder' },
    ])
  })
  it('names belong to a declared list, unless it lists its properties and the prompt declares them', () => {
    const template = '{{#items}}{{title}}{{author}}{{/items}}'
    const names = (items: VariableSchema, more: Readonly<Record<string, VariableSchema>> = {}) =>
      list({ template, variables: { items, ...more } }).map(({ name, fields = [] }) => [name, ...fields].join(' '))
    const listed: VariableSchema = { type: 'array', items: { type: 'object', properties: { title: {} } } }
    expect(names({ type: 'array' })).toEqual(['items title author'])
    expect(names(listed)).toEqual(['items title author'])
    expect(names(listed, { author: {} })).toEqual(['items title', 'author'])
    expect(names({ type: 'boolean' })).toEqual(['items', 'title', 'author'])
    expect(names({ type: 'array', items: { type: 'string' } })).toEqual(['items', 'title', 'author'])
    expect(names({ type: 'object' })).toEqual(['items title author'])
  })
  it('lists nested fields with dots', () => {
    const [orders] = list({ template: '{{#orders}}{{id}}{{#lines}}{{sku.code}}{{/lines}}{{/orders}}' })
    expect(orders?.fields).toEqual(['id', 'lines.sku.code'])
  })
})

describe('inferVariables', () => {
  const title: VariableSchema = { type: 'array', items: { type: 'object', properties: { title: {} } } }
  const rows: readonly [string, Readonly<Record<string, VariableSchema>>][] = [
    ['no tags', {}],
    ['{{a}} {{{b}}} {{&c}} {{! d }}', { a: {}, b: {}, c: {} }],
    [USER, { user: { type: 'object', properties: { name: {} } }, raw: {}, items: title, fb: {} }],
    [
      '{{a.b.c}}{{a.d}}',
      { a: { type: 'object', properties: { b: { type: 'object', properties: { c: {} } }, d: {} } } },
    ],
    ['{{#a}}A{{/a}}', { a: { type: 'boolean' } }],
    ['{{^a}}A{{/a}}', { a: { type: ['boolean', 'array'] } }],
    ['{{#a}}A{{/a}}{{^a}}B{{/a}}', { a: { type: 'boolean' } }],
    ['{{#a}}{{.}}{{/a}}', { a: { type: 'array' } }],
    ['{{#a}}{{b}}{{/a}}{{b}}', { a: { type: 'boolean' }, b: {} }],
    ['{{b}}{{#a}}{{b}}{{/a}}', { b: {}, a: { type: 'boolean' } }],
    ['{{#a}}{{.}}{{b}}{{/a}}{{b}}', { a: { type: 'array', items: { type: ['string', 'number', 'boolean'] } }, b: {} }],
    ['{{#a}}{{a}}{{/a}}', { a: {} }],
    ['{{a}}{{^a}}none{{/a}}', { a: {} }],
    ['{{#user}}{{user.name}}{{/user}}', { user: { type: ['object', 'boolean'], properties: { name: {} } } }],
    ['{{#user}}{{name}}{{/user}}{{user.age}}', { user: { type: 'object', properties: { name: {}, age: {} } } }],
    ['{{#u.items}}{{title}}{{/u.items}}', { u: { type: 'object', properties: { items: title } } }],
    ['{{#a}}{{title}}{{/a}}{{#a}}again{{/a}}', { a: title }],
    [
      '{{#a}}{{#b}}{{title}}{{/b}}{{/a}}',
      { a: { type: 'array', items: { type: 'object', properties: { b: title } } } },
    ],
    ['{{constructor}}', { constructor: {} }],
    [
      'x{{#a}}A{{/a}}{{^b}}B{{/b}}{{c.d}}\n',
      {
        a: { type: 'boolean' },
        b: { type: ['boolean', 'array'] },
        c: { type: 'object', properties: { d: {} } },
      },
    ],
  ]
  it.each(rows)('%s', (template, variables) => expect(inferVariables({ template })).toEqual(variables))
  it('reads all messages, and leaves out placeholders', () => {
    const messages: MessageItem[] = [
      { role: 'system', content: '{{a}}' },
      { placeholder: 'history' },
      { role: 'user', content: [{ type: 'text', text: '{{b}}' }] },
    ]
    expect(inferVariables({ messages })).toEqual({ a: {}, b: {} })
  })
})

describe('isPortable', () => {
  const rows: readonly [string, string | undefined][] = [
    ['Hi {{name}} and {{ other_2 }}', undefined],
    ['Hi {{name}}{{{raw}}}', '11 {{{raw}}}'],
    ['{{a.b}}', '0 {{a.b}}'],
    ['{{größe}}', '0 {{größe}}'],
    ['{{kebab-case}}', '0 {{kebab-case}}'],
    ['x{{! c }}', '1 {{! c }}'],
    ['{{a}}{{#b}}{{/b}}', '5 {{#b}}'],
    ['{{> x-00000000}}', '0 {{> x-00000000}}'],
  ]
  it.each(rows)('%s', (template, first) => {
    const [found] = checkPortable(promptOf({ template }))
    expect(found && `${found.offset} ${found.tag}`).toBe(first)
    expect(isPortable(promptOf({ template }))).toBe(first === undefined)
  })
  it('is not what has a list of parts, whatever is in it', () => {
    const messages: MessageItem[] = [{ role: 'user', content: [{ type: 'text', text: 'plain' }] }]
    expect(isPortable(promptOf({ messages }))).toBe(false)
  })
  it('names the message', () => {
    const messages: MessageItem[] = [
      { role: 'user', content: 'a' },
      { role: 'user', content: [{ text: '{{a}}{{^b}}{{/b}}' }] },
    ]
    expect(checkPortable(promptOf({ messages }))).toEqual([
      { path: ['messages', 1, 'content'], offset: 0, tag: undefined },
      { path: ['messages', 1, 'content', 0, 'text'], offset: 5, tag: '{{^b}}' },
    ])
  })
})
