import { afterEach, describe } from 'vitest'
import { describeBare } from './contract-bare.js'
import { describeCommits } from './contract-commits.js'
import { describeHistory } from './contract-history.js'
import { describeReads } from './contract-reads.js'
import { createWorld, type Engine } from './world.js'

export { createWorld, type Engine, type World } from './world.js'

/** The Repository port's contract: every engine passes all of it. What an engine may refuse is in its own test file. */
export function describeRepository(engine: Engine): void {
  describe(`${engine.name} repository`, () => {
    const world = createWorld(engine)
    afterEach(() => world.end())
    describeReads(engine, world)
    describeHistory(world)
    describeCommits(world)
    describeBare(world)
  })
}
