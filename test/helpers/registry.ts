import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { PromptRecord } from '../../src/registry/record.js'
import type { ChangeRecord } from '../../src/registry/apply.js'
import type { LogEntry } from '../../src/registry/log.js'
import { type CliError, type CliResult, type Place, promptctl } from './cli.js'
import { createRepo, FIRST_COMMIT_AT, isolatedEnv, type TestRepo } from './repo.js'

export type Engine = 'native' | 'embedded'
export const ENGINES: readonly Engine[] = ['native', 'embedded']

export type Made = ChangeRecord & { readonly slug: string; readonly commit: string }

/** A registry with its repository, and a clock that goes on by a minute with each commit and each command. */
export interface TestRegistry {
  readonly repo: TestRepo
  readonly dir: string
  /** As a place to run promptctl in; every call is a minute later. */
  place(more?: Partial<Place>): Place
  cli(...argv: string[]): Promise<CliResult>
  /** Runs with --json and expects exit 0 and silence on standard error. */
  json<T = unknown>(...argv: string[]): Promise<T>
  /** Runs with --json and expects a failure: exactly one object on standard error, and nothing on standard output. */
  fails(exit: number, code: string, ...argv: string[]): Promise<CliError>
  /** A draft in development, with that template. */
  create(title: string, template?: string): Promise<Made>
  /** A prompt that is published in development, and promoted up to an environment. */
  live(title: string, template?: string, upTo?: string): Promise<Made>
  file(slug: string, environment?: string): string
  /** Replaces text in a prompt's file, without a commit. */
  edit(slug: string, from: string, to: string, environment?: string): void
  /** Stages everything and commits it by plain git, a minute later. */
  commit(message: string, ...flags: string[]): string
  log(slug: string, ...flags: string[]): Promise<LogEntry[]>
  /** What the environment serves: the text, or the error's code. */
  served(slug: string, environment?: string): Promise<string>
  head(): string
  /** Seconds since the epoch, of the last command or commit. */
  time(): number
}

let template: string | undefined

/** A repository with an initialised registry, made once and copied for each test. */
function templateDir(): string {
  if (template !== undefined) return template
  const repo = createRepo()
  repo.git('config', 'commit.gpgsign', 'false')
  repo.run(['-c', 'core.hooksPath=/dev/null', 'config', 'gc.auto', '0'])
  rmSync(join(repo.dir, '.git/hooks'), { recursive: true, force: true })
  repo.commitFiles('init', {
    'promptctl.yaml': 'name: test\nbranch: main\nenvironments: [development, staging, production]\npromotion: ordered\n',
    '.gitattributes': 'prompts/** -text\n',
  })
  template = repo.dir
  process.on('exit', () => repo.remove())
  return template
}

const made: { remove(): void }[] = []

/** Call it after each test. */
export function removeRegistries(): void {
  for (const repo of made.splice(0)) repo.remove()
}

export interface RegistryOptions {
  readonly engine?: Engine
  /** In place of promptctl.yaml. */
  readonly config?: string
  /** A work tree that is there already, such as a clone. */
  readonly existing?: string
  /** The registry's folder in the repository. */
  readonly folder?: string
}

/** A registry with nothing in it, on branch main, or the one that is in an existing clone. */
export function createRegistry({ engine = 'native', config, existing, folder }: RegistryOptions = {}): TestRegistry {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'promptctl-registry-')))
  const dir = existing ?? join(root, 'repo')
  if (existing === undefined) cpSync(templateDir(), dir, { recursive: true })
  const env = { ...isolatedEnv(join(root, 'home')), PROMPTCTL_GIT: engine }
  const repo = createRepo({ existing: dir, env })
  made.push({
    remove: () => {
      repo.remove()
      rmSync(root, { recursive: true, force: true, maxRetries: 3 })
    },
  })
  const registry = new RealRegistry(repo, folder === undefined ? '' : `${folder}/`)
  if (config !== undefined) {
    repo.write('promptctl.yaml', config)
    registry.commit('configure')
  }
  return registry
}

class RealRegistry implements TestRegistry {
  readonly repo: TestRepo
  readonly dir: string
  readonly prefix: string
  #time = FIRST_COMMIT_AT

