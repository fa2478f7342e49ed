import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Parallel, ParallelTasks } from '../registry/ports.js'

/** Beside the bundled command line. Where promptctl runs from its sources there is none, and one thread does the work. */
const WORKER = join(import.meta.dirname, 'worker.cjs')
/** Files in one order: enough that sending them costs little, few enough that no thread is left with a long last one. */
const ORDER_SIZE = 25
/** Threads without work end after this: each keeps tens of megabytes, and a server goes on for months. */
const IDLE_MS = 1_000

interface Answer {
  readonly id: number
  readonly result: readonly unknown[]
}

/** Threads for work on thousands of files; undefined on a machine with one core, or without the worker's file. */
export function openPool(worker = WORKER): Parallel | undefined {
  const cores = availableParallelism()
  if (cores < 2 || !existsSync(worker)) return undefined
  let threads: readonly Thread[] = []
  let running = 0
  let idle: NodeJS.Timeout | undefined
  const close = async (): Promise<void> => {
    clearTimeout(idle)
    const open = threads
    threads = []
    await Promise.all(open.map((thread) => thread.close()))
  }
  const run =
    <Task extends keyof ParallelTasks>(task: Task) =>
    async (input: readonly unknown[]): Promise<never> => {
      clearTimeout(idle)
      running += 1
      if (threads.length === 0) threads = Array.from({ length: Math.min(cores, 8) }, () => openThread(worker))
      const results: unknown[] = []
      let next = 0
      const work = async (thread: Thread): Promise<void> => {
        while (next < input.length) {
          const start = next
          next += ORDER_SIZE
          const answer = await thread.ask(task, input.slice(start, start + ORDER_SIZE))
          for (const [index, result] of answer.entries()) results[start + index] = result
        }
      }
      try {
        await Promise.all(threads.map(work))
      } catch (error) {
        // A thread may be dead: the next run begins with new ones.
        await close()
        throw error
      } finally {
        running -= 1
        if (running === 0) idle = setTimeout(close, IDLE_MS).unref()
      }
      return results as never
    }
  return {
    verdicts: run('verdicts'),
    packed: run('packed'),
    strictly: run('strictly'),
    leniently: run('leniently'),
    close,
  }
}

interface Thread {
  ask(task: string, input: readonly unknown[]): Promise<readonly unknown[]>
  close(): Promise<void>
}

function openThread(file: string): Thread {
  const worker = new Worker(file)
  const waiting = new Map<number, { done: (result: readonly unknown[]) => void; fail: (error: Error) => void }>()
  let id = 0
  worker.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.done(answer.result)
    waiting.delete(answer.id)
  })
  const failAll = (error: Error): void => {
    for (const { fail } of waiting.values()) fail(error)
    waiting.clear()
  }
  worker.on('error', failAll)
  worker.on('exit', (status) => failAll(new Error(`A worker thread ended with status ${status}`)))
  return {
    ask: (task, input) =>
      new Promise((done, fail) => {
        id += 1
        waiting.set(id, { done, fail })
        worker.postMessage({ id, task, input })
      }),
    close: async () => {
      await worker.terminate()
    },
  }
}
