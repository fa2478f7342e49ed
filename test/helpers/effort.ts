import { expect } from 'vitest'

/** What the yardstick takes on the machine that the limits are written for. */
const YARDSTICK_MS = 15
const ATTEMPTS = 4

/** A fixed amount of what parsers do: text is made, looked up and kept. */
function yardstick(): number {
  const seen = new Map<string, number>()
  for (let index = 0; index < 40_000; index++) seen.set(`key ${index}`, index)
  return seen.size
}

/** CPU milliseconds of this process so far: a core that is lent to another process does not count. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function measure(run: () => void): number {
  const began = cpuMs()
  run()
  return cpuMs() - began
}

/**
 * Fails when `run` takes more than `limitMs`, as CPU time on a fixed machine: each attempt is compared with a yardstick
 * beside it, and one attempt within the limit is enough. It tells quadratic from linear on a slow and busy machine too;
 * how fast promptctl is, is for bench/ to say.
 */
export function expectEffort(run: () => void, limitMs: number): void {
  const taken: number[] = []
  while (taken.length < ATTEMPTS) {
    const yardstickMs = measure(yardstick)
    const ms = (measure(run) * YARDSTICK_MS) / yardstickMs
    if (ms <= limitMs) return
    taken.push(ms)
  }
  expect(Math.min(...taken), 'CPU milliseconds').toBeLessThanOrEqual(limitMs)
}
