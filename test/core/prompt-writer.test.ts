import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, PromptFile } from '../../src/core/prompt-file.js'
import { parsePrompt } from '../../src/core/prompt-reader.js'
import { formatPrompt, setValues } from '../../src/core/prompt-writer.js'
import type { Environment, Slug } from '../../src/core/slug.js'
import { readYaml } from '../../src/core/yaml-source.js'

const RUNS = 2000
const SEED = 49

const SEALED = {
  state: 'published',
  published_at: '2026-01-31T02:00:00Z',
  published_by: 'Ada Example <ada@example.com>',
  digest: `sha256:${'0'.repeat(64)}`,
}

const STYLED = `# top
id:   11111111-2222-4333-8444-555555555555      # aligned
slug: 'styled-11111111'
title: "Styled"   # in quotes
environment: development
state: draft   # soon
tags: [a,b]
variables:   # what it takes
    # the first
    language: {type: string,   enum: [a,b]}   # four spaces
    task: {}
    # no more


# before
template: |   # the text
    You are {{language}}
    {{task}}

# end
`

const PROMPT: PromptFile = {
  id: '11111111-2222-4333-8444-555555555555',
  slug: 'styled-11111111' as Slug,
  title: 'Styled',
  environment: 'development' as Environment,
  state: 'draft',
  template: 'x',
}

/** The lines that two texts do not share, in order. */
function changedLines(before: string, after: string): { gone: string[]; added: string[] } {
  const [old, now] = [before.split('\n'), after.split('\n')]
  return { gone: old.filter((line) => !now.includes(line)), added: now.filter((line) => !old.includes(line)) }
}

