import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalJson, digestOf } from '../../src/core/digest.js'
import type { Json } from '../../src/core/prompt-file.js'

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

describe('canonicalJson (RFC 8785)', () => {
  it.each<[string, Json, string]>([
    ['literals', [null, true, false], '[null,true,false]'],
    [
      'no white space, sorted keys, lists as they are',
      { b: [3, 1, { d: 1, c: 2 }], a: {} },
      '{"a":{},"b":[3,1,{"c":2,"d":1}]}',
    ],
    [
      'keys by UTF-16 code units: 😀 before U+FB33',
      { '\ufb33': 1, '😀': 2, '\u20ac': 3, '\r': 4, '1': 5, ö: 6, '\u0080': 7 },
      '{"\\r":4,"1":5,"\u0080":7,"ö":6,"€":3,"😀":2,"\ufb33":1}',
    ],
    [
      'numbers as ECMAScript writes them',
      [
        1.5, 1e21, 1e-7, 0.000001, 100, 333333333.3333333, 4.5, 2e-3, 1e30, 5e-324, -1.7976931348623157e308,
        9007199254740992, 295147905179352830000,
      ],
      '[1.5,1e+21,1e-7,0.000001,100,333333333.3333333,4.5,0.002,1e+30,5e-324,-1.7976931348623157e+308,9007199254740992,295147905179352830000]',
    ],
    ['no negative zero', -0, '0'],
    [
      'only the escapes that JSON needs',
      '€$\u000f\nA\'B"\\\\"/\u2028\u007f',
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028\u007f"',
    ],
    ['text that looks like the escape of a surrogate', '\\ud800', '"\\\\ud800"'],
    [
      'keys that every object has',
      JSON.parse('{"toString":1,"constructor":{"__proto__":2}}'),
      '{"constructor":{"__proto__":2},"toString":1}',
    ],
  ])('%s', (_, value, json) => {
    expect(canonicalJson(value)).toBe(json)
  })

  it.each<[string, Json]>([
    ['a number that is not finite', [Number.NaN]],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', { a: 'x\ud800y' }],
    ['a lone surrogate behind a backslash', '\\\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})

describe('digestOf', () => {
  it('covers the content, and only that', () => {
    const content = {
      template: 'é{{x}}\n',
      variables: { x: { type: 'string' as const, default: 'a' } },
      config: { b: 1, a: [] },
    }
    const whole = { ...content, title: 'x', state: 'draft', environment: 'staging', tags: ['a'], published_at: 'now' }
    const canonical =
      '{"config":{"a":[],"b":1},"template":"é{{x}}\\n","variables":{"x":{"default":"a","type":"string"}}}'
    expect(digestOf(content)).toBe(sha256(canonical))
    expect(digestOf(whole)).toBe(digestOf(content))
  })

  it('tells an absent key from an empty one', () => {
    expect(digestOf({ template: '' })).toBe(sha256('{"template":""}'))
    expect(digestOf({ template: '', variables: {} })).not.toBe(digestOf({ template: '' }))
    expect(digestOf({ template: '', tools: null })).toBe(sha256('{"template":"","tools":null}'))
  })
})
