import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What fuzzing starts from: files of fixtures/, where anybody can add to them. */

const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url))

export const readFixture = (name: string): Buffer => readFileSync(join(FIXTURES, name))

export const filesBelow = (folder: string, pattern: RegExp): readonly Buffer[] =>
  readdirSync(join(FIXTURES, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => readFixture(join(folder, name)))

/** The lines of a file of fixtures/fuzz. */
export const linesOf = (name: string): readonly string[] =>
  readFixture(join('fuzz', name)).toString('utf8').split('\n').filter(Boolean)

/** As linesOf, as bytes. */
export const inputsOf = (name: string): readonly Buffer[] => linesOf(name).map((line) => Buffer.from(line))
