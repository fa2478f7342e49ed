import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT } from '../src/cli/exit-codes.js'
import { COMMANDS } from '../src/commands/index.js'
import { createSession, matchesOutput, parseConsoleBlocks } from './helpers/console-blocks.js'
import { isolatedEnv, type ProcessEnv } from './helpers/repo.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const QUICKSTART_AT = 1_700_000_000

/** The body of the table below a heading, cell by cell, without its backticks. */
function tableBelow(heading: string): string[][] {
  const section = README.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const rows = section.match(/^\|.*\|$/gm) ?? []
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('`', '')),
  )
}

describe("the README's tables", () => {
  it('list every command as the help does', () => {
    expect(tableBelow('Commands')).toEqual(COMMANDS.map(({ usage, summary }) => [usage, summary]))
  })

  it('list every exit status', () => {
    const rows = tableBelow('Exit statuses').filter(([status]) => status !== '0')
    const told = rows.flatMap(([status, codes = '']) => codes.split(', ').map((code) => [code, Number(status)]))
    expect(Object.fromEntries(told)).toEqual(EXIT)
  })
})

it('is neither a leaflet nor a manual', () => {
  const lines = README.split('\n').length
  expect(lines).toBeGreaterThanOrEqual(150)
  expect(lines).toBeLessThanOrEqual(350)
})

describe("the README's console blocks", () => {
  let folder: string
  let env: ProcessEnv

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'promptctl-readme-')))
    writeFileSync(join(folder, '.gitconfig'), '[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n')
    const date = `${QUICKSTART_AT} +0000`
    env = { ...isolatedEnv(folder), GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
    execFileSync(process.execPath, [join(ROOT, 'fixtures/quickstart.mjs')], { cwd: folder, env, stdio: 'ignore' })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('print what they say', async () => {
    const steps = parseConsoleBlocks(README)
    expect(steps.length).toBeGreaterThan(10)
    const now = QUICKSTART_AT + 600
    const date = `${now} +0000`
    const session = createSession(folder, { ...env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }, now * 1000)
    for (const step of steps) {
      const printed = await session.run(step)
      if (!matchesOutput(printed, step.output)) {
        expect({ line: step.line, command: step.command, printed }).toEqual({ ...step, printed: step.output })
      }
    }
  })
})
