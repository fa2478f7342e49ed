import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { createRegistry, type Engine, type TestRegistry, tempDir } from '../../helpers/registry.js'
import type { ProcessEnv } from '../../helpers/repo.js'
import { countOperations, type Ended, runBinary } from '../inject/faulty.js'
import { errorOf, gitLocks, leftovers } from '../state.js'

/** Where in a write the process group is killed: at one of its own file operations, inside git, or at any moment. */
export type WritePhase = 'lock' | 'file' | 'commit' | 'ref' | 'any time'

export const WRITE_PHASES: readonly WritePhase[] = ['lock', 'file', 'commit', 'ref', 'any time']

const KILLER = fileURLToPath(new URL('../inject/git-killer.sh', import.meta.url))
let shadow: string | undefined

/** Kills the group so many milliseconds after git was started with that word. */
export function killInGit(word: string, afterMs: number): ProcessEnv {
  if (shadow === undefined) {
    shadow = tempDir()
    copyFileSync(KILLER, join(shadow, 'git'))
    chmodSync(join(shadow, 'git'), 0o755)
  }
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  const path = `${shadow}:${process.env['PATH']}`
  return { PATH: path, REAL_GIT: real, KILL_WORD: word, KILL_AFTER: String(afterMs / 1000), FAULT_LOG: '/dev/null' }
}

/** Kills the process group after so many milliseconds, if it still runs. */
export async function runAndKill(
  registry: TestRegistry,
  argv: readonly string[],
  stdin: string,
  afterMs: number,
  env: ProcessEnv = {},
): Promise<Ended> {
  let timer: NodeJS.Timeout | undefined
  const ended = await runBinary(registry, argv, {
    stdin,
    env,
    onStart: ({ pid = 0 }) => {
      timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), afterMs)
    },
  })
  clearTimeout(timer)
  return ended
}

/** A registry whose writes are killed again and again. */
export class Victim {
  readonly registry: TestRegistry
  readonly engine: Engine
  readonly #random: () => number
  readonly #slug: string
  #counts: Readonly<Record<string, number>> = {}
  #round = 0

  constructor(engine: Engine, random: () => number) {
    this.engine = engine
    this.#random = random
    this.registry = createRegistry({ engine })
    this.#slug = this.registry.live('Greet', 'Hello 0 {{name}}', 'staging').slug
  }

  async begin(): Promise<void> {
    const stdin = 'Hello first {{name}}'
    this.#counts = await countOperations(this.registry, this.#edit, { stdin })
  }

  /** True when the kill came before the command had ended. */
  async kill(phase: WritePhase): Promise<boolean> {
    const before = this.registry.head()
    const { argv, stdin, isEdited } = this.#next()
    const edited = isEdited ? this.registry.repo.read(this.registry.file(this.#slug)) : undefined
    const ended = await this.#strike(phase, argv, stdin)
    const about = `${this.engine}, ${argv.join(' ')}, killed: ${phase} ${ended.hit ?? ''}`
    const isMade = this.#expectOldOrNew(before, ended, about)
    await this.#goOn(about)
    if (edited !== undefined && !isMade) expect(this.#publishedText(), `${about}: the edit`).toBe(textOf(edited))
    this.#expectSound(about)
    return ended.exit === null
  }

  get #edit(): readonly string[] {
    return ['edit', this.#slug, '--template-file', '-', '--publish', '--json']
  }

  /** Commands that each change something after any of the others. */
  #next() {
    const round = ++this.#round
    const text = `Hello ${round} {{name}}`
    const argv = [
      this.#edit,
      ['promote', this.#slug, '--to', 'staging', '--overwrite', '--again', '--restore', '--json'],
      ['publish', this.#slug, '--json'],
      ['rollback', this.#slug, '--env', 'development', '--json'],
    ][round % 4] as readonly string[]
    const isEdited = argv[0] === 'publish'
    if (isEdited) this.registry.edit(this.#slug, /Hello [^ ]+/.exec(this.#text())?.[0] ?? '', `Hello ${round}`)
    return { argv, stdin: text, isEdited }
  }

  async #strike(phase: WritePhase, argv: readonly string[], stdin: string): Promise<Ended> {
    if (phase === 'any time') return runAndKill(this.registry, argv, stdin, 20 + this.#random() * 180)
    if (this.engine === 'embedded' || phase === 'lock' || phase === 'file') {
      const nth = 1 + Math.floor(this.#random() * (this.#counts[phase] ?? 1))
      return runBinary(this.registry, argv, { stdin, fault: `kill:${phase}:${nth}` })
    }
    if (phase === 'commit') {
      return runBinary(this.registry, argv, { stdin, env: killInGit('commit', this.#random() * 12) })
    }
    // git's own transaction: its locks are there (prepared), or the branch has just moved (committed).
    const hook = join(this.registry.dir, '.git/hooks/reference-transaction')
    const state = this.#random() < 0.5 ? 'prepared' : 'committed'
    mkdirSync(join(hook, '..'), { recursive: true })
    this.registry.repo.hook('reference-transaction', `[ "$1" = ${state} ] && kill -9 0; exit 0`)
    try {
      return await runBinary(this.registry, argv, { stdin })
    } finally {
      rmSync(hook)
    }
  }

  /** The branch is where it was, or one commit further; what was printed as done is there. */
  #expectOldOrNew(before: string, { exit, stdout, stderr }: Ended, about: string): boolean {
    const head = this.registry.head()
    if (head !== before) expect(this.registry.repo.git('rev-parse', 'HEAD^'), about).toBe(before)
    const said = /"commit":"([0-9a-f]{40})"/.exec(stdout)?.[1]
    if (said !== undefined && stdout.includes('"changed":true')) expect(said, about).toBe(head)
    expect([null, 0], `${about}: ${stderr}`).toContain(exit)
    this.registry.repo.check()
    return head !== before
  }

  /** The next command works without help; a lock that git left is named, and removing it is the help. */
  async #goOn(about: string): Promise<void> {
    const argv = ['publish', this.#slug, '--json']
    const locks = gitLocks(this.registry)
    if (locks.length > 0 && this.engine === 'native') {
      if (this.#round % 12 === 0) {
        const write = ['edit', this.#slug, '--set', `title=Title ${this.#round}`, '--publish', '--json']
        const { message } = errorOf(await runBinary(this.registry, write), about)
        expect(
          locks.some((lock) => message.includes(lock)),
          `${about}: ${message}`,
        ).toBe(true)
      }
      for (const lock of locks) rmSync(lock, { force: true })
    }
    const { exit, stderr } = await runBinary(this.registry, argv)
    expect(exit, `the next command after ${about}: ${stderr}`).toBe(0)
  }

  #expectSound(about: string): void {
    const { repo } = this.registry
    expect(repo.git('status', '--porcelain'), about).toBe('')
    expect(leftovers(this.registry), about).toEqual([])
    expect(gitLocks(this.registry), about).toEqual([])
    repo.check()
    expect(existsSync(join(this.registry.dir, '.git/promptctl/root/lock')), about).toBe(false)
  }

  #text = (): string => this.registry.repo.read(this.registry.file(this.#slug))
  #publishedText = (): string => textOf(this.#text())
}

const textOf = (file: string): string => /Hello [^ ]+/.exec(file)?.[0] ?? ''
