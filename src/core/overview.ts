import { liveIn, newestIn, type Version, type VersionState } from './ledger.js'
import { type Relation, relationOf } from './relation.js'
import type { Environment } from './slug.js'

/** Where a prompt stands in one environment, as committed. */
export interface Cell {
  readonly version: number
  readonly state: VersionState
  /** Of the newest version there that can be read. */
  readonly title: string | null
  readonly tags: readonly string[]
  readonly liveVersion: number | null
  /** Of what is live. */
  readonly liveDigest: string | null
  readonly relation: Relation
}

/** The cell of each environment that the prompt ever was in. `environments` are in promotion order. */
export function createCells(
  versions: readonly Version[],
  environments: readonly Environment[],
): ReadonlyMap<Environment, Cell> {
  const cells = new Map<Environment, Cell>()
  for (const [index, environment] of environments.entries()) {
    const newest = newestIn(versions, environment)
    if (newest === undefined) continue
    const live = liveIn(versions, environment)
    const readable = versions.findLast((version) => version.environment === environment && version.title !== null)
    cells.set(environment, {
      version: newest.version,
      state: newest.state,
      title: readable?.title ?? null,
      tags: readable?.tags ?? [],
      liveVersion: live?.version ?? null,
      liveDigest: live?.digest ?? null,
      relation: relationOf(versions, environment, environments[index - 1]),
    })
  }
  return cells
}
