import { parentPort } from 'node:worker_threads'
import { TASKS } from './tasks.js'

/** What the pool sends. */
export interface Order {
  readonly id: number
  readonly task: keyof typeof TASKS
  readonly input: never
}

parentPort?.on('message', async ({ id, task, input }: Order) => {
  parentPort?.postMessage({ id, result: await TASKS[task](input) })
})
