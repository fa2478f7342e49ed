import { Command as Commander } from 'commander'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/index.js'
import { RULES } from '../../src/core/lint/rules.js'
import { promptctl } from '../helpers/cli.js'
import { tempDir } from '../helpers/registry.js'
import { isolatedEnv } from '../helpers/repo.js'

const nameOf = (usage: string): string => usage.split(' ', 1)[0] ?? ''

/** The words of an example as a shell gives them; what stands before promptctl (`source <(…)`) and pipes are left out. */
function wordsOf(example: string): string[] {
  const line = example.replace(/^.*?\bpromptctl /, '').replace(/(\)| [|>].*)$/, '')
  return [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''))
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
      const [first, ...words] = wordsOf(example)
      expect(first, example).toBe(name)
      const parsed = new Commander().exitOverride()
      const sub = parsed.command(command.usage).exitOverride().option('--json')
      command.flags?.(sub)
      let seen = false
      sub.action((...given: unknown[]) => {
        const args = given
          .slice(0, -2)
          .flat()
          .filter((word) => typeof word === 'string')
        command.parse(args, sub.opts())
        seen = true
      })
      await parsed.parseAsync([name, ...words], { from: 'user' })
      expect(seen, example).toBe(true)
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

  it('has no command twice', () => {
    const names = COMMANDS.map(({ usage }) => nameOf(usage))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('%s knows every command', async (shell) => {
    const dir = tempDir()
    const { exit, stdout } = await promptctl({ dir, env: isolatedEnv(dir) }, 'completion', shell)
    expect(exit).toBe(0)
    for (const { usage } of COMMANDS) expect(stdout).toContain(nameOf(usage))
  })
})
