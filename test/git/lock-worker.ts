import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../src/git/lock.js'

/**
 * Run as a process by lock.test.ts: `<dir> hold` takes the lock, says so, and holds it; `<dir> count <n>` takes it n times
 * and adds one to a counter each time, in a way that loses counts when two do it at once.
 */
const [dir = '', mode, times] = process.argv.slice(2)

if (mode === 'hold') {
  await withLock(dir, async () => {
    process.stdout.write('held\n')
    await sleep(Number(times ?? 60_000))
  })
} else {
  for (let n = 0; n < Number(times); n += 1) await withLock(dir, countOne, { timeoutMs: 30_000 })
}

async function countOne(): Promise<void> {
  const [counter, inside] = [join(dir, 'counter'), join(dir, 'inside')]
  if (existsSync(inside)) appendFileSync(join(dir, 'violations'), `${process.pid} beside ${readFileSync(inside)}\n`)
  writeFileSync(inside, `${process.pid}`)
  const count = existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0
  await sleep(1)
  writeFileSync(counter, `${count + 1}`)
  rmSync(inside)
}
