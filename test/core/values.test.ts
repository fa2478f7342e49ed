import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import { parseValues } from '../../src/core/values.js'

const bytes = (text: string, ...more: readonly number[]) => Buffer.concat([Buffer.from(text), Buffer.from(more)])

describe('parseValues', () => {
  it.each<[string, unknown]>([
    [
      '{"a": 1, "b": [1.50, -0.1e-3, true, null], "c": {"a": "\\"}, {"}}',
      { a: 1, b: [1.5, -0.0001, true, null], c: { a: '"}, {' } },
    ],
    ['{"a": [{"a": 1}, {"a": 2}], "\\\\": {}, "b\\\\": {}}', { a: [{ a: 1 }, { a: 2 }], '\\': {}, 'b\\': {} }],
    ['{"a": "12345678901234567890", "b": "\\ud83d\\ude00"}', { a: '12345678901234567890', b: '😀' }],
    ['a: 1\nb: [x]\n', { a: 1, b: ['x'] }],
    ['{a: 1}', { a: 1 }],
  ])('reads %s, with a byte order mark or without', (text, values) => {
    expect(parseValues(bytes(text), 'v')).toEqual(values)
    expect(parseValues(bytes(`\ufeff${text}`), 'v')).toEqual(values)
  })

  it.each<[string, Uint8Array, string]>([
    [
      'a number in JSON',
      bytes('{"a": 1,\n "n": 12345678901234567890}'),
      'v:2:7: the number 12345678901234567890 cannot',
    ],
    ['a number in YAML', bytes('n: 12345678901234567890'), 'v:1:4: the number 12345678901234567890 cannot be held'],
    ['a number without end', bytes('{"n": [-1e999]}'), 'v:1:8: the number -1e999 cannot be held exactly'],
    ['a key in JSON', bytes('{"a": {"x": 1, "\\u0078": 2}}'), 'v:1:16: the key "x" is there twice'],
    ['a key in YAML', bytes('a: 1\na: 2'), 'v:2:1: the key "a" is there twice'],
    ['a byte in JSON', bytes('{"a": "', 0xff, 0x22, 0x7d), 'v:1:8: byte 0xff is not UTF-8'],
    ['a byte in YAML', bytes('a: ', 0xe9), 'v:1:4: byte 0xe9 is not UTF-8'],
    ['half a character', bytes('{"a": "\\ud800"}'), 'v:1:7: half of a surrogate pair'],
  ])('refuses what would be lost: %s', (_, content, message) => {
    try {
      parseValues(content, 'v')
      expect.unreachable()
    } catch (error) {
      expect(isPromptctlError(error, 'usage') && error.message).toContain(message)
    }
  })
})
