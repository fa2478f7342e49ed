import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseDocument, stringify } from 'yaml'
import type { Json } from '../../src/core/prompt-file.js'
import { readYaml, tryReadYaml } from '../../src/core/yaml-source.js'
import { expectEffort } from '../helpers/effort.js'

const problemsOf = (content: Uint8Array | string): readonly string[] =>
  tryReadYaml(content, 'x.yaml').problems.map(({ line, column, message }) => `${line}:${column} ${message}`)

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))))

const MIB = 1 << 20
/** `unit` as often as it fits, and `head` and `tail` around it. */
const fill = (head: string, unit: string, tail = ''): string =>
  head + unit.repeat(Math.floor((MIB - head.length - tail.length) / unit.length)) + tail
const numbered = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('')

describe('values', () => {
  it.each<[string, Json]>([
    ['a: 1.50', { a: 1.5 }],
    ['a: [0x1F, 0o17, 017, -0, 1e21, .5, +1, -0.0]', { a: [31, 15, 17, 0, 1e21, 0.5, 1, 0] }],
    ['a: [~, null, NULL, , "", "null"]'.replace(' ,', ''), { a: [null, null, null, '', 'null'] }],
    ['a:\nb: {c, d: }', { a: null, b: { c: null, d: null } }],
    [
      'a: [true, False, yes, on, 12:30, 2024-01-01, 1_000, 0b1]',
      { a: [true, false, 'yes', 'on', '12:30', '2024-01-01', '1_000', '0b1'] },
    ],
    ['1.50: a\n"\\u00e9": b\n007: c', { '1.50': 'a', é: 'b', '007': 'c' }],
    [
      'constructor: 1\ntoString: {hasOwnProperty: 2}',
      { constructor: 1, toString: { hasOwnProperty: 2 } } as unknown as Json,
    ],
    ['<<: {a: 1}\nb: =', { '<<': { a: 1 }, b: '=' }],
    ['a: |+\n  x\n\nb: >-\n  y\n  z\n', { a: 'x\n\n', b: 'y z' }],
    ['a: "\\ud83d\\ude00 \\x41 \\N \\\n  b"', { a: '😀 A \u0085 b' }],
    ['# only a comment', {}],
    ['', {}],
    ['--- # c\na: 1\n...\n# end\n', { a: 1 }],
    ['{"a": [1, {"b": null}],\n\t"c": "d"}', { a: [1, { b: null }], c: 'd' }],
    ['a: [b: c, d]', { a: [{ b: 'c' }, 'd'] }],
    ['a: 9007199254740991', { a: Number.MAX_SAFE_INTEGER }],
  ])('%j', (text, value) => {
    expect(readYaml(text, 'x.yaml').value).toEqual(value)
  })

  it('reads what the yaml package writes as the yaml package does', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', ':', '#', '-', '"', "'", '1', '{', '|', '\\'),
      maxLength: 12,
    })
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(text, tie('value'), { maxKeys: 4 }),
      ),
    })).value
    const style = fc.record({
      indent: fc.integer({ min: 1, max: 5 }),
      collectionStyle: fc.constantFrom('any', 'block', 'flow'),
      indentSeq: fc.boolean(),
    })
    fc.assert(
      fc.property(json, style, (value, options) => {
        const written = stringify({ value }, { ...options, lineWidth: 30, aliasDuplicateObjects: false })
        const { source } = tryReadYaml(written, 'x.yaml')
        // Keys of several lines or nothing are written with "? ", which is refused.
        if (parseDocument(written).errors.length > 0) expect(source).toBeUndefined()
        else if (source === undefined) expect(written).toMatch(/^\s*(?:- +)*\? |[{,] *\? /m)
        else expect(source.value).toEqual(parse(written))
      }),
      { numRuns: 500, seed: 2 },
    )
  })
})

