import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { requireTip } from './branches.js'
import { compareTips, type Ends, type Relation, readOverlaps } from './divergence.js'
import { divergedError, mergeTheOtherWay, overlapError } from './divergence-errors.js'
import { requireHistory } from './history.js'
import { eventsForRange, requireSecrets } from './notify.js'
import type { Oid, PushedRange } from './ports.js'
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
  if (request.dryRun) return preview(registry, shared, request)
  const { repository } = await registry.git()
  let there = await knownTip(registry, shared)
  let isFresh = false
  let rebased = false
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const here = await requireTip(registry)
    const relation = await compareTips(registry, here, there)
    if (isPushable(relation)) {
      const range = { ref: shared.ref, old: there, new: here }
      const outcome = await pushRange(registry, shared, range)
      if (outcome.kind !== 'moved') return finish(registry, shared, range, { ...request, rebased })
      there = outcome.tip
    } else if (there === undefined || !isFresh) {
      there = await repository.fetch(shared.remote, shared.branch)
    } else if (relation === 'behind') {
      return { ...nothing(shared, there), rebased }
    } else {
      await rebase(registry, shared, relation, { local: here, remote: there }, request)
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
  { wait, rebased }: { readonly wait: boolean; readonly rebased: boolean },
): Promise<Pushed> {
  return { ...(await reportPush(registry, shared, range, { wait })), rebased, behind: false, dry_run: false }
}

const nothing = ({ remote, branch }: SharedBranch, tip: Oid): Pushed => ({
  ...{ remote, branch, old: tip, new: tip, pushed: 0, events: 0, queued: 0, missing_secrets: [] },
  ...{ rebased: false, behind: true, dry_run: false },
})

/** What would be pushed. The remote is asked where it is, and nothing is changed there or here. */
async function preview(registry: Registry, shared: SharedBranch, request: PushRequest): Promise<Pushed> {
  const { repository } = await registry.git()
  const [here, there] = await Promise.all([requireTip(registry), repository.fetch(shared.remote, shared.branch)])
  const relation = await compareTips(registry, here, there)
  if (there !== undefined && relation === 'behind') return { ...nothing(shared, there), dry_run: true }
  const isStraight = there === undefined || relation === 'behind' || isPushable(relation)
  const tip = isStraight ? here : await planRebase(registry, shared, relation, { local: here, remote: there }, request)
  const range = { ref: shared.ref, old: there, new: tip }
  const [pushed, events] = await Promise.all([countCommits(registry, range), eventsForRange(registry, range)])
  return {
    ...{ remote: shared.remote, branch: shared.branch, old: there ?? null, new: tip, pushed, events: events.length },
    ...{ queued: 0, missing_secrets: [], rebased: !isStraight, behind: false, dry_run: true },
  }
}

type Parted = 'renumbers' | 'diverged'

/** Puts our commits on top of the remote's, with the branch and the work tree; when it cannot be all is as before. */
async function rebase(registry: Registry, shared: SharedBranch, parted: Parted, ends: Ends, request: PushRequest) {
  const { repository, exclusively } = await registry.git()
  await exclusively(async () => {
    const tip = await planRebase(registry, shared, parted, ends, request)
    await repository.advance(ends.local, tip, `promptctl push --rebase: onto ${displayBranch(shared)}`)
  })
}

/** Our commits made anew on top of the remote's. Throws when --rebase was not asked for, or both sides changed the same. */
async function planRebase(
  registry: Registry,
  shared: SharedBranch,
  parted: Parted,
  ends: Ends,
  request: PushRequest,
): Promise<Oid> {
  if (!request.rebase) throw await divergedError(registry, shared, parted, ends)
  const { repository } = await registry.git()
  const overlaps = await readOverlaps(registry, ends)
  if (overlaps.length > 0) throw overlapError(shared, ends, overlaps)
  const tip = await repository.replay(ends.local, ends.remote).catch((error: unknown) => {
    throw parted === 'renumbers' ? withHint(error, capitalise(mergeTheOtherWay(shared))) : withHint(error, BY_HAND)
  })
  // Without the merge the files are the same, or the merge did more than to join the two.
  if (parted === 'renumbers' && (await repository.differences(ends.local, tip, '')).length > 0) {
    throw new PromptctlError(
      'conflict',
      'The merge changed files itself, so your commits cannot go on top without it',
      {
        hint: capitalise(mergeTheOtherWay(shared)),
      },
    )
  }
  return tip
}

const BY_HAND = 'Your commits are as they were. git pull --rebase asks about each; then promptctl push.'

const capitalise = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const withHint = (error: unknown, hint: string): unknown =>
  isPromptctlError(error, 'conflict')
    ? new PromptctlError(error.code, error.message, { hint, details: error.details, cause: error })
    : error
