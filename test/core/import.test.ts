// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders that are imported
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import Mustache from 'mustache'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../src/core/import/csv.js'
import { parseFolder } from '../../src/core/import/folder.js'
import {
  convertPlaceholders,
  convertText,
  escapeText,
  parsePlaceholderStyle,
  snakeName,
} from '../../src/core/import/placeholders.js'
import { findPlaceholders } from '../../src/core/import/scan.js'
import { parseTemplate } from '../../src/core/template.js'
import { expectEffort } from '../helpers/effort.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const COLUMNS = { titleColumn: 'title', templateColumn: 'text', file: 'prompts.csv' }
const csv = (text: string) => parseCsv(utf8(text), COLUMNS)

/** What mustache.js makes of it; our own parser must agree. */
const render = (template: string, values: Record<string, unknown> = {}): string => {
  const rendered = Mustache.render(template, values, {}, { escape: String })
  const ours = parseTemplate(template).nodes.map((node) => {
    if (node.kind === 'text') return node.text
    return node.kind === 'value' ? String(values[node.name]) : node.kind
  })
  expect(ours.join('')).toBe(rendered)
  return rendered
}

const defaultsOf = ({ variables }: ReturnType<typeof convertPlaceholders>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(variables).map(([name, schema]) => [name, schema.default ?? `<${name}>`]))

describe('parseCsv', () => {
  it('gives title, exact text and line', () => {
    expect(csv('\ufeffauthor, title ,text\r\nx,One,"a, ""b""\r\n c\n"\r\n\r\ny,"Two\nlines", two \n').rows).toEqual([
      { title: 'One', template: 'a, "b"\r\n c\n', source: 'prompts.csv:2' },
      { title: 'Two lines', template: ' two ', source: 'prompts.csv:6' },
    ])
  })

  it('skips what has no title or no text, and what repeats', () => {
    expect(csv('title,text\n,a\nA, \nB,b\nB,b\nB,c\n')).toEqual({
      rows: [
        { title: 'B', template: 'b', source: 'prompts.csv:4' },
        { title: 'B', template: 'c', source: 'prompts.csv:6' },
      ],
      skipped: [
        { source: 'prompts.csv:2', reason: 'it has no title' },
        { source: 'prompts.csv:3', reason: 'it has no text' },
        { source: 'prompts.csv:5', reason: 'it repeats prompts.csv:4' },
      ],
    })
  })

  it.each([
    [
      'a column that is not there',
      'name,text\n',
      'usage',
      'prompts.csv has no column "title"',
      'Its columns: "name", "text".',
    ],
    ['a column twice', 'title,text,title\n', 'usage', 'prompts.csv has more than one column "title"', undefined],
    ['an empty file', '', 'usage', 'prompts.csv has no column "title"', 'The file is empty.'],
    ['an open quote', 'title,text\na,b\nc,"d\ne\n', 'invalid_prompt', /^prompts\.csv:3: .*never closed/, undefined],
    ['a quote inside', 'title,text\na,b"c\n', 'invalid_prompt', /^prompts\.csv:2: .*not quoted/, undefined],
    ['text after a quote', 'title,text\na,"b"c\n', 'invalid_prompt', /^prompts\.csv:2: .*closing quote/, undefined],
    ['a column too many', 'title,text\n"a\r\nb",c\nd,e,f\n', 'invalid_prompt', /^prompts\.csv:4: .*columns/, undefined],
  ])('refuses %s', (_, text, code, message, hint) => {
    const expected = { code, message: typeof message === 'string' ? message : expect.stringMatching(message) }
    expect(() => csv(text)).toThrow(expect.objectContaining(hint === undefined ? expected : { ...expected, hint }))
  })

  it('refuses what is not UTF-8', () => {
    expect(() => parseCsv(Uint8Array.of(0x74, 0xff), COLUMNS)).toThrow(
      expect.objectContaining({ code: 'invalid_prompt' }),
    )
  })
})

