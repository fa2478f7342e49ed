import type { Progress } from '../commands/command.js'
import type { Runtime } from './runtime.js'

const WAIT_MS = 1000
const REDRAW_MS = 100
const WIDTH = 24

/** `importing  ████████░░░░  120/439`, redrawn in place on a terminal's standard error once a second has passed. */
export function createProgress(runtime: Runtime, label: string): Progress {
  if (!runtime.stderr.isTerminal) return { update: () => {}, end: () => {} }
  const start = runtime.now()
  let drawn = 0
  return {
    update: (done, total) => {
      const now = runtime.now()
      if (now - start < WAIT_MS || now - drawn < REDRAW_MS) return
      drawn = now
      runtime.stderr.write(`\r\u001b[K${label}  ${total === undefined ? String(done) : bar(done, total)}`)
    },
    end: () => {
      if (drawn > 0) runtime.stderr.write('\r\u001b[K')
    },
  }
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? WIDTH : Math.min(WIDTH, Math.round((done / total) * WIDTH))
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}  ${done}/${total}`
}
