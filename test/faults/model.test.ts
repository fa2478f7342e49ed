import fc from 'fast-check'
import { describe, it } from 'vitest'
import { createRegistry } from '../helpers/registry.js'
import { budgetMs, isLong, report, SEED, timeoutMs } from './budget.js'
import { histories, type Step } from './model/steps.js'
import { Walk } from './model/walk.js'

/** Random histories of our commands and of plain git, each step compared with a model of the contract. */

const SHORT_MS = 7_000
/** No history takes less: so many are more than there is time for. */
const FASTEST_MS = 200

/** Fails with the steps as a script, for a shell in an empty folder. */
async function walkAlong(steps: readonly Step[]): Promise<void> {
  const registry = createRegistry()
  const walk = new Walk(registry)
  try {
    await walk.begin()
    for (const step of steps) await walk.take(step)
    await walk.finish()
    registry.repo.check()
  } catch (error) {
    const script = ['git init -q -b main && promptctl init', ...walk.script].join('\n')
    throw new Error(`after\n\n${script}\n\n${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/**
 * Passes over what comes after so many milliseconds. The first has all the time that it needs, and one that fails has
 * twice as long to be shrunk.
 */
function createLimit(ms: number): (action: () => Promise<void>) => Promise<void> {
  const began = Date.now()
  let deadline = Number.POSITIVE_INFINITY
  let hasFailed = false
  return async (action) => {
    if (Date.now() > deadline) return
    try {
      await action()
      if (!hasFailed) deadline = began + ms
    } catch (error) {
      if (!hasFailed) deadline = Date.now() + 2 * ms
      hasFailed = true
      throw error
    }
  }
}

describe('histories', () => {
  it(
    'give the versions, actions, states and live content that the model says, whoever made them [case 3]',
    async () => {
      const counts = { histories: 0, steps: 0 }
      const ms = budgetMs('model', SHORT_MS)
      const until = createLimit(ms)
      await fc.assert(
        fc.asyncProperty(histories(isLong ? 30 : 18), (steps) =>
          until(async () => {
            await walkAlong(steps)
            counts.histories += 1
            counts.steps += steps.length
          }),
        ),
        { seed: SEED, numRuns: Math.ceil(ms / FASTEST_MS) },
      )
      report('model', counts)
    },
    timeoutMs('model', SHORT_MS),
  )
})