describe('setValues', () => {
  it('seals a styled file, and leaves every other byte alone', () => {
    const text = setValues(STYLED, SEALED)
    expect(text).toBe(
      STYLED.replace(
        'state: draft   # soon\n',
        `state: published   # soon\npublished_at: "2026-01-31T02:00:00Z"\npublished_by: Ada Example <ada@example.com>\ndigest: sha256:${'0'.repeat(64)}\n`,
      ),
    )
    expect(setValues(text, SEALED)).toBe(text)
  })

  it('changes nothing for values that are there already, however they are written', () => {
    expect(setValues(STYLED, { title: 'Styled', tags: ['a', 'b'], description: undefined })).toBe(STYLED)
  })

  const replacements: [string, Record<string, Json | undefined>, { gone: string[]; added: string[] }][] = [
    ['plain by plain', { state: 'archived' }, { gone: ['state: draft   # soon'], added: ['state: archived   # soon'] }],
    [
      'quoted by what needs no quotes',
      { title: 'Other' },
      { gone: ['title: "Styled"   # in quotes'], added: ['title: Other   # in quotes'] },
    ],
    [
      'quoted by what needs quotes',
      { title: 'Other: 1' },
      { gone: ['title: "Styled"   # in quotes'], added: ['title: "Other: 1"   # in quotes'] },
    ],
    [
      'a block literal by another, in its indentation',
      { template: 'one\n\n  two' },
      {
        gone: ['template: |   # the text', '    You are {{language}}', '    {{task}}'],
        added: ['template: |-   # the text', '    one', '      two'],
      },
    ],
    [
      'a block literal by what only quotes can hold',
      { template: 'a\r\n' },
      {
        gone: ['template: |   # the text', '    You are {{language}}', '    {{task}}'],
        added: ['template: "a\\r\\n"   # the text'],
      },
    ],
    [
      'one declaration',
      { variables: { language: { type: 'string' }, task: {} } },
      {
        gone: ['    language: {type: string,   enum: [a,b]}   # four spaces'],
        added: ['    language: {type: string}   # four spaces'],
      },
    ],
    [
      'a new declaration',
      { variables: { language: { type: 'string', enum: ['a', 'b'] }, task: {}, tone: { default: 'no' } } },
      { gone: [], added: ['    tone: {default: "no"}'] },
    ],
    [
      'a declaration that goes',
      { variables: { task: {} } },
      { gone: ['    language: {type: string,   enum: [a,b]}   # four spaces'], added: [] },
    ],
    ['a key that goes', { tags: undefined }, { gone: ['tags: [a,b]'], added: [] }],
    ['a key that comes', { aliases: ['team/greet'] }, { gone: [], added: ['aliases: [team/greet]'] }],
    [
      'an object that comes',
      { model: { name: 'y', parameters: { top: 1 } } },
      { gone: [], added: ['model:', '  name: "y"', '  parameters: {top: 1}'] },
    ],
  ]
  it.each(replacements)('replaces %s', (_, changes, expected) => {
    const text = setValues(STYLED, changes)
    expect(changedLines(STYLED, text)).toEqual(expected)
    expect(readYaml(text, '').value).toEqual(JSON.parse(JSON.stringify({ ...readYaml(STYLED, '').value, ...changes })))
  })

  it.each<[string, string, Record<string, Json | undefined>, string]>([
    [
      'a flow mapping',
      '{id: a, slug: b, state: draft}',
      { state: 'published', digest: 'x, y', slug: undefined },
      '{id: a, state: published, digest: "x, y"}',
    ],
    [
      'the last key of a flow mapping',
      '{id: a, slug: b} # c\n',
      { slug: undefined, state: 'draft' },
      '{id: a, state: draft} # c\n',
    ],
    [
      'a flow mapping over lines',
      '{\n  id: a, # c\n  state: draft\n}\n',
      { id: 'b', digest: 'd' },
      '{\n  id: b, # c\n  state: draft, digest: d\n}\n',
    ],
    [
      'keys without a value in a flow mapping',
      '{id, "slug":x, state: }',
      { id: 'a', slug: 'b', state: 'c' },
      '{id: a, "slug":b, state: c }',
    ],
    [
      'CRLF',
      'state: draft # c\r\ntitle: |\r\n  a\r\n  b\r\n',
      { state: 'x', digest: 'd', title: 'c\nd\n' },
      'state: x # c\r\ndigest: d\r\ntitle: |\r\n  c\r\n  d\r\n',
    ],
    [
      'no final newline',
      'id: a\nstate: draft',
      { state: 'x', published_by: 'p', digest: 'd' },
      'id: a\nstate: x\npublished_by: p\ndigest: d',
    ],
    [
      'a document start',
      '--- # c\nstate: draft\n...\n',
      { state: 'x', digest: 'd' },
      '--- # c\nstate: x\ndigest: d\n...\n',
    ],
    ['indented keys', '  id: a\n  state: draft\n', { digest: 'd' }, '  id: a\n  state: draft\n  digest: d\n'],
    ['an empty value', 'title:\nstate: # c\n', { title: 't', state: 's' }, 'title: t\nstate: s # c\n'],
    ['a value below its key', 'title:\n  a\n  b\nstate: s\n', { title: 'c' }, 'title:\n  c\nstate: s\n'],
    [
      'text of several lines in place of one',
      'template: "a" # c\nstate: s\n',
      { template: 'a\nb\n' },
      'template: | # c\n  a\n  b\nstate: s\n',
    ],
    [
      'a block list',
      'tags: # c\n  - a # one\n  # two\n  - b # three\nstate: s\n',
      { tags: ['x', 'z'] },
      'tags: # c\n  - x\n  - z\nstate: s\n',
    ],
    ['a block list by nothing', 'tags: # c\n  - a\nstate: s\n', { tags: [] }, 'tags: [] # c\nstate: s\n'],
    [
      'trailing blank lines of a literal',
      'template: |+\n  a\n\n\nstate: s\n',
      { template: 'b\n' },
      'template: |\n  b\nstate: s\n',
    ],
    [
      'blank lines behind a literal that keeps them',
      'template: |\n  a\n\n\nstate: s\n',
      { template: 'b\n\n' },
      'template: |+\n  b\n\nstate: s\n',
    ],
    ['an empty file', '', { title: 't' }, 'title: t\n'],
    ['a file of comments', '# c', { title: 't' }, '# c\ntitle: t'],
    [
      'a comment that belongs to the list before',
      'tags:\n  - a\n  # more\n# about state\nstate: s\n',
      { aliases: ['b'] },
      'tags:\n  - a\n  # more\naliases: [b]\n# about state\nstate: s\n',
    ],
  ])('keeps the form of %s', (_, before, changes, after) => {
    expect(setValues(before, changes)).toBe(after)
  })

  it('takes what Object has for an ordinary missing key', () => {
    expect(
      readYaml(
        setValues('state: x\n', { constructor: 'a', toString: undefined } as Record<string, Json | undefined>),
        '',
      ).value,
    ).toEqual({ state: 'x', constructor: 'a' })
  })
})

