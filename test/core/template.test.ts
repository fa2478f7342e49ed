import fc from 'fast-check'
import Mustache from 'mustache'
import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { parseTemplate, type TemplateNode } from '../../src/core/template.js'
import { expectEffort } from '../helpers/effort.js'

/** `offset: message` of the fault, or `fine`. */
function faultOf(text: string): string {
  try {
    parseTemplate(text)
    return 'fine'
  } catch (error) {
    if (!isPromptctlError(error, 'invalid_prompt')) throw error
    return `${error.details?.offset}: ${error.message}`
  }
}

describe('parseTemplate: faults, with their place [case 56]', () => {
  const faults: readonly [string, string][] = [
    ['ab {{a|upper}}', '3: {{a|upper}} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{ }}', '0: {{ }} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{"x"}}', '0: {{"x"}} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{a b}}', '0: {{a b}} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{a.}}', '0: {{a.}} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{..}}', '0: {{..}} is not a name of letters, digits, _ and -, joined by dots'],
    ['{{{}}}', '0: {{{}}} is not a name of letters, digits, _ and -, joined by dots'],
    ['a {{#__proto__}}', '2: {{#__proto__}}: __proto__ cannot be a name'],
    ['{{a.__proto__.b}}', '0: {{a.__proto__.b}}: __proto__ cannot be a name'],
    ['a\n{{b', '2: the tag {{b is never closed with }}'],
    ['{{{b}}', '0: the tag {{{b}} is never closed with }}}'],
    ['{{=<% %>=}}<%b}}', '11: the tag <%b}} is never closed with %>'],
    ['{{#a}}\n{{^b}}{{/b}}', '0: the section {{#a}} is never closed'],
    ['{{#a}}{{#b}}{{/a}}{{/b}}', '6: the section {{#b}} is not closed before {{/a}}'],
    ['x{{/a}}', '1: {{/a}} closes a section that is not open'],
    ['{{=x=}}', '0: a tag that sets delimiters looks like {{=<% %>=}}'],
    ['{{=a b}}', '0: a tag that sets delimiters looks like {{=<% %>=}}'],
    ['{{> tone}}', '0: {{> tone}} does not name a partial by its whole slug, such as {{> tone-1a2b3c4d}}'],
    [
      '{{> ../x-1a2b3c4d}}',
      '0: {{> ../x-1a2b3c4d}} does not name a partial by its whole slug, such as {{> tone-1a2b3c4d}}',
    ],
    [`{{#a}}`.repeat(33) + `{{/a}}`.repeat(33), '192: sections nest deeper than 32'],
  ]
  it.each(faults)('%s', (text, fault) => expect(faultOf(text)).toBe(fault))
  it('allows 32 levels', () => expect(faultOf(`{{#a}}`.repeat(32) + `{{/a}}`.repeat(32))).toBe('fine'))
  it('quotes the start of a long tag, on one line', () => {
    expect(faultOf(`{{a\n${'x'.repeat(100)}}}`)).toMatch(/^0: \{\{a x{36}… is not a name/)
  })
})

describe('parseTemplate: the tree', () => {
  const text = (value: string) => ({ kind: 'text', text: value })
  const value = (name: string, offset: number, verbatim = false) => ({ kind: 'value', name, verbatim, offset })
  const trees: readonly [string, readonly unknown[]][] = [
    ['', []],
    ['plain }} text {', [text('plain }} text {')]],
    ['a{{ b }}c{{&d}}{{{ e.f }}}', [text('a'), value('b', 1), text('c'), value('d', 9, true), value('e.f', 15, true)]],
    ['{{! {{x}}', []],
    ['  {{! c }}  \r\nb', [text('b')]],
    ['  {{! c }} b', [text('  '), text(' b')]],
    ['{{=| |=}}|a|{{b}}', [value('a', 9), text('{{b}}')]],
    [
      'a\n\t{{> x-00000000}} \nb',
      [text('a\n'), { kind: 'partial', slug: 'x-00000000', indent: '\t', offset: 3 }, text('b')],
    ],
    ['a {{> x-00000000}}', [text('a '), { kind: 'partial', slug: 'x-00000000', indent: '', offset: 2 }]],
    [
      'a\n {{#s}}\n b\n {{/s}}\n',
      [text('a\n'), { kind: 'section', name: 's', inverted: false, nodes: [text(' b\n')], offset: 3 }],
    ],
  ]
  it.each(trees)('%j', (source, nodes) => expect(parseTemplate(source).nodes).toEqual(nodes))
})

type Outline = readonly [type: string, name: string, offset: number, inside?: readonly Outline[]]

const outlineOf = (nodes: readonly TemplateNode[]): Outline[] =>
  nodes.flatMap((node): Outline[] => {
    if (node.kind === 'text') return []
    if (node.kind === 'partial') return [['>', node.slug, node.offset]]
    if (node.kind === 'value') return [[node.verbatim ? '&' : 'name', node.name, node.offset]]
    return [[node.inverted ? '^' : '#', node.name, node.offset, outlineOf(node.nodes)]]
  })

const outlineOfTokens = (tokens: readonly unknown[][]): Outline[] =>
  tokens.flatMap((token): Outline[] => {
    const [type, name, offset, , inside] = token as [string, string, number, number, unknown[][]]
    if (type === 'text' || type === '!' || type === '=') return []
    return [type === '#' || type === '^' ? [type, name, offset, outlineOfTokens(inside)] : [type, name, offset]]
  })

describe('parseTemplate against mustache.js on whole templates', () => {
  const pieces = [
    '{{',
    '}}',
    '{{{',
    '}}}',
    '{',
    '}',
    '#a',
    '^a',
    '/a',
    '&a',
    '!',
    '> x-00000000',
    'a',
    'b.c',
    '.',
    ' ',
    '\n',
    '\r\n',
  ]
  const whole = [
    '{{a}}',
    '{{{a}}}',
    '{{#a}}',
    '{{^a}}',
    '{{/a}}',
    '{{! x }}',
    '{{=<% %>=}}',
    '<%a%>',
    '<%={{ }}=%>',
    '<%#a%>',
    '<%/a%>',
  ]
  it('finds the same tags at the same places', () => {
    let fine = 0
    const check = (text: string) => {
      const writer = Object.assign(new Mustache.Writer(), { templateCache: undefined })
      if (faultOf(text) !== 'fine') return
      fine += 1
      expect(outlineOf(parseTemplate(text).nodes)).toEqual(outlineOfTokens(writer.parse(text)))
    }
    const template = fc
      .array(fc.constantFrom(...pieces, ...whole, ...whole), { maxLength: 12 })
      .map((parts) => parts.join(''))
    fc.assert(fc.property(template, check), { numRuns: 5000, seed: 1 })
    expect(fine).toBeGreaterThan(500)
  })
  it('refuses what it refuses', () => {
    const refuses = (text: string) => {
      try {
        Mustache.parse(text)
        return false
      } catch {
        return true
      }
    }
    const template = fc.array(fc.constantFrom(...whole, 'x'), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(template, (text) => !refuses(text) || faultOf(text) !== 'fine'),
      { numRuns: 2000, seed: 2 },
    )
  })
})

describe('parseTemplate: a mebibyte of anything, in under half a second', () => {
  const fill = (part: string) => part.repeat(Math.floor((1024 * 1024) / part.length))
  const texts: readonly [string, string][] = [
    ['100,000 values', '{{a}} '.repeat(100_000)],
    ['100,000 sections', '{{#a}}{{/a}}'.repeat(50_000)],
    ['open sections', fill('{{#a}}')],
    ['braces', fill('{{')],
    ['triple braces', fill('{{{')],
    ['values', fill('{{a}}')],
    ['sections', fill('{{#a}}{{/a}}')],
    ['deep sections', '{{#a}}'.repeat(50_000) + '{{/a}}'.repeat(50_000)],
    ['white space in a tag', `{{a${' '.repeat(1024 * 1024)}b}}`],
    ['white space before a tag', `${' '.repeat(1024 * 1024)}{{a}}`],
    ['blanks between comments', fill('{{!}} ')],
    ['other delimiters', `{{=[ ]=}}${fill('[a]')}`],
    ['delimiters set again and again', fill('{{=<% %>=}}<%={{ }}=%>')],
    ['prose', fill('You are kind. \n')],
    ['one long name', `{{${fill('a')}}}`],
    ['one long dotted name', `{{${fill('a.')}a}}`],
    ['one long slug', `{{> ${fill('a-1a2b3c4')}}}`],
  ]
  it.each(texts)('%s', (_, text) => {
    expectEffort(() => faultOf(text), 500)
  })
})
