import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { PromptctlError } from '../../core/errors.js'
import { collectText, type GitContext, lastWords, notStarted, spawnRead } from './process.js'

export interface RawObject {
  readonly oid: string
  readonly type: string
  readonly content: Buffer
}

interface Waiting {
  resolve(object: RawObject | undefined): void
  reject(error: Error): void
}

/**
 * One `git cat-file --batch` for the life of a repository, started by the first read and again after it died. Asking for
 * many objects at once costs one round trip. It never keeps the process alive while nothing is asked.
 */
export class ObjectReader {
  readonly #context: GitContext
  #running: Batch | undefined

  constructor(context: GitContext) {
    this.#context = context
  }

  /**
   * The object that `name` names, or undefined when there is none: a full id, or an expression of one such as
   * `<id>:prompts`. It must not have a line end in it. Throws `unavailable` when git fails.
   */
  read(name: string): Promise<RawObject | undefined> {
    return this.#start().read(name)
  }

  /** Lets the process come up while the caller waits for something else. */
  warmUp(): void {
    this.#start()
  }

  #start(): Batch {
    if (this.#running === undefined || this.#running.hasEnded) this.#running = new Batch(this.#context)
    return this.#running
  }

  /** Ends the process, and waits until it has ended. */
  async close(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.close()
  }
}

class Batch {
  readonly #child: ChildProcess
  readonly #waiting: Waiting[] = []
  /** Names that are asked for at the next turn, in one write. */
  #asked: string[] = []
  readonly #parser = new BatchParser()
  readonly #ended: Promise<void>
  hasEnded = false
  #isClosing = false
  #first = 0

  constructor(context: GitContext) {
    // Detached: Ctrl-C on a terminal ends the git that commits, and the files are then put back with the help of this.
    this.#child = spawnRead(context, ['cat-file', '--batch'], { stdin: 'pipe', detached: true })
    const stderr = collectText(this.#child)
    const fail = (error: Error): void => {
      this.hasEnded = true
      for (const { reject } of this.#waiting.splice(0).slice(this.#first)) reject(error)
      this.#first = 0
    }
    this.#child.on('error', (error) => fail(notStarted(context, error)))
    this.#child.on('close', () => {
      fail(new PromptctlError('unavailable', `git cat-file failed: ${lastWords(stderr()) || 'it ended'}`))
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', () => resolve())
      this.#child.on('close', () => resolve())
    })
    // What a broken pipe means is told by 'close'.
    this.#child.stdin?.on('error', () => this.#child.stdin?.destroy())
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#hold(false)
  }

  read(name: string): Promise<RawObject | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === this.#first) this.#hold(true)
      this.#waiting.push({ resolve, reject })
      if (this.#asked.push(name) === 1) queueMicrotask(() => this.#ask())
    })
  }

  #ask(): void {
    const names = this.#asked
    if (names.length === 0) return
    this.#asked = []
    this.#child.stdin?.write(`${names.join('\n')}\n`)
  }

  close(): Promise<void> {
    this.#hold(true)
    this.#ask()
    // An answer that nobody waits for any more may still come: it must not let this process end before the child has.
    this.#isClosing = true
    this.#child.stdin?.end()
    return this.#ended
  }

  #receive(chunk: Buffer): void {
    this.#parser.push(chunk)
    for (let answer = this.#parser.next(); answer !== undefined; answer = this.#parser.next()) {
      this.#waiting[this.#first++]?.resolve(answer === 'missing' ? undefined : answer)
    }
    if (this.#first < this.#waiting.length) return
    this.#waiting.length = 0
    this.#first = 0
    if (!this.#isClosing) this.#hold(false)
  }

  /** Whether the child keeps this process from ending: only while an answer is waited for. */
  #hold(isHeld: boolean): void {
    const verb = isHeld ? 'ref' : 'unref'
    this.#child[verb]()
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      (stream as Socket | null)?.[verb]()
  }
}

/** Cuts `<oid> <type> <size>\n<content>\n` and `<oid> missing\n` out of a stream. */
class BatchParser {
  #chunks: Buffer[] = []
  #length = 0
  #header: { oid: string; type: string; size: number } | undefined

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  next(): RawObject | 'missing' | undefined {
    if (this.#header === undefined) {
      const line = this.#takeLine()
      if (line === undefined) return undefined
      if (line.endsWith(' missing')) return 'missing'
      const [oid = '', type = '', size] = line.split(' ')
      this.#header = { oid, type, size: Number(size) }
    }
    const { oid, type, size } = this.#header
    if (this.#length <= size) return undefined
    // A copy: a slice would keep the whole chunk in memory for as long as a small blob lives.
    const content = Buffer.from(this.#take(size))
    this.#take(1)
    this.#header = undefined
    return { oid, type, content }
  }

  #takeLine(): string | undefined {
    const end = this.#joined().indexOf(0x0a)
    if (end === -1) return undefined
    const line = this.#take(end).toString('latin1')
    this.#take(1)
    return line
  }

  #take(size: number): Buffer {
    const bytes = this.#joined()
    this.#length -= size
    this.#chunks = [bytes.subarray(size)]
    return bytes.subarray(0, size)
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] as Buffer
  }
}
