import { Command as Commander, CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import type { AnyCommand } from '../../src/commands/command.js'
import { COMMANDS } from '../../src/commands/index.js'
import { isPromptctlError } from '../../src/core/errors.js'
import { RULES } from '../../src/core/lint/rules.js'
import { KINDS } from '../../src/evaluation/assertions/kinds.js'
import { parseTestSet } from '../../src/evaluation/test-set.js'
import { promptctl } from '../helpers/cli.js'
import { tempDir } from '../helpers/registry.js'
import { isolatedEnv } from '../helpers/repo.js'

const nameOf = (usage: string): string => usage.split(' ', 1)[0] ?? ''

/** The words of an example as a shell gives them; what stands before promptctl (`source <(…)`) and pipes are left out. */
function wordsOf(example: string): string[] {
  const line = example.replace(/^.*?\bpromptctl /, '').replace(/(\)| [|>].*)$/, '')
  return [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''))
}

/** What options take: one of these fits each. */
const VALUES = ['2', 'github', 'markdown', 'draft', 'staging', 'read:staging', '30s', 'a=b', 'title=x', 'a: b', 'a..b']
/** Options that say what is so anyway. */
const REDUNDANT = ['--to "02:00" --restore', '--poll 30s --push']

/** The request that the words make, as text; what is undefined counts as not there. */
async function parsed(command: AnyCommand, [name = '', ...words]: readonly string[]): Promise<string> {
  const program = new Commander().exitOverride().configureOutput({ writeErr: () => {} })
  const sub = program.command(command.usage).exitOverride().option('--json')
  command.flags?.(sub)
  let request: string | undefined
  sub.action((...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((word) => typeof word === 'string')
    request = JSON.stringify(command.parse(args, sub.opts())) ?? 'nothing'
  })
  await program.parseAsync([name, ...words], { from: 'user' })
  if (request === undefined) throw new Error(`${words.join(' ')} was not parsed`)
  return request
}

function usageOf(error: unknown): string {
  if (error instanceof CommanderError || isPromptctlError(error, 'usage')) return 'usage'
  throw error
}

describe.each(COMMANDS.map((command) => [nameOf(command.usage), command] as const))('%s', (name, command) => {
  const parser = new Commander()
  const subcommand = parser.command(command.usage).option('--json')
  command.flags?.(subcommand)

  it('has a summary of at most 60 characters', () => {
    expect(command.summary.length).toBeLessThanOrEqual(60)
    expect(command.summary).toMatch(/^[A-Z].*[^.]$/)
  })

  it('explains each flag', () => {
    for (const { flags, description } of subcommand.options) {
      if (flags !== '--json') expect(description, flags).toMatch(/\S+ ?\S*/)
    }
  })

  it('has examples that parse', async () => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const example of command.examples) {
      expect(wordsOf(example)[0], example).toBe(name)
      await parsed(command, wordsOf(example))
    }
  })

  it('swallows no option: beside each example it changes the request, or is a usage error', async () => {
    for (const example of command.examples) {
      const words = wordsOf(example)
      const plain = await parsed(command, words)
      for (const { long, hidden, required } of subcommand.options) {
        if (hidden || long == null || long === '--json' || words.includes(long)) continue
        if (REDUNDANT.some((known) => `${example} ${long}`.includes(known))) continue
        const tries = required ? VALUES.map((value) => [long, value]) : [[long]]
        const requests = await Promise.all(tries.map((more) => parsed(command, [...words, ...more]).catch(usageOf)))
        const isRefused = requests.every((request) => request === 'usage')
        const isTaken = requests.some((request) => request !== 'usage' && request !== plain)
        expect(isRefused || isTaken, `${example} ${long}`).toBe(true)
      }
    }
  })

  it('has --help with its examples, and --json, outside of a registry', async () => {
    const dir = tempDir()
    const { exit, stdout, stderr } = await promptctl({ dir, env: isolatedEnv(dir) }, name, '--help')
    expect([exit, stderr]).toEqual([0, ''])
    for (const example of command.examples) expect(stdout).toContain(example)
    expect(stdout).toContain('--json')
    expect(stdout).toContain(command.summary)
  })
})

describe('promptctl --help', () => {
  it('names every command of the contract that is built, once', async () => {
    const dir = tempDir()
    const { exit, stdout } = await promptctl({ dir, env: isolatedEnv(dir) }, '--help')
    expect(exit).toBe(0)
    for (const { usage, summary } of COMMANDS) {
      expect(stdout.match(new RegExp(`^  ${nameOf(usage)}\\b`, 'gm')), usage).toHaveLength(1)
      expect(stdout).toContain(summary)
    }
  })

  it('names every rule of lint', async () => {
    const dir = tempDir()
    const { stdout } = await promptctl({ dir, env: isolatedEnv(dir) }, 'lint', '--help')
    for (const [rule, { severity, summary }] of Object.entries(RULES)) {
      const star = severity === 'warning' ? '\\*' : ''
      expect(stdout).toMatch(new RegExp(`^  ${rule}${star} +${summary.replace(/[{}()]/g, '\\$&')}$`, 'm'))
    }
  })

  it('shows a test set that can be read, and names every assertion, in eval --help', async () => {
    const dir = tempDir()
    const { stdout } = await promptctl({ dir, env: isolatedEnv(dir) }, 'eval', '--help')
    const [, example = '', types = ''] = /words:\n([\s\S]*?)\n\nAssertions, .*:\n([\s\S]*?)\n*$/.exec(stdout) ?? []
    expect(parseTestSet(new TextEncoder().encode(example.replace(/^ {2}/gm, '')), 'a.yaml').tests).toHaveLength(1)
    expect(types.split(';')[0]?.trim().split(/,\s+/)).toEqual(KINDS)
  })

  it('has no command twice', () => {
    const names = COMMANDS.map(({ usage }) => nameOf(usage))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('%s knows every command', async (shell) => {
    const dir = tempDir()
    const place = { dir, env: isolatedEnv(dir) }
    expect((await promptctl(place, 'completion', shell)).stdout).toContain(`completion ${shell} --candidates`)
    const { exit, stdout } = await promptctl(place, 'completion', shell, '--candidates', 'promptctl ')
    expect([exit, stdout]).toEqual([0, COMMANDS.map(({ usage, summary }) => `${nameOf(usage)}\t${summary}\n`).join('')])
  })
})
