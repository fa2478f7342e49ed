import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** test/CASES.md names the tests of every acceptance case. */

const HERE = fileURLToPath(new URL('.', import.meta.url))
const rows = readFileSync(join(HERE, 'CASES.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, , files] = /^\| (\d+[a-z]?) \| ([^|]+) \| ([^|]*) \|$/.exec(line) ?? []
    return number === undefined
      ? []
      : [{ number, files: [...(files ?? '').matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? '') }]
  })

const range = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

/** `[case 18, case 19]` and `[cases 15b, 15e]` say several. */
const casesIn = (text: string): readonly string[] =>
  [...text.matchAll(/\[cases? ([^\]]+)\]/g)].flatMap(([, list = '']) => list.match(/\d+[a-z]?/g) ?? [])

const filesBelow = (folder: string, pattern: RegExp): readonly string[] =>
  readdirSync(join(HERE, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))

/** Whatever may name a case: tests, the suites that they share, and tables in fixtures. */
const SOURCES = [...filesBelow('', /\.ts$/), ...filesBelow('../fixtures/cases', /\.yaml$/)]
  .filter((file) => file !== 'cases.test.ts')
  .sort()
  .map((file) => ({ file, cases: new Set(casesIn(readFileSync(join(HERE, file), 'utf8'))) }))

describe('the acceptance cases', () => {
  it('are all in the table, each once', () => {
    const letters = [...'abcdefghij'].map((letter) => `15${letter}`)
    expect(rows.map(({ number }) => number)).toEqual([...range(1, 15), ...letters, ...range(16, 68)])
  })

  it.each(rows)('$number is covered by the tests that the table names, and by no other', ({ number, files }) => {
    expect(files).not.toEqual([])
    expect([...files].sort()).toEqual(SOURCES.filter(({ cases }) => cases.has(number)).map(({ file }) => file))
  })
})
