// The thread of watchdog.ts: ends the process when one input has kept it busy for longer than any may. What a thread that
// is caught in an endless loop was reading nobody else can say.
import { writeSync } from 'node:fs'
import process from 'node:process'
import { workerData } from 'node:worker_threads'

const { shared, headerLength, limitMs } = workerData
const header = new Int32Array(shared, 0, headerLength / 4)

/** Of the whole process: a machine that does other things meanwhile is no endless loop. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

let [turn, began] = [0, 0]
setInterval(() => {
  const now = Atomics.load(header, 0)
  const length = Atomics.load(header, 1)
  if (now !== turn || length === 0) [turn, began] = [now, cpuMs()]
  else if (cpuMs() - began > limitMs) {
    const input = Buffer.from(new Uint8Array(shared, headerLength, length)).toString()
    writeSync(2, `\nIT NEVER ENDED, and was cut off: ${input}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}, 500)