describe('parseFolder', () => {
  it('takes titles from headings and file names', () => {
    const files = [
      ['refund-email.txt', '# not a heading\n'],
      ['team/tone_check.md', 'Text.\n\n# Tone Check #\r\n# Second\n'],
      ['code.md', '```sh\n# comment\n```\n# Late\n'],
      ['plain.MD', 'text'],
      ['empty.txt', ' \n'],
      ['.git/config', 'x'],
      ['image.png', 'x'],
    ] as const
    expect(
      parseFolder([
        ...files.map(([path, text]) => ({ path, bytes: utf8(text) })),
        { path: 'bad.txt', bytes: Uint8Array.of(0xff) },
      ]),
    ).toEqual({
      rows: [
        { title: 'refund email', template: '# not a heading\n', source: 'refund-email.txt' },
        { title: 'Tone Check', template: 'Text.\n\n# Tone Check #\r\n# Second\n', source: 'team/tone_check.md' },
        { title: 'code', template: '```sh\n# comment\n```\n# Late\n', source: 'code.md' },
        { title: 'plain', template: 'text', source: 'plain.MD' },
      ],
      skipped: [
        { source: 'image.png', reason: 'it is not a .txt or .md file' },
        { source: 'bad.txt', reason: 'it is not UTF-8 text' },
        { source: 'empty.txt', reason: 'it has no text' },
      ],
    })
  })
})

describe('snakeName', () => {
  it.each([
    ['Position', 'position'],
    ['Target Audience', 'target_audience'],
    ['targetAudience', 'target_audience'],
    ['appURL', 'app_url'],
    ['URLPath', 'url_path'],
    ['FOOD_NAME', 'food_name'],
    ['my-var', 'my_var'],
    ['person2', 'person2'],
    ['2nd name', 'var_2nd_name'],
    ["Brand's core product", 'brands_core_product'],
    ['Größe', 'grosse'],
    ['城市', 'cheng_shi'],
    ['__proto__', 'proto'],
    ['_', 'var'],
  ])('%s is %s', (name, snake) => {
    expect(snakeName(name)).toBe(snake)
  })
})

