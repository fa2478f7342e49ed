import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A side of a comparison: `commands` run one after the other, `[program, ...args]` each, in `cwd`; `prepare` runs before
 * each sample and is not timed.
 */

const GNU_TIME = '/usr/bin/time'

/** A command that takes longer hangs. */
const LONGEST_MS = 600_000

/** Thrown by a figure whose command is not built yet, or that this machine cannot measure. */
export class NotAvailable extends Error {}

/** Whole processes by the wall clock, in milliseconds: from before the first is started to after the last has ended. */
export function timeOf({ commands, cwd, env, prepare }) {
  prepare?.()
  const start = process.hrtime.bigint()
  for (const command of commands) run(command, { cwd, env })
  return Number(process.hrtime.bigint() - start) / 1e6
}

/** The most memory that one of the processes had resident, in MiB; what git maps of its packs counts. */
export function memoryOf({ commands, cwd, env, prepare }) {
  if (!existsSync(GNU_TIME)) throw new NotAvailable(`memory is measured with GNU time, and there is no ${GNU_TIME}`)
  prepare?.()
  const folder = mkdtempSync(join(tmpdir(), 'promptctl-bench-time-'))
  try {
    const sizes = commands.map((command) => {
      const report = join(folder, 'kib')
      run([GNU_TIME, '-f', '%M', '-o', report, ...command], { cwd, env })
      return Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) / 1024
    })
    return Math.max(...sizes)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs a command with its output thrown away. Standard error goes to a file: a background process that a command leaves
 * behind may hold it open, and a pipe would wait for it.
 */
export function run([program, ...args], { cwd, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'promptctl-bench-run-'))
  const words = join(folder, 'stderr')
  const handle = openSync(words, 'w')
  try {
    const { status, signal, error } = spawnSync(program, args, {
      cwd,
      env,
      stdio: ['ignore', 'ignore', handle],
      timeout: LONGEST_MS,
    })
    if (status === 0) return
    const said = readFileSync(words, 'utf8').trim()
    if (/unknown (command|option)/.test(said)) throw new NotAvailable(said.split('\n')[0])
    throw new Error(`${program} ${args.join(' ')} ended with ${error ?? signal ?? status}: ${said}`)
  } finally {
    closeSync(handle)
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Samples of both sides in turns, each first every other time, so that what else the machine does meets both. The first
 * round warms the disk's cache and is thrown away.
 */
export function inTurns(figure, peer, samples) {
  const result = { figure: [], peer: [] }
  for (let round = 0; round <= samples; round++) {
    const order = [
      [result.figure, figure],
      [result.peer, peer],
    ]
    if (round % 2 === 1) order.reverse()
    for (const [list, sample] of order) list.push(sample())
  }
  return { figure: result.figure.slice(1), peer: result.peer.slice(1) }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
