import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { requireTip } from './branches.js'
import { compareTips, type Ends, readOverlaps } from './divergence.js'
import { divergedError, mergeTheOtherWay, overlapError } from './divergence-errors.js'
import { requireHistory } from './history.js'
import { requireSecrets } from './notify.js'
import type { Oid } from './ports.js'
import { countCommits, type PushReport, pushRange, reportPush, tooBusy } from './push-range.js'
import type { Registry } from './registry.js'
import { displayBranch, knownTip, requireSharedBranch, type SharedBranch } from './shared-branch.js'

export interface PushRequest {
  /** Undefined: the one that the branch tracks, else origin, else the only one. */
  readonly remote: string | undefined
  /** Puts our commits on top of the remote's when the two have parted. */
  readonly rebase: boolean
  /** Waits for the first attempts of the deliveries. */
  readonly wait: boolean
  readonly dryRun: boolean
}

export interface Pushed extends PushReport {
  /** Our commits were made anew on top of the remote's. */
  readonly rebased: boolean
  /** The remote has commits that are not here, and there was nothing to push. */
  readonly behind: boolean
  readonly dry_run: boolean
}

/** The remote may move while we look: after this many looks it is a `conflict`. */
const ATTEMPTS = 5

/**
 * Pushes the shared branch, never by force, and makes an event of each version that the remote took. Throws `conflict`
 * when the histories have parted, `renumbers` when older versions would get other numbers, and what Repository.push
 * throws.
 */
export async function push(registry: Registry, request: PushRequest): Promise<Pushed> {
  const shared = await requireSharedBranch(registry, request.remote)
  await requireHistory(registry)
  if (request.wait) await requireSecrets(registry)
  const { repository } = await registry.git()
  let there = await (request.dryRun ? repository.fetch(shared.remote, shared.branch) : knownTip(registry, shared))
  let isFresh = request.dryRun
  let rebased = false
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const here = await requireTip(registry)
    const relation = await compareTips(registry, here, there)
    if (relation === 'ahead' || relation === 'equal') {
      const range = { ref: shared.ref, old: there, new: here }
      if (request.dryRun) return { ...(await preview(registry, shared, range)), rebased, behind: false, dry_run: true }
      const outcome = await pushRange(registry, shared, range)
      if (outcome.kind !== 'moved') {
        const report = await reportPush(registry, shared, range, request)
        return { ...report, rebased, behind: false, dry_run: false }
      }
      there = outcome.tip
    } else if (!isFresh) {
      there = await repository.fetch(shared.remote, shared.branch)
    } else if (there !== undefined && relation === 'behind') {
      const nothing = { ref: shared.ref, old: there, new: there }
      return { ...(await preview(registry, shared, nothing)), rebased, behind: true, dry_run: request.dryRun }
    } else if (there !== undefined) {
      const ends = { local: here, remote: there }
      if (!request.rebase || relation === 'behind') throw await divergedError(registry, shared, relation, ends)
      const tip = await rebase(registry, shared, ends, request.dryRun)
      rebased = true
    }
    isFresh = true
  }
  throw tooBusy(shared)
}