describe('convertPlaceholders', () => {
  it.each([
    ['Hi ${name}!', 'Hi {{name}}!', { name: {} }],
    ['Hi ${Your Name:Ada}!', 'Hi {{your_name}}!', { your_name: { default: 'Ada' } }],
    ['${ name }${x:}', '{{name}}{{x}}', { name: {}, x: { default: '' } }],
    ['${Ratio: 16:9 | 4:3}', '{{ratio}}', { ratio: { default: ' 16:9 | 4:3' } }],
    ['${schema:a\nb}', '{{schema}}', { schema: { default: 'a\nb' } }],
    ['${a} ${a:1} ${a}', '{{a}} {{a}} {{a}}', { a: { default: '1' } }],
    [
      '${targetAudience} ${Target Audience} ${target-audience}',
      '{{target_audience}} {{target_audience}} {{target_audience}}',
      { target_audience: {} },
    ],
    ['${中} ${仲}', '{{zhong}} {{zhong_2}}', { zhong: {}, zhong_2: {} }],
    ['$${price} and $5', '${{price}} and $5', { price: {} }],
    ['${constructor:x}', '{{constructor}}', { constructor: { default: 'x' } }],
    ['use {{x}} here', 'use {{=<% %>=}}{{x}}<%={{ }}=%> here', {}],
    ['{{a}} and {{b}}, }} alone', '{{=<% %>=}}{{a}} and {{b}}, }}<%={{ }}=%> alone', {}],
    ['only }} and { and }', 'only }} and { and }', {}],
    ['{"a":${x}}', '{"a":{{x}}}', { x: {} }],
    ['{${x}}', '{{=<% %>=}}{<%={{ }}=%>{{x}}}', { x: {} }],
    ['<% {{x}}', '<% {{=[% %]=}}{{x}}[%={{ }}=%]', {}],
    ['{{1\n{{2\n{{3\n{{4 ${x}', '{{=<% %>=}}\n{{1\n{{2\n{{3\n{{4 <%x%>', { x: {} }],
  ])('%j', (text, template, variables) => {
    const converted = convertPlaceholders(text)
    expect(converted).toEqual({ template, variables, warnings: [] })
  })

  it.each([
    '${',
    '${}',
    '${ }',
    '${:x}',
    '${a${b}}',
    '${a:${b}}',
    '${VAR:-x}',
    '${VAR:?x}',
    '${VAR/old/new}',
    '${#arr[@]}',
    '${arr[0]}',
    '${!x}',
    '${x%.*}',
    '${foo.bar()}',
    '${a ? b : c}',
    '${items.map((i) => `<li>${i}</li>`)}',
    '${a\nb}',
    `\${${'x'.repeat(101)}}`,
  ])('%j stays text, with a warning', (text) => {
    const { template, variables, warnings } = convertPlaceholders(`before ${text} after`)
    expect([render(template), variables, warnings.length]).toEqual([`before ${text} after`, {}, 1])
  })

  it('goes on after what is never closed', () => {
    const { template, variables } = convertPlaceholders('${ and ${open\nthen {\n${name} } ${x:1}')
    expect([template, Object.keys(variables)]).toEqual(['${ and ${open\nthen {\n{{name}} } {{x}}', ['name', 'x']])
  })

  it('uses the first default, and says so', () => {
    const { variables, warnings } = convertPlaceholders(
      '${platform} ${platform:web} ${Platform:mobile} ${platform:web}',
    )
    expect(variables).toEqual({ platform: { default: 'web' } })
    expect(warnings).toEqual(['platform has more than one default: "web" is used, "mobile" is not'])
  })

  it('finds a pair of delimiters in a text that has them all', () => {
    const text = '{{x}} <% [% (% <@ [@ (@ <~ [~ (~ <| [| (|'
    expect(render(convertPlaceholders(text).template)).toBe(text)
  })

  it('compiles with the defaults to the source, each placeholder replaced: our fixture', () => {
    const { rows } = parseCsv(readFileSync('fixtures/import/prompts.csv'), COLUMNS)
    const compiled = rows.map(({ template }) => {
      const converted = convertPlaceholders(template)
      return render(converted.template, defaultsOf(converted))
    })
    expect(compiled).toEqual([
      'Write release notes for Kettle in English.\n\nKeep "breaking changes" first, and mention Kettle twice.',
      'Rate the tone of this message: <message>',
      'Answer with {"user": {"name": "Ada", "tags": {{"a": 1}}}} and nothing else.',
      'Explain what {{user.name}} and {{{raw}}} do.\nCompare them with {{#each items}}.\nClose with {{/each}}.\nThen show <% %> in EJS.',
      '{x} and {{y}} and <after>}',
      'Explain ${PATH:-/usr/bin}, ${#list[@]}, ${a${b}} and `${user.name()}`, then ${ and ${}.',
      'Use web. Really, use web. Or web.',
      'Grüße an drei 🚀 aus 北京',
      'Another text under the same title',
    ])
  })

  const hostile = fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '{{',
        '}}',
        '{{{',
        '${',
        '${x}',
        '${y:1}',
        '${Y:2}',
        '$',
        ':',
        '=',
        '#',
        '!',
        '<%',
        '%>',
        '<',
        '[%',
        'a',
        ' ',
        '\t',
        '\n',
        '\r\n',
        '{{=',
        '=}}',
      ),
      { maxLength: 25 },
    )
    .map((parts) => parts.join(''))

  it('compiles to the source, whatever braces it has', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(render(escapeText(text))).toBe(text)
        const converted = convertPlaceholders(text)
        const values = defaultsOf(converted)
        let expected = ''
        let seen = 0
        for (const { start, end, name } of findPlaceholders(text).placeholders) {
          expected += `${text.slice(seen, start)}${values[snakeName(name)]}`
          seen = end
        }
        expect(render(converted.template, values)).toBe(expected + text.slice(seen))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([['{{'], ['${'], ['${a${'], ['{'], ['}'], ['${x}'], ['{{ '], ['{{\n']])(
    'is linear in a mebibyte of %j',
    (part) => {
      const text = part.repeat(2 ** 20 / part.length)
      expectEffort(() => convertPlaceholders(text), 3000)
    },
  )
})

describe('convertText', () => {
  it.each([
    ['Hi {{name}}', undefined, 'Hi {{name}}', 0],
    ['{{#a}}x{{/a}} ${b}', undefined, '{{#a}}x{{/a}} ${b}', 0],
    ['Hi {{name', undefined, '{{=<% %>=}}Hi {{name', 1],
    ['{{#each x}}', undefined, '', 1],
    ['{{a|upper}} ${b}', '${}', '', 0],
  ] as const)('%j with %s', (text, style, template, warnings) => {
    const converted = convertText(text, style)
    expect(converted.warnings).toHaveLength(warnings)
    if (warnings === 0 && style === undefined) expect(converted.template).toBe(template)
    else expect(render(converted.template, { b: '${b}' })).toBe(text)
  })

  it('knows its styles', () => {
    expect(parsePlaceholderStyle('${}')).toBe('${}')
    expect(() => parsePlaceholderStyle('{}')).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