describe('formatPrompt', () => {
  it('writes the keys in the order of the schema, and the text as it reads best', () => {
    const prompt: PromptFile = {
      ...PROMPT,
      template: 'You are {{language}}.\n\n  {{task}}\n',
      variables: { language: { type: 'string', default: 'no' }, 'ö-1': {} },
      model: { provider: 'p', name: '4', parameters: { top: 1e21 } },
      tags: ['yes', 'a b', '12:30', '2026-01-31'],
      description: 'One line: "x"',
    }
    expect(formatPrompt(prompt)).toBe(`id: 11111111-2222-4333-8444-555555555555
slug: styled-11111111
title: Styled
description: "One line: \\"x\\""
tags: ["yes", a b, "12:30", "2026-01-31"]
environment: development
state: draft
model:
  provider: p
  name: "4"
  parameters: {top: 1e+21}
variables:
  language: {type: string, default: "no"}
  ö-1: {}
template: |
  You are {{language}}.

    {{task}}
`)
  })

  it('writes a chat prompt', () => {
    const { template: _, ...rest } = PROMPT
    const messages = [
      { role: 'system', content: 'You help.\nBe kind.' },
      { placeholder: 'history' },
      { role: 'user', content: [{ type: 'text', text: '{{question}}' }] },
    ]
    const text = formatPrompt({ ...rest, messages })
    expect(parsePrompt(text, '').prompt).toEqual({ ...rest, messages })
    expect(text).toContain(
      '  - role: system\n    content: |-\n      You help.\n      Be kind.\n  - placeholder: history\n',
    )
  })

  it('[case 50] writes control characters of a title as escapes', () => {
    const title = 'a\u0007 \u001b]0;x\u0007 \u202e \u009b2J \r'
    const text = formatPrompt({ ...PROMPT, title })
    expect(text).toMatch(/^[\n\x20-\x7e]*$/)
    expect(parsePrompt(text, '').prompt.title).toBe(title)
  })

  it('refuses what cannot be a prompt file', () => {
    expect(() => formatPrompt({ ...PROMPT, title: 'a\nb' })).toThrow(/title: expected one line/)
  })
})

const ALPHABET = [
  ' ',
  '\t',
  '\n',
  '\r',
  '"',
  "'",
  '#',
  ':',
  '{{x}}',
  '---',
  '\u0085',
  '\u2028',
  '😀',
  ' \n',
  '\n\n',
  '\r\n',
  '- ',
  'a',
  '|',
  '\\',
  '\ufeff',
  '\0',
  '\x1b',
  '%',
  '&',
  '[',
  '}',
  ',',
  '0',
  'é',
]
const anyText = fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 40 })
const anyLine = anyText.map((text) => text.replaceAll('\n', '~')).filter((text) => /\S/.test(text))

describe('[case 49] what is written reads back the same', () => {
  it('a template in a new file', () => {
    fc.assert(
      fc.property(anyText, anyLine, (template, title) => {
        const { prompt } = parsePrompt(formatPrompt({ ...PROMPT, template, title }), '')
        expect(prompt).toEqual({ ...PROMPT, template, title })
      }),
      { numRuns: RUNS, seed: SEED, examples: [[' \n', 'x']] },
    )
  })

  it('texts anywhere in a new file', () => {
    const json = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        anyText,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
        fc.constant(null),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(
          anyText.filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 3 },
        ),
      ),
    })).value
    fc.assert(
      fc.property(json, json, (config, tools) => {
        expect(parsePrompt(formatPrompt({ ...PROMPT, config, tools }), '').prompt).toEqual({ ...PROMPT, config, tools })
      }),
      { numRuns: RUNS / 10, seed: SEED },
    )
  })

  const withoutTemplateAndTitle = (text: string) => {
    const source = readYaml(text, '')
    const cut = [source.rangeOf(['template']), source.rangeOf(['title'])].filter((range) => range !== undefined)
    let rest = text
    for (const { start, end } of cut.sort((a, b) => b.start - a.start)) rest = rest.slice(0, start) + rest.slice(end)
    // A block scalar's range runs up to its header's comment and over its last newline; a literal may take blank lines in.
    return rest
      .replaceAll(/\s*# the text/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim()
  }

  it.each([
    ['as it is', STYLED],
    ['with CRLF', STYLED.replaceAll('\n', '\r\n')],
    ['with the template first', `template: 'x'   # the text\n${STYLED.replace(/template:[\s\S]*/, '')}# end\n`],
    ['without a final newline', STYLED.slice(0, STYLED.indexOf('\n\n# end'))],
  ])('template and title of a styled file, %s, and every other byte stays', (_, styled) => {
    const others = withoutTemplateAndTitle(styled)
    const source = readYaml(styled, '')
    const ranges = [source.rangeOf(['title']), source.rangeOf(['template'])].map(
      (range) => range ?? { start: 0, end: 0 },
    )
    const [first, second] = ranges.sort((a, b) => a.start - b.start)
    fc.assert(
      fc.property(anyText, anyLine, (template, title) => {
        const text = setValues(styled, { template, title })
        expect(readYaml(text, '').value).toEqual({ ...readYaml(styled, '').value, template, title })
        expect(text).toContain('# the text')
        expect(text.startsWith(styled.slice(0, first?.start))).toBe(true)
        expect(text).toContain(styled.slice(styled.indexOf('\n', first?.end), second?.start).trimEnd())
        expect(withoutTemplateAndTitle(text)).toBe(others)
      }),
      { numRuns: RUNS / 10, seed: SEED },
    )
  })
})
