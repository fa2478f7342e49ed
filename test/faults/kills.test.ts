import { describe, expect, it } from 'vitest'
import { ENGINES } from '../helpers/registry.js'
import { budgetMs, createRandom, isLong, report, SEED, timeoutMs } from './budget.js'
import { SEND_PHASES, Sender } from './kills/sender.js'
import { Victim, WRITE_PHASES } from './kills/victim.js'

/** SIGKILL of the whole process group: old or new state, nothing between, and the next command works. */

const SHORT_MS = 4_000
/** Kills that each phase of a write must see, of each engine, and those of a push or a delivery. */
const LEAST = isLong ? { write: 50, send: 50 } : { write: 1, send: 2 }
const MS = budgetMs('kills', SHORT_MS)

/** Kills in one phase after the other until the time is over, and each has been survived often enough. */
async function killInTurn<Phase extends string>(
  phases: readonly Phase[],
  { least, ms }: { readonly least: number; readonly ms: number },
  kill: (phase: Phase) => Promise<boolean>,
): Promise<Readonly<Record<string, number>>> {
  const survived = new Map(phases.map((phase) => [phase, 0]))
  const deadline = Date.now() + ms
  const isOver = () => Date.now() > deadline && [...survived.values()].every((count) => count >= least)
  for (let round = 0; !isOver() && round < 5000; round += 1) {
    const phase = phases[round % phases.length]
    if (phase !== undefined && (await kill(phase))) survived.set(phase, (survived.get(phase) ?? 0) + 1)
  }
  for (const [phase, count] of survived) expect(count, phase).toBeGreaterThanOrEqual(least)
  return Object.fromEntries(survived)
}

describe('a kill', () => {
  it.concurrent.each(ENGINES)(
    'leaves the old or the new state, and a registry that goes on by itself: %s [case 32]',
    async (engine) => {
      const victim = new Victim(engine, createRandom(SEED))
      await victim.begin()
      const survived = await killInTurn(WRITE_PHASES, { least: LEAST.write, ms: MS }, (phase) => victim.kill(phase))
      report('kills', { engine, survived })
    },
    timeoutMs('kills', SHORT_MS),
  )

  it.concurrent(
    'of a push or a delivery loses no event and sends no second body [case 42]',
    async () => {
      const sender = await Sender.start(createRandom(SEED))
      const survived = await killInTurn(SEND_PHASES, { least: LEAST.send, ms: MS }, (phase) => sender.kill(phase))
      report('kills', { survived, deliveries: sender.receiver.received.length })
    },
    timeoutMs('kills', SHORT_MS),
  )
})
