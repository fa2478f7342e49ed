import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { PromptctlError } from '../../core/errors.js'

export type ProcessEnv = Readonly<Record<string, string | undefined>>

/** Where and as whom git is run. */
export interface GitContext {
  readonly cwd: string
  readonly env: ProcessEnv
  /** Aborting interrupts the git that is running, as Ctrl-C does. */
  readonly signal?: AbortSignal | undefined
}

export interface RunOptions {
  readonly input?: string | Uint8Array | undefined
  /** Added to the context's environment. */
  readonly env?: ProcessEnv
  /** True where hooks run: a daemon that one of them starts may hold the streams open for ever. */
  readonly runsHooks?: boolean
}

export interface RunResult {
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** How long to wait for what a hook's background process may still write, once git has ended. */
const DRAIN_MS = 100
const MAX_STDERR = 1 << 20

/**
 * What every read begins with: no lock is taken, no monitor is started, no path is quoted. Not for `git commit`: `-c`
 * and these options reach the user's hooks.
 */
const READ_OPTIONS = ['--no-optional-locks', '--no-pager', '-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false']

/**
 * Pathspecs mean what they say, whatever `git --literal-pathspecs commit` and the like set for their hooks. Not for
 * `git commit`: its environment is that of the user's hooks.
 */
export const PLAIN_PATHSPECS: ProcessEnv = {
  GIT_LITERAL_PATHSPECS: undefined,
  GIT_GLOB_PATHSPECS: undefined,
  GIT_NOGLOB_PATHSPECS: undefined,
  GIT_ICASE_PATHSPECS: undefined,
}

/** Reads speak English, so that the few words of git's that are looked at have one form, and never ask a question. */
const READ_ENV: ProcessEnv = { ...PLAIN_PATHSPECS, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' }

interface ReadStreams extends Pick<RunOptions, 'env'> {
  readonly stdin?: 'ignore' | 'pipe'
  readonly detached?: boolean
}

/** Starts a git that reads. The caller listens to its streams. Throws `unavailable` where there is no git. */
export const spawnRead = (
  context: GitContext,
  args: readonly string[],
  { stdin = 'ignore', detached = false, env }: ReadStreams = {},
): ChildProcess =>
  spawn('git', [...READ_OPTIONS, ...args], {
    cwd: context.cwd,
    env: { ...context.env, ...env, ...READ_ENV },
    stdio: [stdin, 'pipe', 'pipe'],
    detached,
    windowsHide: true,
  })

/** Runs a git that reads, and returns how it ended, whatever that is. Throws `unavailable` where there is no git. */
export const runRead = (context: GitContext, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  runGit(context, [...READ_OPTIONS, ...args], { ...options, env: { ...options.env, ...READ_ENV } })

/** Runs a git that reads, and returns its output. Throws `unavailable` with git's words when it fails. */
export async function read(context: GitContext, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const result = await runRead(context, args, options)
  if (result.status !== 0) throw gitFailed(args, result)
  return result.stdout
}

/** As `read`, for text. */
export const readText = async (context: GitContext, args: readonly string[]): Promise<string> =>
  (await read(context, args)).toString('utf8')

/** Runs git as a user would: with the environment as it is, and its standard error kept for the caller. */
export function runGit(context: GitContext, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd: context.cwd,
      env: { ...context.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const interrupt = (): boolean => child.kill('SIGINT')
    context.signal?.addEventListener('abort', interrupt, { once: true })
    const stdout: Buffer[] = []
    const stderr = collectText(child)
    let drain: NodeJS.Timeout | undefined
    const finish = (status: number | null): void => {
      clearTimeout(drain)
      context.signal?.removeEventListener('abort', interrupt)
      resolve({ status, stdout: Buffer.concat(stdout), stderr: stderr() })
    }
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.on('error', (error) => reject(notStarted(context, error)))
    child.on('close', finish)
    child.on('exit', (status) => {
      if (options.runsHooks) drain = setTimeout(() => abandon(child, () => finish(status)), DRAIN_MS)
    })
    feed(child, options.input)
  })
}

/** Leaves the streams of a process that has ended, after what has already come was read. */
function abandon(child: ChildProcess, finish: () => void): void {
  setImmediate(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
    finish()
  })
}

function feed(child: ChildProcess, input: string | Uint8Array | undefined): void {
  if (child.stdin === null || input === undefined) return
  // A git that fails early closes its input; what it says then is on standard error.
  child.stdin.on('error', () => child.stdin?.destroy())
  child.stdin.end(input)
}

/** The status of a child that streams, once it has ended; rejects where there is no git. */
export const endOf = (context: GitContext, child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.on('close', resolve)
    child.on('error', (error) => reject(notStarted(context, error)))
  })

/** Gathers a child's standard error; the result gives what has come so far. */
export function collectText(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  let size = 0
  child.stderr?.on('data', (chunk: Buffer) => {
    if (size < MAX_STDERR) chunks.push(chunk)
    size += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

/** Why a process did not start: no git, or the directory is gone from under a registry that is open. Always `unavailable`. */
export function notStarted(context: GitContext, cause: Error): PromptctlError {
  if (statSync(context.cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return new PromptctlError('unavailable', `There is no directory ${context.cwd} any more`, { cause })
  }
  return new PromptctlError('unavailable', `git cannot be run: ${cause.message}`, {
    hint: 'Install git, or set PROMPTCTL_GIT=embedded.',
    cause,
  })
}

/** A git that failed, as `unavailable` in its own words. */
export function gitFailed(args: readonly string[], { status, stderr }: RunResult): PromptctlError {
  const command = args.find((arg) => !arg.startsWith('-')) ?? ''
  const words = lastWords(stderr) || `it ended with status ${status}`
  // Of a file that it wrote half, git does not say why.
  const why = /couldn't write '[^\n]*'$/m.test(stderr) ? ' (is there space left on the disk?)' : ''
  return new PromptctlError('unavailable', `git ${command} failed: ${words}${why}`, {
    details: { output: stderr, status },
  })
}

/** The lines of git's standard error that say why, without `fatal: `; else the last line. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const reasons = lines.filter((line) => /^(fatal|error): /.test(line))
  const words = reasons.length > 0 ? reasons : lines.slice(-1)
  return words.map((line) => line.replace(/^(fatal|error): /, '')).join('; ')
}

/**
 * More paths than this are not given to git: it compares each with every entry, and a command line has a limit.
 */
export const MAX_PATHSPECS = 500

/** A path as a pathspec that matches it and what is below it, and nothing else. '' is the whole tree. */
export const pathspec = (path: string): string => (path === '' ? ':(top)' : `:(top,literal)${path}`)
