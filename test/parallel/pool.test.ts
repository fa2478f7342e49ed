import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openPool } from '../../src/parallel/pool.js'

const dir = mkdtempSync(join(tmpdir(), 'promptctl-pool-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A worker that answers with what it got, and dies of "throw" and of "exit". */
const WORKER = `const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ id, input }) => {
  if (input.includes('throw')) throw new Error('it broke')
  if (input.includes('exit')) process.exit(3)
  parentPort.postMessage({ id, result: input })
})
`

const openTestPool = () => {
  const worker = join(dir, 'worker.cjs')
  writeFileSync(worker, WORKER)
  const pool = openPool(worker)
  if (pool === undefined) throw new Error('no pool')
  // What the real tasks take and give is for their own tests.
  const run = pool.verdicts as unknown as (input: readonly string[]) => Promise<readonly string[]>
  return { run, close: () => pool.close() }
}

it('needs its worker, and more than one core', () => {
  expect(openPool(join(dir, 'nothing.cjs'))).toBeUndefined()
})

describe.skipIf(availableParallelism() < 2)('a pool of threads', () => {
  it('answers in the order of the questions', async () => {
    const pool = openTestPool()
    const input = Array.from({ length: 300 }, (_, index) => `question ${index}`)
    expect(await pool.run(input)).toEqual(input)
    await pool.close()
  })

  it.each([
    ['throw', 'it broke'],
    ['exit', 'A worker thread ended with status 3'],
  ])('fails when a thread dies (%s), and works again after that', async (how, message) => {
    const pool = openTestPool()
    await expect(pool.run([how])).rejects.toThrow(message)
    expect(await pool.run(['fine'])).toEqual(['fine'])
    await pool.close()
  })
})
