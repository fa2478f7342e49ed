import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiffLine, diffHunks, diffText, formatHunkHeader } from '../../src/core/diff.js'
import { expectEffort } from '../helpers/effort.js'

const SIGN = { context: ' ', removed: '-', added: '+' } as const

/** `-the [quick] fox`: changed words in brackets, `\` at a line without newline. */
const show = (lines: readonly DiffLine[]): string[] =>
  lines.map(({ kind, segments, noNewline }) => {
    const text = segments.map(({ text, changed }) => (changed && kind !== 'context' ? `[${text}]` : text)).join('')
    return `${SIGN[kind]}${text}${noNewline ? '\\' : ''}`
  })

/** One side of the diff, put together again. */
const side = (lines: readonly DiffLine[], other: DiffLine['kind']): string =>
  lines
    .filter(({ kind }) => kind !== other)
    .map(({ segments, noNewline }) => segments.map(({ text }) => text).join('') + (noNewline ? '' : '\n'))
    .join('')

describe('diffText', () => {
  it.each([
    ['equal', 'a\nb\n', 'a\nb\n', [' a', ' b']],
    ['both empty', '', '', []],
    ['a word', 'the quick brown fox\n', 'the slow brown fox\n', ['-the [quick] brown fox', '+the [slow] brown fox']],
    [
      'words beside each other',
      'I saw red, big cats there\n',
      'I saw blue, small cats there\n',
      ['-I saw [red, big] cats there', '+I saw [blue, small] cats there'],
    ],
    ['an added line', 'a\nc\n', 'a\nb\nc\n', [' a', '+[b]', ' c']],
    ['a removed line', 'a\nb\nc\n', 'a\nc\n', [' a', '-[b]', ' c']],
    ['from nothing', '', 'a\n', ['+[a]']],
    ['to nothing', 'a\n\n', '', ['-[a]', '-']],
    ['unlike lines', 'alpha beta\n', 'gamma delta\n', ['-[alpha beta]', '+[gamma delta]']],
    ['newline at the end gone', 'a b\n', 'a b', ['-a b', '+a b\\']],
    ['newline at the end come', 'a b', 'a b\n', ['-a b\\', '+a b']],
    ['CRLF', 'one\r\ntwo\n', 'one\ntwo\n', ['-one[\r]', '+one', ' two']],
    ['Chinese', '你是一位中文老师\n', '你是一位英文老师\n', ['-你是一位[中]文老师', '+你是一位[英]文老师']],
    [
      'rewrapped',
      'one two three\nfour five\n',
      'one two\nthree four five\n',
      ['-one two[ three]', '-four five', '+one two', '+[three ]four five'],
    ],
    ['a space', 'a  b\n', 'a b\n', ['-a[  ]b', '+a[ ]b']],
  ])('%s', (_, before, after, lines) => {
    expect(show(diffText(before, after))).toEqual(lines)
  })

  it('holds both texts, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ' ', '\n', '\r\n', '\r', 'word', '中', '😀', '\u2028', ','), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [before, after] = [a.join(''), b.join('')]
        const lines = diffText(before, after)
        expect(side(lines, 'added')).toBe(before)
        expect(side(lines, 'removed')).toBe(after)
        expect(lines.every(({ kind }) => kind === 'context')).toBe(before === after)
      }),
      { numRuns: 300 },
    )
  })
})

describe('diffHunks', () => {
  const numbers = (from: number, to: number, but: Record<number, string> = {}) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${but[from + index] ?? from + index}\n`).join('')

  it('keeps three lines of context', () => {
    const [hunk, ...more] = diffHunks(numbers(1, 20), numbers(1, 20, { 10: 'ten' }))
    expect(more).toEqual([])
    expect(hunk && formatHunkHeader(hunk)).toBe('@@ -7,7 +7,7 @@')
    expect(show(hunk?.lines ?? [])).toEqual([' 7', ' 8', ' 9', '-[10]', '+[ten]', ' 11', ' 12', ' 13'])
  })

  it.each([
    [16, 1],
    [17, 2],
  ])('joins changes with at most six lines between them: 9 and %i', (second, count) => {
    expect(diffHunks(numbers(1, 30), numbers(1, 30, { 9: 'nine', [second]: 'x' }))).toHaveLength(count)
  })

  it.each([
    ['', 'a\n', '@@ -0,0 +1 @@'],
    ['a\nb\n', '', '@@ -1,2 +0,0 @@'],
    ['a\n', 'b\n', '@@ -1 +1 @@'],
    [numbers(1, 9), `${numbers(1, 9)}10\n`, '@@ -7,3 +7,4 @@'],
  ])('counts like git: %j', (before, after, header) => {
    expect(diffHunks(before, after).map(formatHunkHeader)).toEqual([header])
  })

  it('has none for equal texts', () => {
    expect(diffHunks('a\n', 'a\n')).toEqual([])
  })
})

describe('a mebibyte', () => {
  const MIB = 2 ** 20
  let seed = 1
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  }
  const words = (separator: string) => {
    let text = ''
    while (text.length < MIB) text += `w${random() % 5000}${separator}`
    return text
  }

  it.each([
    ['lines that all differ', words('\n'), words('\n')],
    ['one long line', words(' '), words(' ')],
    ['one long line, one word changed', `${'lorem ipsum '.repeat(87_000)}a`, `${'lorem ipsum '.repeat(87_000)}b`],
    ['empty lines', '\n'.repeat(MIB), '\n'.repeat(MIB - 1000)],
    ['every other line changed', 'same\nold word here\n'.repeat(55_000), 'same\nnew word here\n'.repeat(55_000)],
    ['two letters', 'a\nb\n'.repeat(MIB / 4), 'b\nb\na\n'.repeat(MIB / 6)],
  ])('is quick: %s', (_, before, after) => {
    let lines: ReturnType<typeof diffText> = []
    expectEffort(() => {
      lines = diffText(before, after)
    }, 10_000)
    expect(side(lines, 'added') === before && side(lines, 'removed') === after).toBe(true)
  })
})
