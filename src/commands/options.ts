import type { Command as Commander } from 'commander'
import { PromptctlError } from '../core/errors.js'
import { parseName } from '../core/reference.js'
import { type Environment, parseEnvironment, quoteName } from '../core/slug.js'
import type { Options } from './command.js'

/** `--env <environment>`. */
export const environmentFlag = (command: Commander): Commander =>
  command.option('-e, --env <environment>', 'environment to work on')

/** What every command that makes a commit takes. */
export const writeFlags = (command: Commander): Commander =>
  command
    .option('-m, --message <reason>', 'why, for the body of the commit message')
    .option('--dry-run', 'print the plan and change nothing')
    .option('--no-verify', 'skip the pre-commit and commit-msg hooks')

/** `--push`, beside writeFlags: of the commands that change what is live. */
export const pushFlag = (command: Commander): Commander =>
  command.option('--push', "begin at the remote's tip, and push the commit: both or neither")

/** `--expect <version>`: a precondition for who read the registry before. */
export const expectFlag = (command: Commander): Commander =>
  command.option('--expect <version>', 'fail unless this is the newest version in the environment')

export const environmentOption = (options: Options, name = 'env'): Environment | undefined => {
  const text = textOption(options, name)
  return text === undefined ? undefined : parseEnvironment(text)
}

export const textOption = (options: Options, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

export const listOption = (options: Options, name: string): readonly string[] => {
  const value = options[name]
  return Array.isArray(value) ? value.map(String) : []
}

export const booleanOption = (options: Options, name: string): boolean => options[name] === true

/** A whole number from 1; throws `usage`. */
export const countOption = (options: Options, name: string): number | undefined => {
  const text = textOption(options, name)
  if (text === undefined) return undefined
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new PromptctlError('usage', `--${name} takes a whole number from 1, and ${quoteName(text)} is none`)
}

export const writeOptions = (options: Options) => ({
  reason: textOption(options, 'message'),
  dryRun: booleanOption(options, 'dryRun'),
  verify: options['verify'] !== false,
  push: booleanOption(options, 'push'),
})

/** Collects a flag that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** Names, or --all: one of them, not both. Throws `usage`. */
function targetsOf(words: readonly string[], options: Options): { names: readonly string[]; all: boolean } {
  const all = booleanOption(options, 'all')
  if (all === words.length > 0) {
    throw new PromptctlError('usage', all ? '--all takes no prompts by name' : 'Name a prompt, or say --all', {
      hint: 'promptctl list shows the prompts.',
    })
  }
  return { names: words.map(parseName), all }
}

/** What publish, promote and archive take, beside flags of their own: prompts by name, or --all of them, in one commit. */
export const promptsFlags = (command: Commander, all: string): Commander =>
  expectFlag(pushFlag(writeFlags(command.option('-a, --all', all))))

export function promptsOptions(words: readonly string[], options: Options) {
  const targets = targetsOf(words, options)
  const expect = countOption(options, 'expect')
  if (targets.all && expect !== undefined) {
    throw new PromptctlError('usage', '--expect is the version of one prompt, and --all takes many', {
      hint: 'Look at the plan with --dry-run first, or name the prompt that should be at that version.',
    })
  }
  return { ...targets, ...writeOptions(options), expect, json: booleanOption(options, 'json') }
}

/** `--range <base>..<head>`, HEAD being the end by default. Throws `usage`. */
export function parseRange(text: string): { readonly base: string; readonly head: string } {
  const [base, head, ...rest] = text.split(/\.{2,3}/)
  if (!base || rest.length > 0 || head === undefined) {
    throw new PromptctlError('usage', `--range takes <base>..<head>, not ${quoteName(text)}`, {
      hint: 'For example --range origin/main..HEAD.',
    })
  }
  return { base, head: head === '' ? 'HEAD' : head }
}
