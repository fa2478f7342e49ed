import { Worker } from 'node:worker_threads'

const HEADER_LENGTH = 8
const LONGEST = 4000

/**
 * A thread that ends this process, and names the input on standard error, when reading it takes `limitMs` of the
 * processor: no timeout of a test ever comes to a thread in an endless loop.
 */
export class Watchdog {
  readonly #shared = new SharedArrayBuffer(HEADER_LENGTH + LONGEST)
  readonly #header = new Int32Array(this.#shared, 0, HEADER_LENGTH / 4)
  readonly #text = new Uint8Array(this.#shared, HEADER_LENGTH)
  readonly #worker: Worker

  constructor(limitMs: number) {
    this.#worker = new Worker(new URL('watchdog.mjs', import.meta.url), {
      workerData: { shared: this.#shared, headerLength: HEADER_LENGTH, limitMs },
    })
    this.#worker.unref()
  }

  /** What is read from now on, until `rest` or the next one. */
  watch(about: string): void {
    const { written } = new TextEncoder().encodeInto(about, this.#text)
    Atomics.store(this.#header, 1, written)
    Atomics.add(this.#header, 0, 1)
  }

  rest(): void {
    Atomics.store(this.#header, 1, 0)
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
