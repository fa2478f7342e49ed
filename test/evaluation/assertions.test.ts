import { describe, expect, it } from 'vitest'
import { judge, type Verdict } from '../../src/evaluation/assertions/judge.js'
import type { AssertionEntry } from '../../src/evaluation/test-set.js'
import { expectEffort } from '../helpers/effort.js'

interface Given {
  readonly latencyMs?: number | null
  readonly cost?: number | null
}

const judgeAll = (
  assertions: readonly AssertionEntry[],
  output: string,
  threshold?: number,
  given: Given = {},
): Verdict => judge(assertions, threshold, { output, latencyMs: 12, cost: 0.002, ...given }, (value) => value)

const verdictOf = (assertion: AssertionEntry, output: string, given: Given = {}): string => {
  const { pass, error, results } = judgeAll([assertion], output, undefined, given)
  return error ?? (pass ? 'pass' : (results[0]?.reason ?? ''))
}

describe('an assertion holds, and its not- does not', () => {
  it.each<[string, AssertionEntry, string]>([
    ['equals', { type: 'equals', value: 'Hi' }, 'Hi'],
    ['equals of JSON', { type: 'equals', value: { a: [1, { b: null }] } }, '{"a": [1, {"b": null}]}'],
    ['equals of a number', { type: 'equals', value: 5 }, '5'],
    ['contains', { type: 'contains', value: 'ell' }, 'Hello'],
    ['icontains', { type: 'icontains', value: 'HELL' }, 'Hello'],
    ['contains-any', { type: 'contains-any', value: ['x', 'lo'] }, 'Hello'],
    ['contains-any of text', { type: 'contains-any', value: 'x, "a, b" ,y' }, 'it has a, b'],
    ['contains-all', { type: 'contains-all', value: ['H', 'lo'] }, 'Hello'],
    ['icontains-any', { type: 'icontains-any', value: ['X', 'LO'] }, 'Hello'],
    ['icontains-all', { type: 'icontains-all', value: ['h', 'LO'] }, 'Hello'],
    ['starts-with', { type: 'starts-with', value: 'He' }, 'Hello'],
    ['regex', { type: 'regex', value: '^H\\w+o$' }, 'Hello'],
    ['regex with a name and an escape', { type: 'regex', value: '(?<year>\\d{4})\\/\\u0041' }, 'in 2026/A'],
    ['is-json', { type: 'is-json' }, ' [1] '],
    ['is-json of a schema', { type: 'is-json', value: { type: 'object', required: ['a'] } }, '{"a": 1}'],
    ['is-json of a schema as text', { type: 'is-json', value: 'type: object\nrequired: [a]\n' }, '{"a": 1}'],
    ['contains-json', { type: 'contains-json' }, 'Sure: {"a": "}"} and more'],
    [
      'contains-json of a schema',
      { type: 'contains-json', value: { required: ['b'], type: 'object' } },
      '{"a": 1} {"b": 2}',
    ],
    ['word-count', { type: 'word-count', value: 3 }, ' one two\nthree '],
    ['word-count between', { type: 'word-count', value: { min: 2, max: 3 } }, 'one two'],
    ['levenshtein', { type: 'levenshtein', value: 'kitten', threshold: 3 }, 'sitting'],
    ['levenshtein, 5 by default', { type: 'levenshtein', value: 'Hello' }, 'World'],
    ['latency', { type: 'latency', threshold: 12 }, ''],
    ['cost', { type: 'cost', threshold: 0.002 }, ''],
  ])('%s', (_, assertion, output) => {
    expect(verdictOf(assertion, output)).toBe('pass')
    expect(verdictOf({ ...assertion, type: `not-${assertion.type}` }, output)).toMatch(/^expected the answer not to /)
  })
})

describe('an assertion fails, says why, and its not- holds', () => {
  it.each<[AssertionEntry, string, string]>([
    [{ type: 'equals', value: 'Hi' }, 'Ho', 'expected the answer to equal "Hi"'],
    [{ type: 'equals', value: { a: 1 } }, 'no JSON', 'expected the answer to equal "{\\"a\\":1}"'],
    [
      { type: 'contains-all', value: ['a', 'b'] },
      'b',
      'expected the answer to contain all of "a", "b", but "a" is not in it',
    ],
    [{ type: 'regex', value: '^a$' }, 'a\nb', 'expected the answer to match /^a$/'],
    [{ type: 'is-json' }, '{a}', 'expected the answer to be JSON, but it is no JSON'],
    [
      { type: 'is-json', value: { properties: { age: { type: 'integer' } } } },
      '{"age": 1.5}',
      'expected the answer to be JSON that fits the schema, but age must be of type integer',
    ],
    [{ type: 'contains-json' }, 'a [b} {"c": }', 'expected the answer to contain JSON, but there is none in it'],
    [{ type: 'word-count', value: { min: 3 } }, 'one', 'expected the answer to have at least 3 words, but it has 1'],
    [{ type: 'word-count', value: '2' }, '', 'expected the answer to have 2 words, but it has 0'],
    [
      { type: 'levenshtein', value: 'kitten', threshold: 2 },
      'sitting',
      'expected the answer to be within 2 edits of "kitten"',
    ],
    [{ type: 'latency', threshold: 11 }, '', 'expected the answer to come within 11 ms, but it took 12 ms'],
    [{ type: 'cost', threshold: 0.001 }, '', 'expected the answer to cost at most $0.001, but it cost $0.002'],
  ])('%j on %j', (assertion, output, reason) => {
    expect(verdictOf(assertion, output)).toBe(reason)
    expect(verdictOf({ ...assertion, type: `not-${assertion.type}` }, output)).toBe('pass')
  })
})

