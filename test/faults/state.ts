import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import type { CliError } from '../helpers/cli.js'
import type { TestRegistry } from '../helpers/registry.js'
import type { Ended } from './inject/faulty.js'

/** The one error that a failed command with --json prints; fails when it printed anything else, or calls itself a bug. */
export function errorOf({ exit, stdout, stderr }: Ended, about: string): CliError {
  expect(stdout, about).toBe('')
  const { error } = parse(stderr, about)
  expect(Object.hasOwn(EXIT, error.code) && EXIT[error.code as keyof typeof EXIT] === exit, `${about}: ${stderr}`).toBe(
    true,
  )
  expect(error.message.trim().split('\n').length, `${about}: ${error.message}`).toBe(1)
  return error
}

function parse(stderr: string, about: string): { error: CliError } {
  try {
    return JSON.parse(stderr) as { error: CliError }
  } catch (cause) {
    throw new Error(`${about}: ${stderr}`, { cause })
  }
}

/**
 * What a write leaves behind only when it did not end well: below .git/promptctl, and beside the prompts. A claim on the
 * lock that was cut off while it was written is taken for one that is being written for two seconds, and is left out.
 */
export function leftovers({ repo, dir }: TestRegistry): readonly string[] {
  const state = join(repo.dir, '.git/promptctl')
  const temporary = namesIn(state).filter(
    (name) => /(^|\/)(pending-|lock)|\.tmp$/.test(name) && !name.includes('cache/') && !isTornClaim(join(state, name)),
  )
  return [...temporary, ...namesIn(join(dir, 'prompts')).filter((name) => /(^|\/)\.|\.(tmp|lock)$/.test(name))]
}

const namesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []

const isTornClaim = (path: string): boolean =>
  /\/lock\.[0-9a-f]{24}$/.test(path) && !readFileSync(path, 'utf8').endsWith('}')

/** The lock files of git's that are there. */
export const gitLocks = ({ repo }: TestRegistry): readonly string[] =>
  readdirSync(join(repo.dir, '.git'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(repo.dir, '.git', name))
