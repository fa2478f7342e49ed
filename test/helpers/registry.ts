import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { digestOf } from '../../src/core/digest.js'
import type { PromptFile, State } from '../../src/core/prompt-file.js'
import { formatPrompt } from '../../src/core/prompt-writer.js'
import type { Environment, Slug } from '../../src/core/slug.js'
import { createSlug } from '../../src/core/slug-title.js'
import { inferVariables } from '../../src/core/variables.js'
import type { ChangeRecord } from '../../src/registry/apply.js'
import type { LogEntry } from '../../src/registry/log.js'
import type { PromptRecord } from '../../src/registry/record.js'
import { type CliError, type CliResult, type Place, promptctl } from './cli.js'
import { configureIdentity, createRepo, FIRST_COMMIT_AT, isolatedEnv, type ProcessEnv, type TestRepo } from './repo.js'

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
  /** Runs with --json and expects exit 0 and silence on standard error, but for what --all passes over. */
  json<T = unknown>(...argv: string[]): Promise<T>
  /** Runs with --json and expects a failure: exactly one object on standard error, and nothing on standard output. */
  fails(exit: number, code: string, ...argv: string[]): Promise<CliError>
  /** A draft in development, with that template. */
  create(title: string, template?: string): Promise<Made>
  /** A prompt with versions that plain git made, a commit each: a draft, published, and promoted up to an environment. */
  live(title: string, template?: string, upTo?: string): { slug: string }
  /** A prompt with a history that plain git made, a commit for each seed. */
  seed(title: string, seeds: readonly Seed[]): { slug: string }
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

/** One commit that seeds a prompt's history: what one environment's file says. */
export interface Seed {
  readonly environment?: string
  readonly state?: State | 'deleted'
  readonly template?: string
  /** More keys of the file, such as tags; `messages` stand in place of a template. */
  readonly more?: Partial<PromptFile>
  /** The whole file, where it must be wrong in some way. */
  readonly text?: (right: string) => string
}

// One folder for all that the tests of a file make: it goes away at once, and nobody waits for it.
const root = realpathSync(mkdtempSync(join(tmpdir(), 'promptctl-registry-')))
afterAll(() => spawn('rm', ['-rf', root], { detached: true, stdio: 'ignore' }).unref())

export const tempDir = (): string => mkdtempSync(join(root, 'more-'))

const CONFIG = 'name: test\nbranch: main\nenvironments: [development, staging, production]\npromotion: ordered\n'
let template: string | undefined

/** A repository with an initialised registry, made once and copied for each test. */
function templateDir(): string {
  if (template !== undefined) return template
  const dir = join(root, 'template')
  execFileSync('git', ['init', '-q', '--template=', '--initial-branch=main', dir], { env: isolatedEnv(root) })
  const repo = createRepo({ existing: dir, env: isolatedEnv(root) })
  configureIdentity(dir, repo.env)
  repo.git('config', 'gc.auto', '0')
  repo.commitFiles('init', { 'promptctl.yaml': CONFIG, '.gitattributes': 'prompts/** -text\n' })
  repo.remove()
  template = dir
  return dir
}

export interface RegistryOptions {
  readonly engine?: Engine
  /** In place of promptctl.yaml. */
  readonly config?: string
  /** A work tree that is there already, such as a clone. */
  readonly existing?: string
  /** The registry's folder in the repository. */
  readonly folder?: string
  /** More of the environment. */
  readonly env?: ProcessEnv
}

/** A registry with nothing in it, on branch main, or the one that is in an existing clone. */
export function createRegistry({
  engine = 'native',
  config,
  existing,
  folder,
  env: more,
}: RegistryOptions = {}): TestRegistry {
  const dir = existing ?? join(tempDir(), 'repo')
  if (existing === undefined) cpSync(templateDir(), dir, { recursive: true })
  const env = { ...isolatedEnv(join(root, 'home')), PROMPTCTL_GIT: engine, ...more }
  const repo = createRepo({ existing: dir, env })
  repo.remove()
  const registry = new RealRegistry(repo, folder === undefined ? '' : `${folder}/`)
  if (config !== undefined) {
    repo.write('promptctl.yaml', config)
    registry.commit('configure', '--allow-empty')
  }
  return registry
}

class RealRegistry implements TestRegistry {
  readonly repo: TestRepo
  readonly dir: string
  readonly prefix: string
  #time = FIRST_COMMIT_AT
  #prompts = 0

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
    const stderr = argv.includes('--all') ? result.stderr.replace(/^passed over .*\n/gm, '') : result.stderr
    expect(`${result.exit} ${stderr}`, argv.join(' ')).toBe('0 ')
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

  live(title: string, template?: string, upTo = 'development'): { slug: string } {
    const environments = ['development', 'staging', 'production']
    const reached = environments.slice(0, environments.indexOf(upTo) + 1)
    const content = template === undefined ? {} : { template }
    return this.seed(title, [
      { state: 'draft', ...content },
      ...reached.map((environment) => ({ environment, ...content })),
    ])
  }

  seed(title: string, seeds: readonly Seed[]): { slug: string } {
    const id = `${String(++this.#prompts).padStart(8, '0')}-4e9d-4c6b-9a51-0d2f6c1b7e88`
    const slug = createSlug(title, id)
    this.grow({ id, slug, title }, seeds)
    return { slug }
  }

  grow({ id, slug, title }: { id: string; slug: Slug; title: string }, seeds: readonly Seed[]): void {
    const stream = seeds.map((seed, index) => {
      const environment = (seed.environment ?? 'development') as Environment
      const path = this.file(slug, environment)
      const right = seed.state === 'deleted' ? '' : formatSeed({ id, slug, title, environment }, seed, this.#tick())
      const text = seed.text?.(right) ?? right
      const change = seed.state === 'deleted' ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`
      const person = `Ada Lovelace <ada@example.com> ${this.#time} +0000`
      const from = index === 0 ? `from ${this.head()}\n` : ''
      return `commit refs/heads/main\ncommitter ${person}\n${data(`seed ${index}`)}${from}${change}\n`
    })
    const { status, stderr } = this.repo.run(['fast-import', '--quiet'], { input: stream.join('') })
    if (status !== 0) throw new Error(stderr)
    this.repo.git('reset', '-q', '--hard')
  }

  file(slug: string, environment = 'development'): string {
    return `${this.prefix}prompts/${environment}/${slug}.yaml`
  }

  edit(slug: string, from: string, to: string, environment?: string): void {
    const path = this.file(slug, environment)
    const text = this.repo.read(path)
    if (!text.includes(from)) throw new Error(`${path} does not hold ${from}:\n${text}`)
    this.repo.write(
      path,
      text.replace(from, () => to),
    )
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

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`

function formatSeed(
  identity: Pick<PromptFile, 'id' | 'slug' | 'title' | 'environment'>,
  { state = 'published', template = 'Hello {{name}}\n', more }: Seed,
  time: number,
): string {
  const wording = more?.messages === undefined ? { template } : { messages: more.messages }
  const content = {
    ...wording,
    ...(more?.variables === undefined ? { variables: inferVariables(wording) } : {}),
    ...more,
  }
  const sealed = {
    published_at: new Date(time * 1000).toISOString().replace('.000', ''),
    published_by: 'Ada Lovelace <ada@example.com>',
    digest: digestOf(content),
  }
  if (state === 'deleted') throw new Error('a deletion has no file')
  return formatPrompt({ ...identity, state, ...(state === 'published' ? sealed : {}), ...content })
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
