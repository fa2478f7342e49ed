import { type ChildProcess, spawn } from 'node:child_process'
import { PromptctlError } from '../../core/errors.js'
import { MAX_OUTPUT, type Provider, type Reply, textOf } from './provider.js'

export interface ExecOptions {
  readonly label: string
  /** The program and its arguments. No shell looks at them. */
  readonly words: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
}

/** A program that reads the compiled prompt, or the messages as JSON, on standard input, and prints its answer. */
export const createExec = (options: ExecOptions): Provider => ({
  label: options.label,
  call: (prompt, signal) => runProgram(options, textOf(prompt), signal),
})

/** How much of standard error a message quotes, in characters. */
const MOST_WORDS = 500

function runProgram(options: ExecOptions, input: string, signal: AbortSignal): Promise<Reply> {
  const [program = '', ...args] = options.words
  return new Promise((resolve, reject) => {
    const start = performance.now()
    // A process group of its own, so that what the program starts ends with it.
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: 'pipe', detached: true })
    const run = watch(child, options, signal, (problem, output) => {
      if (problem === undefined) resolve({ output, latencyMs: performance.now() - start, tokens: null, cost: null })
      else reject(new PromptctlError('unavailable', `${program} ${problem}`))
    })
    child.stdout.on('data', run.addOutput)
    child.stderr.on('data', run.addWords)
    // A program that does not read its input, or ended before, is judged by what it printed.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** Ends the run exactly once: when the program ended, was too slow or too loud, or Ctrl-C came. */
function watch(
  child: ChildProcess,
  { timeoutMs }: ExecOptions,
  signal: AbortSignal,
  done: (problem: string | undefined, output: string) => void,
) {
  const output: Buffer[] = []
  let size = 0
  let words = ''
  let problem: string | undefined
  const stop = (why: string): void => {
    problem ??= why
    killGroup(child)
  }
  const timer = setTimeout(() => stop(`did not answer within ${timeoutMs / 1000} s`), timeoutMs)
  const onAbort = (): void => stop('was interrupted')
  signal.addEventListener('abort', onAbort, { once: true })
  const finish = (why: string | undefined): void => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    done(problem ?? why, Buffer.concat(output).toString('utf8'))
  }
  child.once('error', (error) => finish(`could not be started: ${error.message}`))
  // The group goes with its leader: a child of it that holds the pipe open would keep `close` away.
  child.once('exit', () => killGroup(child))
  child.once('close', (status, by) => finish(describeEnd(status, by, words)))
  return {
    addOutput: (chunk: Buffer): void => {
      size += chunk.length
      if (size > MAX_OUTPUT) stop(`printed more than ${MAX_OUTPUT} bytes`)
      else output.push(chunk)
    },
    addWords: (chunk: Buffer): void => {
      if (words.length < MOST_WORDS) words += chunk.toString('utf8')
    },
  }
}

function describeEnd(status: number | null, by: NodeJS.Signals | null, words: string): string | undefined {
  if (status === 0) return undefined
  const said = words.trim() === '' ? '' : `: ${words.trim().slice(0, MOST_WORDS)}`
  return `ended with ${by ?? `status ${status}`}${said}`
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Nobody of the group is left.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error
  }
}
