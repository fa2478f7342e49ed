import { existsSync, readFileSync } from 'node:fs'
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

describe('the acceptance cases', () => {
  it('are all in the table, each once', () => {
    const letters = [...'abcdefghij'].map((letter) => `15${letter}`)
    expect(rows.map(({ number }) => number)).toEqual([...range(1, 15), ...letters, ...range(16, 68)])
  })

  it.each(rows)('$number is covered by the tests that the table names', ({ number, files }) => {
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      expect(existsSync(join(HERE, file)), file).toBe(true)
      expect(casesIn(readFileSync(join(HERE, file), 'utf8')), file).toContain(number)
    }
  })
})
