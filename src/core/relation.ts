import { liveIn, type Version } from './ledger.js'
import { isRolledBack } from './lifecycle/rollback.js'
import type { Environment } from './slug.js'

/** How what an environment serves compares with the environment before it. */
export type Relation = 'first' | 'in_step' | 'behind' | 'ahead' | 'rolled_back' | 'absent'

/**
 * `absent`: nothing is live here. `in_step`: the same content. `rolled_back`: the other's content was live here, and was
 * taken back. `ahead`: what is live here never was live in the one before (a hotfix), or nothing is live there.
 * `behind`: the one before has moved on.
 */
export function relationOf(
  versions: readonly Version[],
  environment: Environment,
  before: Environment | undefined,
): Relation {
  const live = liveIn(versions, environment)
  if (before === undefined) return 'first'
  const source = liveIn(versions, before)
  if (live === undefined) return 'absent'
  if (source === undefined) return 'ahead'
  if (source.digest === live.digest) return 'in_step'
  if (isRolledBack(versions, environment, source.digest ?? '')) return 'rolled_back'
  const wasLiveBefore = versions.some(
    (version) => version.environment === before && version.state === 'published' && version.digest === live.digest,
  )
  return wasLiveBefore ? 'behind' : 'ahead'
}
