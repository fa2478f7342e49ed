import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliveryOutcome } from '../registry/ports.js'
import { type Attempt, outcomeOf } from './attempt.js'
import type { OutboxEntry } from './outbox.js'
import { remainingWait } from './retry.js'

/** A delivery is tried for this long, from its first attempt in a run. Measured by timers: the clock may jump. */
const PATIENCE_MS = 30_000
/** Before the second and the third round. */
const PAUSES_MS = [1_000, 4_000]

export interface RoundOptions {
  /** How often each delivery is tried at most. */
  readonly rounds: number
  readonly now: () => number
  readonly attempt: (entry: OutboxEntry, signal: AbortSignal | undefined) => Promise<Attempt>
}

/** Delivers to all endpoints at once, and to each one after the other. Every entry has an outcome. */
export async function deliverAll(
  entries: readonly OutboxEntry[],
  options: RoundOptions,
): Promise<readonly DeliveryOutcome[]> {
  const endpoints = new Map<string, OutboxEntry[]>()
  for (const entry of entries) {
    const list = endpoints.get(entry.url)
    if (list === undefined) endpoints.set(entry.url, [entry])
    else list.push(entry)
  }
  const outcomes = new Map<string, DeliveryOutcome>()
  await Promise.all([...endpoints.values()].map((list) => new Endpoint(list, options, outcomes).run()))
  return entries.map((entry) => outcomes.get(entry.id) ?? { ...outcomeOf(entry), reason: entry.reason ?? NOT_TRIED })
}

const NOT_TRIED = 'not tried yet: the endpoint gives no answer'

/** What waits for one endpoint. */
class Endpoint {
  #left: readonly OutboxEntry[]
  readonly #options: RoundOptions
  readonly #outcomes: Map<string, DeliveryOutcome>
  readonly #patience = new Map<string, AbortSignal>()

  constructor(entries: readonly OutboxEntry[], options: RoundOptions, outcomes: Map<string, DeliveryOutcome>) {
    this.#left = entries
    this.#options = options
    this.#outcomes = outcomes
  }

  async run(): Promise<void> {
    const { now, rounds } = this.#options
    const wait = Math.max(0, ...this.#left.map(({ notBefore }) => remainingWait(notBefore, now())))
    if (!(await pause(wait, rounds))) return this.#postpone(this.#left, wait)
    for (let round = 1; ; round += 1) {
      const asked = await this.#tryOnce()
      if (round === rounds || this.#left.length === 0) return
      const usual = (PAUSES_MS[round - 1] ?? 0) * (0.8 + 0.4 * Math.random())
      if (!(await pause(Math.max(usual, asked), rounds))) return
    }
  }

  /**
   * Goes through what is left until the endpoint is silent, or asks to be left alone: for how many milliseconds is the
   * result. What failed goes to the end, so that it does not stand before the others for ever.
   */
  async #tryOnce(): Promise<number> {
    const waiting = this.#left
    const failed: OutboxEntry[] = []
    for (const [index, entry] of waiting.entries()) {
      const patience = this.#patienceFor(entry)
      if (patience?.aborted) continue
      const { outcome, again, answered, waitMs } = await this.#options.attempt(entry, patience)
      this.#outcomes.set(entry.id, outcome)
      if (again !== undefined) failed.push(again)
      if (answered && waitMs === undefined) continue
      const untried = waiting.slice(index + 1)
      if (waitMs !== undefined) this.#postpone(untried, waitMs)
      this.#left = [...untried, ...failed]
      return waitMs ?? 0
    }
    this.#left = failed
    return 0
  }

  /** The endpoint asked to be left alone: says so of what is not tried until then. */
  #postpone(entries: readonly OutboxEntry[], waitMs: number): void {
    const until = new Date(this.#options.now() + waitMs).toISOString()
    for (const entry of entries) this.#outcomes.set(entry.id, { ...outcomeOf(entry), waits_until: until })
  }

  /** A single round needs none: an attempt has a timeout of its own. */
  #patienceFor({ id }: OutboxEntry): AbortSignal | undefined {
    if (this.#options.rounds === 1) return undefined
    const patience = this.#patience.get(id) ?? AbortSignal.timeout(PATIENCE_MS)
    this.#patience.set(id, patience)
    return patience
  }
}

/** False when that is longer than this run lasts; a single round waits for nothing. */
async function pause(ms: number, rounds: number): Promise<boolean> {
  if (ms === 0) return true
  if (rounds === 1 || ms > PATIENCE_MS) return false
  await sleep(ms)
  return true
}