describe('[case 48] what is refused in the bytes, with line and column', () => {
  it.each<[string, Uint8Array, string]>([
    ['invalid UTF-8', bytes('a: é\nb: \ufffd', 0xff, '\n'), '2:5 byte 0xff is not UTF-8: save the file as UTF-8'],
    ['half of a character at the end', bytes('a: ', 0xc3), '1:4 byte 0xc3 is not UTF-8: save the file as UTF-8'],
    ['a surrogate in UTF-8', bytes('a: x', 0xed, 0xa0, 0x80), '1:5 byte 0xed is not UTF-8: save the file as UTF-8'],
    ['UTF-16', bytes(0xff, 0xfe, 'a', 0, ':', 0), '1:1 byte 0xff is not UTF-8: save the file as UTF-8'],
    [
      'a byte order mark',
      bytes('\ufeffa: 1'),
      '1:1 the file begins with a byte order mark: save it as UTF-8 without one',
    ],
    ['NUL', bytes('a: b\nc: d', 0, '\n'), '2:5 a NUL character: in double quotes it can be written as an escape'],
    [
      'ESC in quotes',
      bytes('a: "\x1b"'),
      '1:5 the control character U+001B: in double quotes it can be written as an escape',
    ],
    [
      'a C1 control',
      bytes('a: \u009b'),
      '1:4 the control character U+009B: in double quotes it can be written as an escape',
    ],
    [
      'a carriage return alone',
      bytes('a: b\rc\r\n'),
      '1:5 a carriage return without a line feed: in double quotes it can be written as an escape',
    ],
    ['a lone surrogate', bytes('a: "\\udc00"'), '1:4 half of a surrogate pair (\\ud800 to \\udfff) stands alone'],
  ])('%s', (_, content, problem) => {
    expect(problemsOf(content)).toEqual([problem])
  })

  it('a lone surrogate in a string', () => {
    expect(problemsOf('a: x\ud800')).toEqual(['1:5 half of a surrogate pair'])
  })

  it('throws all problems once, with the code that was asked for', () => {
    expect(() => readYaml('a: &b c\nd: *b\n', 'dir/x.yaml', 'invalid_config')).toThrow(
      expect.objectContaining({
        code: 'invalid_config',
        message: 'dir/x.yaml:1:4: anchors (&name) are not read: write the value out where it is needed (and 1 more)',
        details: {
          problems: [
            { file: 'dir/x.yaml', line: 1, column: 4, message: expect.any(String) },
            { file: 'dir/x.yaml', line: 2, column: 4, message: expect.any(String) },
          ],
        },
      }),
    )
  })
})

describe('[case 47] hostile files fail fast, with a line', () => {
  const bomb = numbered(
    9,
    (level) => `${'abcdefghi'[level]}: &${'abcdefghi'[level]} [${`*${'_abcdefgh'[level]},`.repeat(9)}]\n`,
  )
  it.each<[string, string, RegExp]>([
    ['billion laughs', bomb, /^1:4 anchors/],
    ['one alias', 'a: &a x\nb: *a\n', /^1:4 anchors/],
    ['20,000 keys', numbered(20_000, (index) => `k${index}: 1\n`), /^10001:\d+ more than 10000 keys/],
    [
      '20,000 keys in a flow mapping',
      `a: {${numbered(20_000, (index) => `k${index}: 1, `)}}`,
      /^1:\d+ more than 10000 keys/,
    ],
    ['9,000 times one key', 'k: 1\n'.repeat(9000), /^2:1 the key "k" is there twice/],
    ['10 MB', 'a: '.padEnd(10 * MIB, 'x'), /^1:1 the file has 10485760 bytes/],
    ['5,000 levels of [', `a: ${'['.repeat(5000)}`, /^1:\d+ nested more than 32 levels deep/],
    ['5,000 levels of {', `a: ${'{a: '.repeat(5000)}`, /^1:\d+ nested more than 32 levels deep/],
    ['5,000 levels of -', `a:\n${'- '.repeat(5000)}`, /^2:\d+ nested more than 32 levels deep/],
    [
      '1,400 nested mappings',
      numbered(1400, (level) => `${' '.repeat(level)}a:\n`),
      /^33:33 nested more than 32 levels deep|^34:34/,
    ],
    ['1 MiB of [', fill('a: ', '['), /nested more/],
    ['1 MiB of "? "', fill('', '? '), /nested more/],
    ['1 MiB of comments', fill('', '# c\n'), /more lines and values/],
    ['1 MiB of blank lines', fill('', '\n'), /more lines and values/],
    ['1 MiB of documents', fill('', '---\n'), /more lines and values/],
    ['1 MiB of directives', fill('', '%YAML 1.1\n'), /more lines and values/],
    ['1 MiB of numbers', fill('a: [', '1,', ']'), /more lines and values/],
    ['1 MiB of commas', fill('a: [', ',', ']'), /more lines and values/],
    ['1 MiB of ]', fill('', ']'), /^1:1 text that does not belong here/],
    ['1 MiB of unknown escapes', fill('a: "', '\\q', '"'), /^1:5 an escape/],
    ['1 MiB of anchors', fill('', '&a '), /more lines and values/],
    ['a key of 1 MiB', fill('', 'a', ': 1'), /1024 characters/],
  ])('%s', (_, text, problem) => {
    const bytes = Buffer.from(text)
    expectEffort(() => expect(problemsOf(bytes)[0]).toMatch(problem), 500)
  })

  it.each<[string, string]>([
    ['a quoted text of 1 MiB', fill('a: "', 'x', '"')],
    ['1 MiB of escapes', fill('a: "', '\\\\', '"')],
    ['1 MiB of quoted lines', fill('a: "', 'x\n ', '"')],
    ['1 MiB of single quotes', fill("a: '", "''", "'")],
    ['1 MiB of plain lines', fill('a: ', 'x\n  ')],
    ['1 MiB of white space', fill('a: x', ' ')],
    ['a literal of 1 MiB', fill('a: |\n', '  {{x}}\n')],
    ['a folded text of 1 MiB', fill('a: >\n', '  x\n')],
    ['1 MiB of digits and dots', fill('a: ', '1.')],
    ['1 MiB of digits and colons', fill('a: ', '1:2')],
    ['1 MiB of #', fill('a: 1\n', '#')],
    ['9,999 keys', numbered(9999, (index) => `k${index}:\n`)],
    ['32 levels', `a: ${'['.repeat(31)}${']'.repeat(31)}`],
  ])('%s is read in linear time', (_, text) => {
    expectEffort(() => expect(problemsOf(text)).toEqual([]), 2000)
  })
})

