import { describe, expect, it } from 'vitest'
import { expandCases } from '../../src/evaluation/cases.js'
import { readProviderId, splitWords } from '../../src/evaluation/providers/provider-id.js'
import { parseTestSet } from '../../src/evaluation/test-set.js'

const parse = (text: string) => parseTestSet(new TextEncoder().encode(text), 'evals/a-00000001.yaml')

const problemOf = (text: string): string => {
  try {
    parse(text)
    return 'fine'
  } catch (error) {
    return error instanceof Error ? error.message.replace('evals/a-00000001.yaml:', '') : String(error)
  }
}

describe('a test set that is wrong is refused at its place', () => {
  it.each([
    [
      'tests:\n  - assert:\n      - type: llm-rubric\n        value: x\n',
      /^3:15: tests\[0\]\.assert\[0\]\.type: expected a type of assertion \(.*found "llm-rubric"$/,
    ],
    ['tests:\n  - assert: [{type: containz, value: x}]\n', /^2:21: .*did you mean "contains"\?$/],
    ['tests:\n  - asserts: []\n', /^2:5: "asserts" is not a key of a test, did you mean "assert"\?$/],
    [
      'tests:\n  - assert:\n      - {type: contains, value: x, provider: y}\n',
      /^3:\d+: "provider" is not a key of an assertion/,
    ],
    ['prompts: [a]\ntests: [{}]\n', /^1:1: "prompts" is not a key of a test set: it is for the prompt of its name$/],
    ['providers: [anthropic:claude]\ntests: [{}]\n', /^1:13: providers\[0\]: there is no provider "anthropic:claude"/],
    [
      'providers: [{id: "openai:a", config: {apiBaseUrl: "https://evil.example"}}]\ntests: [{}]\n',
      /^1:39: "apiBaseUrl" is not a key of a provider's config$/,
    ],
    ['tests: []\n', /^1:8: tests: expected at least 1 item$/],
    ['description: none\n', /"tests" is missing/],
    ['tests: [{assert: [{type: contains}]}]\n', /^1:19: tests\[0\]\.assert\[0\]: "value" must be text/],
    ['tests: [{assert: [{type: latency}]}]\n', /"threshold" is missing$/],
    ['tests: [{assert: [{type: contains-any, value: {a: 1}}]}]\n', /"value" must be a list of texts/],
    ['tests: [{assert: [{type: assert-set}]}]\n', /"assert" is missing$/],
    ['tests: [{assert: [{type: contains, value: a, assert: []}]}]\n', /"assert" goes with the type assert-set alone$/],
    [
      'tests: [{assert: [{type: assert-set, assert: [{type: assert-set, assert: []}]}]}]\n',
      /an assert-set cannot hold another$/,
    ],
    [
      'tests: [{vars: {a: "file://secret.txt"}}]\n',
      /^1:20: tests\[0\]\.vars\.a: no other file is read from a test set/,
    ],
    ['tests: [{assert: [{type: is-json, value: "file://schema.json"}]}]\n', /no other file is read/],
    ['tests: [{threshold: 2}]\n', /threshold: expected at most 1, found the number 2$/],
    ['tests: [&a {}]\n', /anchors/],
  ])('%j', (text, message) => {
    expect(problemOf(text)).toMatch(message)
  })
})

const casesOf = (text: string) => expandCases(parse(text))
const varsOf = (text: string) =>
  casesOf(text).map(({ vars }) =>
    Object.values(vars)
      .map((value) => JSON.stringify(value))
      .join(' '),
  )

describe('the cases of a test set', () => {
  it.each([
    ['a list of texts is a case each', 'tests: [{vars: {a: [x, y]}}]\n', ['"x"', '"y"']],
    [
      'two lists are every combination',
      'tests: [{vars: {a: [x, y], b: [1x, 2x], c: z}}]\n',
      ['"x" "1x" "z"', '"x" "2x" "z"', '"y" "1x" "z"', '"y" "2x" "z"'],
    ],
    ['of one text, too', 'tests: [{vars: {a: [x]}}]\n', ['"x"']],
    ['a list that begins with no text is one value', 'tests: [{vars: {a: [1, x]}}]\n', ['[1,"x"]']],
    [
      'not when that is disabled',
      'tests: [{vars: {a: [x, y]}, options: {disableVarExpansion: true}}]\n',
      ['["x","y"]'],
    ],
    [
      'nor by default',
      'defaultTest: {options: {disableVarExpansion: true}}\ntests: [{vars: {a: [x, y]}}]\n',
      ['["x","y"]'],
    ],
    [
      'defaults have no value where the test has one',
      'defaultTest: {vars: {a: x, b: y}}\ntests: [{vars: {b: z}}, {}]\n',
      ['"x" "z"', '"x" "y"'],
    ],
  ])('%s', (_, text, vars) => {
    expect(varsOf(text)).toEqual(vars)
  })

  it('have the assertions of defaultTest first, and its threshold', () => {
    const [one, two] = casesOf(
      'defaultTest: {threshold: 0.5, assert: [{type: is-json}]}\ntests:\n  - assert: [{type: latency, threshold: 1}]\n  - {threshold: 1, options: {disableDefaultAsserts: true}}\n',
    )
    expect(one?.assertions.map(({ type }) => type)).toEqual(['is-json', 'latency'])
    expect([one?.threshold, two?.threshold, two?.assertions]).toEqual([0.5, 1, []])
  })

  it('are not more than ten thousand', () => {
    const list = `[${Array.from({ length: 30 }, (_, n) => `v${n}`).join(', ')}]`
    const text = `tests:\n  - vars: {a: ${list}, b: ${list}, c: ${list}, d: ${list}, e: ${list}, f: ${list}}\n`
    expect(() => casesOf(text)).toThrow('more than 10000 cases')
  })

  it('may be a thousand, written out', () => {
    const one = '  - vars:\n      a: x\n    assert:\n      - type: contains\n        value: x\n'.repeat(2)
    expect(casesOf(`tests:\n${one.repeat(1000)}`)).toHaveLength(2000)
  })
})

describe('a provider', () => {
  it.each([
    ['echo', { kind: 'echo' }],
    ['openai:gpt-4o', { kind: 'openai', model: 'gpt-4o' }],
    ['openai:chat:gpt-4o', { kind: 'openai', model: 'gpt-4o' }],
    ['exec:python3 "my model.py" --x=\'a b\'', { kind: 'exec', words: ['python3', 'my model.py', '--x=a b'] }],
    ['exec:echo $HOME; rm -rf / | cat', { kind: 'exec', words: ['echo', '$HOME;', 'rm', '-rf', '/', '|', 'cat'] }],
  ])('%s', (id, read) => {
    expect(readProviderId(id)).toEqual(read)
  })

  it.each(['openai:', 'openai:a b', 'exec:', 'exec:"a', 'echo:x', 'python:x.py', ''])('%j is none', (id) => {
    expect(typeof readProviderId(id)).toBe('string')
  })

  it('has words with escapes', () => {
    expect(splitWords(`a\\ b "c \\" d" '' e`)).toEqual(['a b', 'c " d', '', 'e'])
  })
})
