import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { isEnvironment, isSlug, parseEnvironment, parseSlug, suffixOf, titlePartOf } from '../../src/core/slug.js'
import { createSlug, titlePart } from '../../src/core/slug-title.js'
import { expectEffort } from '../helpers/effort.js'

const ID = '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88'

describe('titlePart [case 1]', () => {
  it.each([
    ['Optimize Code Generation', 'optimize-code-generation'],
    ['Ünïcödé Prompt', 'unicode-prompt'],
    ['U\u0308nicode', 'unicode'],
    ['小红书推广', 'xiao-hong-shu-tui-guang'],
    ['设计KPI方案', 'she-ji-kpi-fang-an'],
    ['Патентный поиск', 'patentnyy-poisk'],
    ['שלום', 'shlvm'],
    ['Straße & Größe', 'strasse-grosse'],
    ['!!!', 'prompt'],
    ['', 'prompt'],
    ['🚀🚀', 'prompt'],
    ['🚀 Launch 🚀', 'launch'],
    ['\ud800', 'prompt'],
    ['a--b', 'a-b'],
    ['-a-', 'a'],
    ['it’s Brand\'s "core"', 'its-brands-core'],
    ['snake_case_title', 'snake-case-title'],
    ['①②', '12'],
    ['../../etc/passwd', 'etc-passwd'],
    ['x'.repeat(300), 'x'.repeat(60)],
    [`${'x'.repeat(59)} y`, 'x'.repeat(59)],
    [`${'x'.repeat(58)} y z`, `${'x'.repeat(58)}-y`],
    ['word '.repeat(60), `${'word-'.repeat(12)}`.slice(0, 59)],
  ])('%j is %s', (title, part) => {
    expect(titlePart(title)).toBe(part)
    expect(createSlug(title, ID)).toBe(`${part}-3f8a2b1c`)
    expect(isSlug(createSlug(title, ID))).toBe(true)
  })

  it('takes a megabyte of title in no time', () => {
    const title = '城'.repeat(1_000_000)
    expect(titlePart(title)).toMatch(/^cheng(-cheng)+$/)
    expectEffort(() => titlePart(title), 200)
  })
})

describe('parseSlug', () => {
  it('gives the parts', () => {
    const slug = parseSlug('refund-email-3f8a2b1c')
    expect([titlePartOf(slug), suffixOf(slug)]).toEqual(['refund-email', '3f8a2b1c'])
  })

  it.each([
    '',
    'refund-email',
    '3f8a2b1c',
    '-3f8a2b1c',
    'a--3f8a2b1c',
    'A-3f8a2b1c',
    'a-3f8a2b1g',
    'a-3f8a2b1c\n',
    'a/b-3f8a2b1c',
    `${'a'.repeat(61)}-3f8a2b1c`,
  ])('refuses %j', (text) => {
    expect(isSlug(text)).toBe(false)
    expect(() => parseSlug(text)).toThrow(expect.toSatisfy((error) => isPromptctlError(error, 'usage')))
  })
})

describe('parseEnvironment', () => {
  it.each(['production', 'eu-west-1', 'a'])('takes %s', (text) => {
    expect(parseEnvironment(text)).toBe(text)
  })

  it.each(['', 'Production', '1st', '-x', 'a/b', '..', 'a b', 'a\n'])('refuses %j', (text) => {
    expect(isEnvironment(text)).toBe(false)
    expect(() => parseEnvironment(text)).toThrow(expect.toSatisfy((error) => isPromptctlError(error, 'usage')))
  })
})
