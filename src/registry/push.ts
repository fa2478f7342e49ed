import { requireTip } from './branches.js'
import { compareTips, type Relation } from './divergence.js'
import { requireHistory } from './history.js'
import { eventsForRange, requireSecrets } from './notify.js'
import type { Oid, PushedRange } from './ports.js'
import { type PushReport, pushRange, reportPush, tooBusy } from './push-range.js'
import type { Registry } from './registry.js'
import { knownTip, requireSharedBranch, type SharedBranch } from './shared-branch.js'

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
  if (request.dryRun) return preview(registry, shared, request)
  const { repository } = await registry.git()
  let there = await knownTip(registry, shared)
  let isFresh = false
  let rebased = false
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const here = await requireTip(registry)
    const { relation, ahead } = await compareTips(registry, here, there)
    if (isPushable(relation)) {
      const range = { ref: shared.ref, old: there, new: here }
      const outcome = await pushRange(registry, shared, range)
      if (outcome.kind !== 'moved') return finish(registry, shared, range, { ...request, pushed: ahead, rebased })
      there = outcome.tip
    } else if (there === undefined || !isFresh) {
      there = await repository.fetch(shared.remote, shared.branch)
    } else if (relation === 'behind') {
      return { ...nothing(shared, there), rebased }
    } else {
      const { rebase } = await import('./push-rebase.js')
      await rebase(registry, { shared, parted: relation, ends: { local: here, remote: there }, ...request })
      rebased = true
    }
    isFresh = true
  }
  throw tooBusy(shared)
}

const isPushable = (relation: Relation): relation is 'ahead' | 'equal' => relation === 'ahead' || relation === 'equal'

async function finish(
  registry: Registry,
  shared: SharedBranch,
  range: PushedRange,
  { wait, pushed, rebased }: Pick<Pushed, 'pushed' | 'rebased'> & Pick<PushRequest, 'wait'>,
): Promise<Pushed> {
  return { ...(await reportPush(registry, shared, range, { wait, pushed })), rebased, behind: false, dry_run: false }
}

const nothing = ({ remote, branch }: SharedBranch, tip: Oid): Pushed => ({
  ...{ remote, branch, old: tip, new: tip, pushed: 0, events: 0, queued: 0, missing_secrets: [] },
  ...{ rebased: false, behind: true, dry_run: false },
})

/** What would be pushed. The remote is asked where it is, and nothing is changed there or here. */
async function preview(registry: Registry, shared: SharedBranch, request: PushRequest): Promise<Pushed> {
  const { repository } = await registry.git()
  const [here, there] = await Promise.all([requireTip(registry), repository.fetch(shared.remote, shared.branch)])
  const { relation, ahead } = await compareTips(registry, here, there)
  if (there !== undefined && relation === 'behind') return { ...nothing(shared, there), dry_run: true }
  if (there === undefined || relation === 'behind' || isPushable(relation)) {
    return describe(registry, shared, { old: there, new: here, pushed: ahead, rebased: false })
  }
  const { planRebase } = await import('./push-rebase.js')
  const tip = await planRebase(registry, { shared, parted: relation, ends: { local: here, remote: there }, ...request })
  const pushed = (await repository.distance(there, tip)) ?? null
  return describe(registry, shared, { old: there, new: tip, pushed, rebased: true })
}

async function describe(
  registry: Registry,
  { remote, branch, ref }: SharedBranch,
  { old, new: tip, ...rest }: Omit<PushedRange, 'ref'> & Pick<Pushed, 'pushed' | 'rebased'>,
): Promise<Pushed> {
  const events = await eventsForRange(registry, { ref, old, new: tip })
  return {
    ...{ remote, branch, old: old ?? null, new: tip, ...rest, events: events.length },
    ...{ queued: 0, missing_secrets: [], behind: false, dry_run: true },
  }
}
