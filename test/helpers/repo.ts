import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type ProcessEnv = Record<string, string | undefined>

/** The first commit's date, in seconds since the epoch; every later one is a minute after the one before. */
export const FIRST_COMMIT_AT = 1_700_000_000

export interface RepoOptions {
  /** The first branch; `main` by default. */
  readonly branch?: string
  readonly bare?: boolean
  readonly objectFormat?: 'sha1' | 'sha256'
  /** Adopt this directory, made by `git clone` or `git worktree add`, in place of making a repository. */
  readonly existing?: string
  /** Environment to share with another repository (the same HOME); a fresh one by default. */
  readonly env?: ProcessEnv
  /** False leaves user.name and user.email unset. */
  readonly identity?: boolean
}

export interface TestRepo {
  /** The top of the work tree (or the bare repository), symbolic links resolved. */
  readonly dir: string
  /** A temporary HOME with the only .gitconfig that counts. */
  readonly home: string
  /** What to run anything in: nothing inherited of GIT_*, fixed author and committer, no system configuration. */
  readonly env: ProcessEnv
  /** Runs git here and returns its standard output without the last line end; throws with its standard error. */
  git(...args: string[]): string
  /** As `git`, with more to say: standard input, variables, and no throw on a failure. */
  run(args: readonly string[], options?: RunOptions): RunResult
  write(path: string, content: string | Uint8Array): void
  read(path: string): string
  /** Stages everything and commits it (an empty commit is fine), a minute after the last; returns the commit. */
  commit(message: string): string
  /** Writes files and commits them in one step. */
  commitFiles(message: string, files: Readonly<Record<string, string | Uint8Array>>): string
  /** Writes an executable hook; `script` is the body of a shell script. */
  hook(name: string, script: string): void
  /** Fails when `git fsck --full --strict` or `git status` finds anything wrong. */
  check(): void
  /** A fresh temporary directory that goes away with the repository. */
  tempDir(): string
  remove(): void
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: ProcessEnv
  readonly cwd?: string
}

export interface RunResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * The environment of a test: PATH and a HOME of its own, and nothing of the suite's own surroundings. A suite that runs
 * from a hook would otherwise commit into the repository around it.
 */
export function isolatedEnv(home: string): ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: realpathSync(tmpdir()),
    TZ: 'UTC',
  }
}

/** A real repository made by real git, in a temporary directory, with fixed people and dates. */
export function createRepo(options: RepoOptions = {}): TestRepo {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'promptctl-test-')))
  const home = options.env?.['HOME'] ?? join(root, 'home')
  mkdirSync(home, { recursive: true })
  const env = options.env ?? isolatedEnv(home)
  const dir = options.existing === undefined ? join(root, 'repo') : realpathSync(options.existing)
  if (options.existing === undefined) initialise(dir, env, options)
  return new RealRepo(root, dir, home, env)
}

function initialise(dir: string, env: ProcessEnv, options: RepoOptions): void {
  const { branch = 'main', bare = false, objectFormat = 'sha1', identity = true } = options
  const flags = ['-q', `--initial-branch=${branch}`, `--object-format=${objectFormat}`, ...(bare ? ['--bare'] : [])]
  execFileSync('git', ['init', ...flags, dir], { env, stdio: 'ignore' })
  if (identity) configureIdentity(dir, env)
}

export function configureIdentity(dir: string, env: ProcessEnv): void {
  execFileSync('git', ['-C', dir, 'config', 'user.name', 'Ada Lovelace'], { env })
  execFileSync('git', ['-C', dir, 'config', 'user.email', 'ada@example.com'], { env })
}

class RealRepo implements TestRepo {
  #commits = 0
  readonly root: string
  readonly dir: string
  readonly home: string
  readonly env: ProcessEnv

  constructor(root: string, dir: string, home: string, env: ProcessEnv) {
    this.root = root
    this.dir = dir
    this.home = home
    this.env = env
  }

  run(args: readonly string[], { input, env, cwd }: RunOptions = {}): RunResult {
    const result = spawnSync('git', args, {
      cwd: cwd ?? this.dir,
      env: { ...this.env, ...env },
      input: input ?? '',
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    return { status: result.status, stdout: result.stdout, stderr: result.stderr }
  }

  git(...args: string[]): string {
    return this.#git(args, {})
  }

  write(path: string, content: string | Uint8Array): void {
    const file = join(this.dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), 'utf8')
  }

  commit(message: string): string {
    this.git('add', '-A')
    const date = `${FIRST_COMMIT_AT + 60 * this.#commits++} +0000`
    const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
    this.#git(['commit', '-q', '--allow-empty', '--no-verify', '-m', message], { env: dates })
    return this.git('rev-parse', 'HEAD')
  }

  commitFiles(message: string, files: Readonly<Record<string, string | Uint8Array>>): string {
    for (const [path, content] of Object.entries(files)) this.write(path, content)
    return this.commit(message)
  }

  hook(name: string, script: string): void {
    const file = join(this.git('rev-parse', '--path-format=absolute', '--git-path', 'hooks'), name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  check(): void {
    const fsck = this.run(['fsck', '--full', '--strict', '--no-dangling', '--no-progress'])
    if (fsck.status !== 0 || /error|fatal|missing|broken/.test(fsck.stderr + fsck.stdout)) {
      throw new Error(`git fsck: ${fsck.stdout}${fsck.stderr}`)
    }
    if (this.git('rev-parse', '--is-bare-repository') === 'false') this.git('status', '--porcelain')
  }

  tempDir(): string {
    return mkdtempSync(join(this.root, 'more-'))
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 })
  }

  #git(args: readonly string[], options: RunOptions): string {
    const { status, stdout, stderr } = this.run(args, options)
    if (status !== 0) throw new Error(`git ${args.join(' ')} failed (${status}): ${stderr}${stdout}`)
    return stdout.replace(/\n$/, '')
  }
}
