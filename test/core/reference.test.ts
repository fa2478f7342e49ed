import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { closestNames, matchNames, parseReference, resolveName } from '../../src/core/reference.js'
import { parseSlug } from '../../src/core/slug.js'
import { expectEffort } from '../helpers/effort.js'

const usage = expect.toSatisfy((error) => isPromptctlError(error, 'usage'))

describe('parseReference', () => {
  it.each([
    ['refund-email', { name: 'refund-email' }],
    ['refund-email-3f8a2b1c@13', { name: 'refund-email-3f8a2b1c', at: { version: 13 } }],
    ['r@1234567', { name: 'r', at: { version: 1234567 } }],
    ['r@123456a', { name: 'r', at: { commit: '123456a' } }],
    [`r@${'a'.repeat(40)}`, { name: 'r', at: { commit: 'a'.repeat(40) } }],
    [`r@${'b'.repeat(64)}`, { name: 'r', at: { commit: 'b'.repeat(64) } }],
    ['team/greet@2', { name: 'team/greet', at: { version: 2 } }],
    ['v1.2_x', { name: 'v1.2_x' }],
    ['3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88', { name: '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88' }],
  ])('%s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference)
  })

  it.each([
    '',
    ' ',
    '@1',
    '../../etc/passwd',
    'a/../b',
    'a..b',
    '/abs',
    'C:\\x',
    '.git',
    'a/.git/config',
    'a//b',
    'a/',
    '-x',
    '--output=/tmp/x',
    'a/-x',
    'a\0b',
    'a\nb',
    'a\n',
    'a b',
    'HEAD:../x',
    'r@',
    'r@0',
    'r@-1',
    'r@1.5',
    'r@abcdef',
    'r@HEAD',
    'r@1@2',
    'r@--output=x',
    `r@${'9'.repeat(40)}`,
    `r@${'a'.repeat(65)}`,
    'a'.repeat(301),
    'ünïcode',
  ])('refuses %j [case 46]', (text) => {
    expect(() => parseReference(text)).toThrow(usage)
  })
})

const current = (slug: string) => ({ slug: parseSlug(slug), archived: false })
const archived = (slug: string) => ({ slug: parseSlug(slug), archived: true })

const greet = current('greet-11111111')
const greeting = current('greeting-22222222')
const old = archived('greeting-33333333')
const refund = current('refund-email-3f8a2b1c')

describe('resolveName', () => {
  it.each([
    ['exact slug', 'greet-11111111', [greeting, greet], 'greet-11111111'],
    ['unique prefix', 'refu', [greet, refund], 'refund-email-3f8a2b1c'],
    ['prefix that reaches into the suffix', 'refund-email-3', [greet, refund], 'refund-email-3f8a2b1c'],
    ['suffix', '3f8a2b1c', [greet, refund], 'refund-email-3f8a2b1c'],
    ['UUID', '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88', [greet, refund], 'refund-email-3f8a2b1c'],
    ['whole title part over a longer one', 'greet', [greeting, greet], 'greet-11111111'],
    ['whole title part, though archived', 'greet', [greeting, archived('greet-44444444')], 'greet-44444444'],
    ['current over archived', 'greetin', [old, greeting], 'greeting-22222222'],
    ['current whole title over archived', 'greeting', [old, greeting], 'greeting-22222222'],
    ['the only one, though archived', 'greetin', [old], 'greeting-33333333'],
    ['one slug in two environments', 'greeting-3', [old, current('greeting-33333333')], 'greeting-33333333'],
    [
      'suffix over a title that reads the same',
      'deadbeef',
      [current('deadbeef-00000000'), current('x-deadbeef')],
      'x-deadbeef',
    ],
    ['nothing', 'nope', [greet, refund], undefined],
    ['nothing of nothing', 'nope', [], undefined],
    ['the middle of a slug', 'email', [refund], undefined],
  ])('%s', (_, name, candidates, slug) => {
    expect(resolveName(name, candidates)).toBe(slug)
  })

  it.each([
    ['gree', [greeting, greet], ['greet-11111111', 'greeting-22222222']],
    ['greeting', [current('greeting-66666666'), greeting, old], ['greeting-22222222', 'greeting-66666666']],
    ['gre', [old, archived('greens-55555555')], ['greens-55555555', 'greeting-33333333']],
  ])('%s is ambiguous, and the candidates are listed', (name, list, candidates) => {
    expect(() => resolveName(name, list)).toThrow(
      expect.objectContaining({
        code: 'ambiguous',
        details: { candidates },
        hint: expect.stringContaining(candidates.join(', ')),
      }),
    )
  })

  it('is quick among 10,000', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      parseSlug(`some-longer-title-${index}-${index.toString(16).padStart(8, '0')}`),
    )
    expect(matchNames('some-longer-title-9999', many)).toEqual(['some-longer-title-9999-0000270f'])
    expectEffort(() => matchNames('some-longer-title-9999', many), 50)
    expect(closestNames('some-longr-title-99999', many)[0]).toMatch(/^some-longer-title-9999/)
    expectEffort(() => closestNames('some-longr-title-99999', many), 1000)
  })
})

describe('closestNames', () => {
  const all = ['refund-email-3f8a2b1c', 'greet-11111111', 'greeting-22222222', 'team/greet']

  it.each([
    ['refund-emial', ['refund-email-3f8a2b1c']],
    ['refund-email-3f8a2b1d', ['refund-email-3f8a2b1c']],
    ['gret', ['greet-11111111']],
    ['greet', ['greet-11111111', 'greeting-22222222', 'team/greet']],
    ['email', ['refund-email-3f8a2b1c']],
    ['zzzzzzzz', []],
  ])('%s', (name, closest) => {
    expect(closestNames(name, all)).toEqual(closest)
  })

  it('gives at most as many as asked for', () => {
    expect(closestNames('greet', all, 1)).toEqual(['greet-11111111'])
  })
})
