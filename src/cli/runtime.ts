import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { FolderFile } from '../commands/command.js'
import { PromptctlError } from '../core/errors.js'
import { editText } from './editor.js'
import { createInterrupt, type Interrupt } from './interrupt.js'
import { type Output, openOutput } from './output.js'
import { probeOutputFile, writeOutputFile } from './output-file.js'

/** The process and the clock: what promptctl reads of the world outside the repository, in one place. */
export interface Runtime {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  readonly interrupt: Interrupt
  /** The command line that starts promptctl again; undefined where there is none, as in a test. */
  readonly program: readonly string[] | undefined
  now(): number
  readInput(path: string): Promise<Uint8Array>
  readFolder(path: string): Promise<readonly FolderFile[]>
  isFolder(path: string): boolean
  writeFile(path: string, content: string): void
  /** Throws what writeFile would. */
  probeFile(path: string): void
  editText<T>(text: string, name: string, use: (edited: string) => Promise<T>): Promise<T>
  /** Resolves when all output has been handed over. */
  flush(): Promise<void>
}

/** The runtime of a real process. */
export function createRuntime(process: NodeJS.Process): Runtime {
  const stdout = openOutput(1, () => process.stdout)
  const stderr = openOutput(2, () => process.stderr)
  return {
    cwd: process.cwd(),
    env: process.env,
    stdout,
    stderr,
    interrupt: createInterrupt(process),
    program: process.argv[1] === undefined ? undefined : [process.execPath, process.argv[1]],
    now: Date.now,
    readInput: async (path) => (path === '-' ? readStream(process.stdin) : readNamedFile(path)),
    readFolder: async (path) => readFolder(path),
    isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    writeFile: writeOutputFile,
    probeFile: probeOutputFile,
    editText: (text, name, use) => editText(process.env, { text, name }, use),
    flush: async () => {
      await Promise.all([stdout.flush(), stderr.flush()])
    },
  }
}

async function readStream(stream: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function readNamedFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fileError(error, path)
  }
}

function readFolder(folder: string): FolderFile[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => ({ file: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
      .sort((a, b) => (a.file < b.file ? -1 : 1))
      .map(({ file, isLink }) => ({
        path: file.slice(folder.length + 1),
        bytes: isLink ? undefined : readFileSync(file),
      }))
  } catch (error) {
    throw fileError(error, folder)
  }
}

function fileError(error: unknown, path: string): PromptctlError {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  const message = isMissing ? `There is no file ${path}` : `${path} cannot be read: ${String(error)}`
  return new PromptctlError(isMissing ? 'not_found' : 'unavailable', message, { cause: error })
}