  constructor(repo: TestRepo, prefix: string) {
    this.repo = repo
    this.prefix = prefix
    this.dir = join(repo.dir, prefix)
  }

  time(): number {
    return this.#time
  }

  place(more: Partial<Place> = {}): Place {
    const time = this.#tick()
    return { dir: this.dir, now: () => time * 1000, ...more, env: { ...this.repo.env, ...this.#dates(), ...more.env } }
  }

  cli(...argv: string[]): Promise<CliResult> {
    return promptctl(this.place(), ...argv)
  }

  async json<T>(...argv: string[]): Promise<T> {
    const result = await this.cli(...argv, '--json')
    expect(`${result.exit} ${result.stderr}`, argv.join(' ')).toBe('0 ')
    return result.json<T>()
  }

  fails(exit: number, code: string, ...argv: string[]): Promise<CliError> {
    return expectFailure(this.place(), exit, code, ...argv)
  }

  async create(title: string, text = 'Hello {{name}}\n'): Promise<Made> {
    const result = await promptctl(this.place({ stdin: text }), 'new', title, '--template-file', '-', '--json')
    expect(result.stderr).toBe('')
    return result.json<Made>()
  }

  async live(title: string, text?: string, upTo = 'development'): Promise<Made> {
    const prompt = await this.create(title, text)
    await this.json('publish', prompt.slug)
    if (upTo !== 'development') await this.json('promote', prompt.slug, '--to', 'staging')
    if (upTo === 'production') await this.json('promote', prompt.slug, '--to', 'production')
    return prompt
  }

  file(slug: string, environment = 'development'): string {
    return `${this.prefix}prompts/${environment}/${slug}.yaml`
  }

  edit(slug: string, from: string, to: string, environment?: string): void {
    const path = this.file(slug, environment)
    const text = this.repo.read(path)
    if (!text.includes(from)) throw new Error(`${path} does not hold ${from}:\n${text}`)
    this.repo.write(path, text.replace(from, () => to))
  }

  commit(message: string, ...flags: string[]): string {
    this.#tick()
    this.repo.git('add', '-A')
    const { status, stderr, stdout } = this.repo.run(['commit', '-q', '-m', message, ...flags], { env: this.#dates() })
    if (status !== 0) throw new Error(`git commit: ${stderr}${stdout}`)
    return this.head()
  }

  log(slug: string, ...flags: string[]): Promise<LogEntry[]> {
    return this.json<LogEntry[]>('log', slug, ...flags)
  }

  async served(slug: string, environment = 'development'): Promise<string> {
    const words = ['compile', slug, '--live', '--env', environment, '--var', 'name=Bo', '--json']
    const result = await this.cli(...words)
    if (result.exit === 0) return result.json<{ compiled: string }>().compiled
    return (JSON.parse(result.stderr) as { error: CliError }).error.code
  }

  head(): string {
    return this.repo.git('rev-parse', 'HEAD')
  }

  #tick(): number {
    this.#time += 60
    return this.#time
  }

  #dates() {
    const date = `${this.#time} +0000`
    return { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  }
}

/** Runs with --json and expects that failure: exactly one object on standard error, and nothing on standard output. */
export async function expectFailure(place: Place, exit: number, code: string, ...argv: string[]): Promise<CliError> {
  const result = await promptctl(place, ...argv, '--json')
  expect([result.exit, result.stdout], `${argv.join(' ')}: ${result.stderr}`).toEqual([exit, ''])
  expect(result.stderr.endsWith('}\n') && result.stderr.trimEnd().split('\n').length === 1, result.stderr).toBe(true)
  const { error, ...rest } = JSON.parse(result.stderr) as { error: CliError }
  expect(rest).toEqual({})
  expect(error.code, error.message).toBe(code)
  return error
}

/** What a version was: `3 production promoted published live`. */
export const brief = ({ version, environment, action, state, live }: LogEntry): string =>
  `${version} ${environment} ${action} ${state}${live ? ' live' : ''}`

export type { LogEntry, PromptRecord }

/** Puts a symbolic link in place of a file. */
export function replaceByLink(path: string, target: string): void {
  unlinkSync(path)
  symlinkSync(target, path)
}
