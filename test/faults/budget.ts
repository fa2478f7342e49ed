import { appendFileSync } from 'node:fs'

/**
 * How long and from which seed the suite runs. The short form, a part of `npm test`, has always the same seed, so that it
 * says the same twice; `npm run test:faults` takes both (`--seed`, `--minutes`) and prints them.
 */
export const SEED = Number(process.env['PROMPTCTL_FAULTS_SEED'] ?? 1)

const MINUTES = Number(process.env['PROMPTCTL_FAULTS_MINUTES'] ?? 0)

export const isLong = MINUTES > 0

/** How the minutes of the long form are shared out. Sums to 1. */
const SHARES = {
  model: 0.24,
  kills: 0.32,
  io: 0.16,
  interleave: 0.06,
  writers: 0.07,
  remotes: 0.05,
  serve: 0.03,
  fuzz: 0.07,
} as const

export type Part = keyof typeof SHARES

/** Milliseconds for a part: its share of the minutes, or `shortMs` in the short form. */
export const budgetMs = (part: Part, shortMs: number): number => (isLong ? MINUTES * 60_000 * SHARES[part] : shortMs)

/**
 * For a test that runs until its budget is over: time to end the last round, to shrink what it finds, and in the long form
 * to reach the least number of rounds on a machine that is busy.
 */
export const timeoutMs = (part: Part, shortMs: number): number =>
  3 * budgetMs(part, shortMs) + (isLong ? 120 : 2) * 60_000

/** Says what a part has done: on the console, and in the file that the long form sums up. */
export function report(part: Part, figures: Readonly<Record<string, unknown>>): void {
  const line = JSON.stringify({ part, seed: SEED, ...figures })
  const file = process.env['PROMPTCTL_FAULTS_REPORT']
  if (file === undefined) console.info(line)
  else appendFileSync(file, `${line}\n`)
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
