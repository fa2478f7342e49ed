import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { main } from '../../src/cli/main.js'
import type { Output } from '../../src/cli/output.js'
import { probeOutputFile, writeOutputFile } from '../../src/cli/output-file.js'
import type { Runtime } from '../../src/cli/runtime.js'
import { PromptctlError } from '../../src/core/errors.js'
import type { ProcessEnv } from './repo.js'

/** Where and how promptctl is run; a TestRepo is one. */
export interface Place {
  readonly dir: string
  readonly env: ProcessEnv
  readonly stdin?: string | Uint8Array
  /** True puts both streams on a terminal. */
  readonly isTerminal?: boolean
  readonly columns?: number
  /** Milliseconds since the epoch; the real clock by default. */
  readonly now?: () => number
  /** What starts promptctl again in the background; nothing by default. */
  readonly program?: readonly string[]
  /** Ends a command that goes on until it is told to end. */
  readonly stop?: AbortSignal
  /** What a user makes of the text in the editor; without it no editor is set. */
  readonly editor?: (text: string, name: string) => string
}

export interface CliResult {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output, parsed; throws what was printed when that is no JSON. */
  json<T = unknown>(): T
}

/** The object on standard error when a command failed under --json. */
export interface CliError {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** Runs a command in this process, as bin/promptctl.js would in its own. */
export async function promptctl(place: Place, ...argv: string[]): Promise<CliResult> {
  const [stdout, stderr] = [createCapture(place), createCapture(place)]
  const exit = await main(argv, createTestRuntime(place, stdout, stderr))
  return {
    exit,
    stdout: stdout.text,
    stderr: stderr.text,
    json<T>() {
      try {
        return JSON.parse(stdout.text) as T
      } catch (cause) {
        throw new Error(`promptctl ${argv.join(' ')}: exit ${exit}: ${stdout.text}${stderr.text}`, { cause })
      }
    },
  }
}

interface Capture extends Output {
  text: string
}

function createCapture({ isTerminal = false, columns = 80 }: Place): Capture {
  return {
    text: '',
    isTerminal,
    columns,
    write(text) {
      this.text += text
    },
    flush: async () => {},
  }
}

function createTestRuntime(place: Place, stdout: Output, stderr: Output): Runtime {
  const { dir, env, stdin = '', now = Date.now, editor, program, stop } = place
  return {
    cwd: dir,
    env,
    stdout,
    stderr,
    program,
    interrupt: {
      signal: new AbortController().signal,
      protect: (action) => action(),
      untilStopped: () => stop ?? new AbortController().signal,
    },
    now,
    readInput: async (path) => (path === '-' ? Buffer.from(stdin) : readFile(path)),
    readFolder: async (path) =>
      readdirSync(path)
        .sort()
        .map((name) => ({
          path: name,
          bytes: lstatSync(`${path}/${name}`).isSymbolicLink() ? undefined : readFileSync(`${path}/${name}`),
        })),
    isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    writeFile: writeOutputFile,
    probeFile: probeOutputFile,
    editText: async (text, name, use) => {
      if (editor === undefined) throw new PromptctlError('usage', 'No editor is set')
      return use(editor(text, name))
    },
    flush: async () => {},
  }
}

function readFile(path: string): Uint8Array {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return readFileSync(path)
  throw new PromptctlError('not_found', `There is no file ${path}`)
}
