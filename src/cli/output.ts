import { fstatSync, statSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { PromptctlError } from '../core/errors.js'

/** One of the two standard streams. */
export interface Output {
  /** True when a person looks at it. */
  readonly isTerminal: boolean
  /** Width of the terminal in columns; 80 when it is none. */
  readonly columns: number
  write(text: string): void
  /** Resolves when everything that was written has been handed over, so that the process may exit. */
  flush(): Promise<void>
}

/** What is needed of `process.stdout`: it is fetched late, because making it takes Node 4 ms. */
export type LateStream = () => NodeJS.WriteStream

const NAMES = { 1: 'standard output', 2: 'standard error' } as const

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Spares a pipe, a file and /dev/null the question to node:tty, which takes 5 ms to load. */
function mayBeTerminal(fd: number): boolean {
  const stats = fstatSync(fd)
  return stats.isCharacterDevice() && stats.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev
}

/** Writes until the descriptor takes no more for now, and returns what is left. */
function writeNow(fd: number, bytes: Uint8Array): Uint8Array {
  let rest = bytes
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw error
  }
  return rest
}

/** Hands the rest to Node's stream, which waits for the reader. Resolves to what went wrong, if anything did. */
const writeLater = (stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<unknown> =>
  new Promise((resolve) => {
    stream.write(bytes, (error) => resolve(error ?? undefined))
  })

/** A stream's error goes to each write that it fails, too. */
const heardElsewhere = (): void => undefined

/**
 * Opens standard output or standard error for writing at once. Where that would block (a pipe that another process made
 * non-blocking) Node's stream takes over. When the reader has gone (`| head -1`) the rest is dropped, and the command
 * goes on; any other failure is `unavailable`.
 */
export function openOutput(fd: 1 | 2, stream: LateStream): Output {
  let isTerminal: boolean | undefined
  let hasReader = true
  let later: Promise<unknown> | undefined

  const checkWritten = (error: unknown): void => {
    if (error === undefined) return
    hasReader = false
    if (codeOf(error) === 'EPIPE') return
    const reason = error instanceof Error ? error.message : String(error)
    throw new PromptctlError('unavailable', `Cannot write to ${NAMES[fd]}: ${reason}`, { cause: error })
  }

  return {
    get isTerminal() {
      isTerminal ??= mayBeTerminal(fd) && isatty(fd)
      return isTerminal
    },
    get columns() {
      return (this.isTerminal && stream().columns) || 80
    },
    write(text) {
      if (!hasReader || text === '') return
      let rest: Uint8Array = Buffer.from(text, 'utf8')
      try {
        if (later === undefined) rest = writeNow(fd, rest)
      } catch (error) {
        checkWritten(error)
        return
      }
      if (rest.length === 0) return
      if (later === undefined) stream().on('error', heardElsewhere)
      later = writeLater(stream(), rest)
    },
    async flush() {
      checkWritten(await later)
    },
  }
}