describe('an assertion that cannot be run passes neither way', () => {
  it.each<[AssertionEntry, RegExp, Given?]>([
    [{ type: 'regex', value: '(?=a)' }, /cannot be used.*lookaround/],
    [{ type: 'regex', value: '(a)\\1' }, /cannot be used/],
    [{ type: 'regex', value: '(' }, /cannot be used/],
    [{ type: 'is-json', value: { frobnicate: true } }, /keyword "frobnicate" is not supported/],
    [{ type: 'is-json', value: { $ref: 'https://example.com/a.json' } }, /\$ref reaches only into the schema/],
    [{ type: 'latency', threshold: 5 }, /no model was called/, { latencyMs: null }],
    [{ type: 'cost', threshold: 5 }, /does not say what the answer cost/, { cost: null }],
    [{ type: 'word-count', value: 'many' }, /must be a number/],
  ])('%j', (assertion, message, given) => {
    expect(verdictOf(assertion, '{}', given)).toMatch(message)
    expect(verdictOf({ ...assertion, type: `not-${assertion.type}` }, '{}', given)).toMatch(message)
    expect(judgeAll([{ ...assertion, weight: 0 }], '{}', 0, given).pass).toBe(false)
  })
})

describe('hostile patterns, schemas and answers take no time', () => {
  const long = 'a'.repeat(1 << 20)
  it.each<[string, AssertionEntry, string]>([
    ['a pattern that backtracks for ever', { type: 'regex', value: '^(a+)+$' }, `${'a'.repeat(40)}!`],
    ['the same on a megabyte', { type: 'regex', value: '^(a|a)*$' }, `${long}!`],
    [
      'a pattern in a schema',
      { type: 'is-json', value: { type: 'string', pattern: '^(a+)+$' } },
      `"${'a'.repeat(40)}!"`,
    ],
    [
      'references that double',
      {
        type: 'is-json',
        value: {
          $ref: '#/$defs/a0',
          $defs: Object.fromEntries(
            Array.from({ length: 40 }, (_, n) => [
              `a${n}`,
              n === 39 ? true : { allOf: [{ $ref: `#/$defs/a${n + 1}` }, { $ref: `#/$defs/a${n + 1}` }] },
            ]),
          ),
        },
      },
      '1',
    ],
    ['a schema that is its own', { type: 'is-json', value: { $ref: '#' } }, '1'],
    ['uniqueItems of many objects', { type: 'is-json', value: { uniqueItems: true } }, `[${'{},'.repeat(50_000)}1]`],
    ['an open bracket a million times', { type: 'contains-json' }, '['.repeat(1 << 20)],
    ['lists that never close', { type: 'contains-json' }, `[${'1,'.repeat(1000)}`.repeat(400)],
    ['a megabyte compared with another', { type: 'levenshtein', value: 'b'.repeat(1 << 20), threshold: 1e6 }, long],
    ['a quote a million times', { type: 'contains-any', value: '"'.repeat(1 << 16) }, long],
  ])(
    '%s',
    (_, assertion, output) => {
      expectEffort(() => expect(judgeAll([assertion], output).pass).toBe(false), 10_000)
    },
    30_000,
  )
})

describe('the score', () => {
  const yes = { type: 'contains', value: 'a' }
  const no = { type: 'contains', value: 'z' }

  it.each<[string, readonly AssertionEntry[], number | undefined, number, boolean]>([
    ['no assertion: an answer is enough', [], undefined, 1, true],
    ['all must pass', [yes, no], undefined, 0.5, false],
    ['the weighted mean', [{ ...yes, weight: 3 }, no], undefined, 0.75, false],
    ['a threshold that is reached', [{ ...yes, weight: 3 }, no], 0.75, 0.75, true],
    ['a threshold that is not', [yes, no, no], 0.5, 1 / 3, false],
    ['a threshold of 0 never fails', [no], 0, 0, true],
    ['what weighs nothing never fails', [yes, { ...no, weight: 0 }], undefined, 1, true],
    ['an assert-set without a threshold', [{ type: 'assert-set', assert: [yes, no] }], undefined, 0.5, false],
    ['an assert-set with one', [{ type: 'assert-set', threshold: 0.5, assert: [yes, no] }, yes], undefined, 0.75, true],
    ['an assert-set that weighs', [{ type: 'assert-set', weight: 2, assert: [no] }, yes], undefined, 1 / 3, false],
  ])('%s', (_, assertions, threshold, score, pass) => {
    const verdict = judgeAll(assertions, 'a', threshold)
    expect([verdict.score, verdict.pass]).toEqual([expect.closeTo(score), pass])
  })
})
