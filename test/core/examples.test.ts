import { describe, expect, it } from 'vitest'
import { preparePrompt } from '../../src/core/compile.js'
import { exampleValues } from '../../src/core/examples.js'
import type { PromptContent, VariableSchema } from '../../src/core/prompt-file.js'
import { promptOf } from './prompt-of.js'

describe('exampleValues', () => {
  const examples = (content: PromptContent) => {
    const prepared = preparePrompt({ file: 'a.yaml', prompt: promptOf(content) }, () => undefined)
    return exampleValues(prepared)
  }
  const of = (template: string, variables: Readonly<Record<string, VariableSchema>>) =>
    examples({ template, variables })
  const title: VariableSchema = { type: 'object', properties: { title: { example: 'A' } } }

  it('takes the example, else the default', () => {
    expect(of('{{a}}{{b}}', { a: { example: 1, default: 2 }, b: { default: false }, unused: {} })).toEqual({
      values: { a: 1, b: false },
      without: [],
    })
  })
  it('makes objects and lists of the examples in them', () => {
    expect(of('{{o.title}}{{#l}}{{title}}{{/l}}', { o: title, l: { type: 'array', items: title } })).toEqual({
      values: { o: { title: 'A' }, l: [{ title: 'A' }] },
      without: [],
    })
  })
  it('names those that have neither', () => {
    expect(of('{{a}}{{b}}{{c}}', { a: { example: 1 }, b: {} })).toEqual({ values: { a: 1 }, without: ['b', 'c'] })
  })
  it.each<[string, VariableSchema]>([
    ['too few', { type: 'array', items: title, minItems: 2 }],
    ['too many', { type: 'array', items: title, maxItems: 0 }],
    ['what is required', { ...title, required: ['price'] }],
    ['the type', { ...title, type: ['array'] }],
    ['the choice', { ...title, enum: [{ title: 'B' }] }],
    ['further in', { type: 'array', items: { ...title, required: ['price'] } }],
  ])('makes none that its declaration refuses: %s', (_, schema) => {
    expect(of('{{#v}}x{{/v}}', { v: schema })).toEqual({ values: {}, without: ['v'] })
  })
  it('leaves an example that somebody wrote as it is, however wrong', () => {
    const items: VariableSchema = { type: 'integer', example: 'x' }
    expect(of('{{#v}}x{{/v}}', { v: { type: 'array', items } })).toEqual({ values: { v: ['x'] }, without: [] })
  })
  it('gives a placeholder no messages, where none may be', () => {
    const messages = [{ placeholder: 'h' }]
    expect(examples({ messages })).toEqual({ values: { h: [] }, without: [] })
    const h: VariableSchema = { type: 'array', items: { properties: { role: { example: 'user' } } } }
    expect(examples({ messages, variables: { h } })).toEqual({ values: { h: [] }, without: [] })
    expect(examples({ messages, variables: { h: { ...h, minItems: 1 } } })).toEqual({ values: {}, without: ['h'] })
  })
})
