import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ParsedNode, Scalar } from 'yaml'
import type { Json } from '../../src/core/prompt-file.js'
import { formatEntry } from '../../src/core/yaml/format.js'
import { findNode, mappingOf, styleOf, toRange } from '../../src/core/yaml/nodes.js'
import { findEntriesQuickly, findQuickly, readQuickly } from '../../src/core/yaml/quick.js'
import { offsetInScalar } from '../../src/core/yaml/scalar-offset.js'
import { composeYaml } from '../../src/core/yaml/syntax.js'
import { decodeText } from '../../src/core/yaml/text.js'
import { convertRoot, type Path } from '../../src/core/yaml/value.js'

/** What yaml makes of a text; undefined when it finds something wrong. */
function readByYaml(text: string) {
  if (decodeText(text).fault !== undefined) return undefined
  const { root, faults } = composeYaml(text)
  const converted = convertRoot(root)
  return faults.length === 0 && converted.faults.length === 0 ? converted : undefined
}

/** True when the quick reader answers; fails when the answer is not yaml's, order of keys and all. */
function isReadAlike(text: string): boolean {
  if (decodeText(text).fault !== undefined) return false
  const quick = readQuickly(text)
  if (quick === undefined) return false
  const { value, ambiguous } = readByYaml(text) ?? {}
  expect({ text, read: JSON.stringify([quick.value, quick.ambiguous]) }).toEqual({
    text,
    read: JSON.stringify([value, ambiguous]),
  })
  expectEntriesAlike(text)
  // Looking for every place of every text takes long.
  if (text.length % 8 === 0) for (const path of pathsIn(quick.value, [])) expectLocatedAlike(text, path)
  return true
}

const pathsIn = (value: Json, path: Path): readonly Path[] =>
  typeof value === 'object' && value !== null
    ? [
        path,
        ...Object.entries(value).flatMap(([key, each]) =>
          pathsIn(each, [...path, Array.isArray(value) ? Number(key) : key]),
        ),
      ]
    : [path]

function expectEntriesAlike(text: string): void {
  expect({ text, mapping: findEntriesQuickly(text) }).toEqual({ text, mapping: mappingOf(composeYaml(text).root) })
}

function expectLocatedAlike(text: string, path: Path): void {
  const { node } = findNode(composeYaml(text).root, path)
  const found = findQuickly(text, path)
  expect({ text, path, isScalar: found !== undefined }).toEqual({ text, path, isScalar: node instanceof Scalar })
  if (found === undefined || !(node instanceof Scalar)) return
  const scalar = { ...toRange(node as ParsedNode), style: styleOf(node as ParsedNode), value: String(node.value) }
  for (let offset = 0; offset <= scalar.value.length; offset += 1) {
    const [ours, theirs] = [found, scalar].map((each) => offsetInScalar(text, each, offset))
    expect({ text, path, offset, at: ours }).toEqual({ text, path, offset, at: theirs })
  }
}

const root = join(import.meta.dirname, '../../fixtures')
const FIXTURES = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .filter((text) => text.length < 4000)

const SAMPLES = [
  ...FIXTURES,
  'a: 1\nb:\n  - x\n  - y: "z"\n    w: [1, {k: v}]\nc: |-\n  text\n\n   more\nd: {"p":"q", r: -0.5}\n',
  'm:\n- role: user\n  content: |2+\n\n    two\n   \n\n# end\n- {placeholder: history} # here\nwhen: 2024-01-01\n',
  "t: 'it''s'\nu: \"a\\n\\u00e4\\\"\"\nv: yes\nw: ~\nx: null\ny: http://a.b/c#d # comment\n",
]

const SNIPPETS = [
  ...[
    ' ',
    '  ',
    '\n',
    '\n\n',
    ' \n',
    '\t',
    '#',
    ' # c',
    ':',
    ': ',
    '- ',
    '-',
    '|',
    '|-',
    '|+',
    '|2',
    '>',
    '"',
    "'",
    '\\',
    '',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    '&a',
    '*a',
    '!t',
    '%',
    '@',
    '`',
    '?',
    '---\n',
    '...\n',
    'a: b\n',
    'k:',
    '\n ',
    '\n  ',
    '\n    ',
  ],
  ...[
    '1e3',
    '0x1f',
    '1.',
    '.5',
    '~',
    'null',
    'true',
    'no',
    '1_000',
    '12:30',
    '2024-01-01',
    '__proto__: 1\n',
    'ä',
    '\u2028',
  ],
]

/** More find more: QUICK_RUNS=1000000 takes minutes. */
const RUNS = Number(process.env['QUICK_RUNS'] ?? 2000)

describe('readQuickly', () => {
  it('reads what promptctl writes, and every fixture that is right, as yaml does', () => {
    expect(SAMPLES.filter(isReadAlike).length).toBeGreaterThan(SAMPLES.length / 2)
  })

  it.each([
    'a: &x 1\n',
    'a: *x\n',
    'a: !t 1\n',
    'a: 1\na: 2\n',
    'a: b: c\n',
    'a:\n',
    '\ta: 1\n',
    'a: 1',
    'a: >\n  b\n',
    '- a\n',
  ])('leaves %j to yaml', (text) => {
    expect(readQuickly(text)).toBeUndefined()
  })

  it('answers as yaml does after random changes', () => {
    const edit = fc.record({ at: fc.nat(), gone: fc.nat(6), snippet: fc.constantFrom(...SNIPPETS) })
    let answered = 0
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.array(edit, { minLength: 1, maxLength: 3 }), (sample, edits) => {
        let text = sample
        for (const { at, gone, snippet } of edits) {
          const start = at % (text.length + 1)
          text = text.slice(0, start) + snippet + text.slice(start + gone)
        }
        if (isReadAlike(text)) answered += 1
      }),
      { numRuns: RUNS },
    )
    expect(answered).toBeGreaterThan(RUNS / 20)
  })

  it('answers as yaml does for lines put together at random', () => {
    const starts = ['', 'k:', 'k: ', 'k: x', '- ', '- k: 1', '- y', '|', 'k: |', 'k: |-', '- |+', 'k: |1', '# h']
    const others = ['k: [a, "b"]', 'k: {k: 1}', 'text', '"q"', 'k: "m"', 'k: >', '- - z', "k: 'a' b", 'k: - a', '- |2']
    const line = fc.tuple(
      fc.constantFrom('', '', '', ' ', '  ', '  ', '    '),
      fc.constantFrom(...starts, ...starts, ...others),
      fc.constantFrom('', '', '', '', ' ', ' # z', '\n'),
    )
    let answered = 0
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        // Each key once: a second one is wrong wherever it stands.
        const text = lines.map(
          ([indent, content, end], index) => `${indent}${content.replace('k', `k${index}`)}${end}\n`,
        )
        if (isReadAlike(text.join(''))) answered += 1
      }),
      { numRuns: RUNS },
    )
    expect(answered).toBeGreaterThan(RUNS / 100)
  })

  it('answers for any value that promptctl writes, unless it has strange keys', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a\nb\n', 'a\n\n', '\n a', 'yes', '1', ': x', 'a # b', '- a', ' x '),
    )
    const value = fc.letrec<{ any: Json }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{2,5}$/), tie('any'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value.any, (any) => {
        isReadAlike(`${formatEntry('key', any, 0, 'pretty').join('\n')}\n`)
        isReadAlike(`${formatEntry('key', any, 0, 'quoted').join('\n')}\n`)
      }),
      { numRuns: 500 },
    )
  })
})