describe('positions', () => {
  const text = '# c\na: 1\nlist:\n  - x\n  - {k: v, n: }\n"q": {deep: [1, 2]}\n1.50: z\nnone:\n'
  const source = readYaml(text, 'x.yaml')
  it.each<[(string | number)[], [number, number], [number, number]]>([
    [[], [2, 1], [2, 1]],
    [['a'], [2, 4], [2, 1]],
    [['list'], [4, 3], [3, 1]],
    [
      ['list', 1],
      [5, 5],
      [5, 5],
    ],
    [
      ['list', 1, 'k'],
      [5, 9],
      [5, 6],
    ],
    [
      ['list', 1, 'n'],
      [5, 15],
      [5, 12],
    ],
    [
      ['q', 'deep', 1],
      [6, 17],
      [6, 17],
    ],
    [['1.50'], [7, 7], [7, 1]],
    [['none'], [8, 6], [8, 1]],
    [['missing'], [2, 1], [2, 1]],
    [
      ['a', 'b', 'c'],
      [2, 4],
      [2, 4],
    ],
    [
      ['list', 7],
      [4, 3],
      [4, 3],
    ],
    [
      ['q', 'constructor'],
      [6, 6],
      [6, 6],
    ],
  ])('%j', (path, value, key) => {
    expect(source.positionOf(path)).toEqual({ line: value[0], column: value[1] })
    expect(source.keyPositionOf(path)).toEqual({ line: key[0], column: key[1] })
  })

  it('gives the range of a value', () => {
    const range = source.rangeOf(['list', 1])
    expect(text.slice(range?.start, range?.end)).toBe('{k: v, n: }')
    expect(source.rangeOf(['list', 1, 'z'])).toBeUndefined()
  })

  it.each<[string, string, [number, number][]]>([
    [
      'a literal',
      'a: |\n  x {{b}}\n\n    {{c}}\n',
      [
        [2, 5],
        [4, 5],
      ],
    ],
    [
      'a literal with an indicator and CRLF',
      'a: |2-\r\n    x\r\n  {{b}} {{c}}\r\n',
      [
        [3, 3],
        [3, 9],
      ],
    ],
    [
      'a literal with leading blank lines',
      'a: |\n\n \n  {{b}}{{c}}\n',
      [
        [4, 3],
        [4, 8],
      ],
    ],
    [
      'a plain text',
      'a:   x {{b}} y {{c}}',
      [
        [1, 8],
        [1, 16],
      ],
    ],
    [
      'a quoted text',
      'a: "x {{b}} {{c}}"',
      [
        [1, 7],
        [1, 13],
      ],
    ],
    [
      'a text with escapes',
      'a: "\\u00e9\\n {{b}} \\"{{c}}"',
      [
        [1, 14],
        [1, 22],
      ],
    ],
    [
      'a folded text',
      'a: >\n  x\n  {{b}}\n  {{c}}\n',
      [
        [3, 3],
        [4, 3],
      ],
    ],
    [
      'a folded text whose header has a comment with braces',
      'a: >- # as {{b}} and {{c}}\n  x\n  {{b}}\n  {{c}}\n',
      [
        [3, 3],
        [4, 3],
      ],
    ],
    [
      'a single-quoted text over lines',
      "a: 'it''s\n  {{b}}\n\n  {{c}}'",
      [
        [2, 3],
        [4, 3],
      ],
    ],
    [
      'braces that are escapes',
      'a: "\\x7b{b}} {{c}}"',
      [
        [1, 4],
        [1, 4],
      ],
    ],
  ])('locates braces in %s', (_, yaml, places) => {
    const found = readYaml(yaml, 'x.yaml')
    const value = String(found.value.a)
    const located = [value.indexOf('{{b'), value.indexOf('{{c')].map((offset) => found.locateInScalar(['a'], offset))
    expect(located).toEqual(places.map(([line, column]) => ({ line, column })))
  })

  it('locates in what is not text as at its start', () => {
    expect(source.locateInScalar(['list'], 3)).toEqual({ line: 4, column: 3 })
    expect(source.locateInScalar(['missing', 'x'], 3)).toEqual({ line: 2, column: 1 })
  })
})
