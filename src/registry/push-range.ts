import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { type DeliverySummary, forgetPush, rememberPush, settlePush } from './notify.js'
import type { Oid, PushedRange, PushOutcome } from './ports.js'
import type { Registry } from './registry.js'
import type { SharedBranch } from './shared-branch.js'

/** What was pushed, and what became of its events. */
export interface PushReport {
  readonly remote: string
  readonly branch: string
  /** Where the remote's branch was; null when it is new there. */
  readonly old: Oid | null
  /** Where it is now. */
  readonly new: Oid | null
  /** How many commits it got, merges counted once; null when the branch is new there. */
  readonly pushed: number | null
  /** How many versions became events; 0 where no webhook is configured. */
  readonly events: number
  /** How many deliveries are on their way; `missing_secrets` names the variables without which nothing is sent from here. */
  readonly queued: number
  readonly missing_secrets: readonly string[]
  /** Of --wait: what the endpoints answered. */
  readonly outcomes?: DeliverySummary['outcomes']
}

/**
 * Moves the remote's branch from `range.old` to `range.new`. The range is remembered first, so that its events are sent
 * even when this process is killed; it is forgotten when the remote surely has not taken it.
 */
export async function pushRange(registry: Registry, shared: SharedBranch, range: PushedRange): Promise<PushOutcome> {
  const { repository } = await registry.git()
  if (range.old !== range.new) await rememberPush(registry, range)
  try {
    const { remote, branch } = shared
    const outcome = await repository.push({ remote, branch, commit: range.new, expected: range.old })
    if (outcome.kind === 'moved') await forgetPush(registry, range)
    return outcome
  } catch (error) {
    if (!isPromptctlError(error, 'unavailable')) await forgetPush(registry, range)
    throw error
  }
}

/** Sends the events of a range that the remote has taken. */
export async function reportPush(
  registry: Registry,
  { remote, branch }: SharedBranch,
  range: PushedRange,
  { wait }: { readonly wait: boolean },
): Promise<PushReport> {
  const [summary, pushed] = await Promise.all([settlePush(registry, range, { wait }), countCommits(registry, range)])
  const { events, queued, missingSecrets, outcomes } = summary
  return {
    remote,
    branch,
    old: range.old ?? null,
    new: range.new,
    pushed,
    events,
    queued,
    missing_secrets: missingSecrets,
    ...(wait ? { outcomes } : {}),
  }
}

/** Commits of the range on the first-parent chain. Of a new branch they are not counted: that is the whole history. */
export async function countCommits(registry: Registry, { old, new: tip }: PushedRange): Promise<number | null> {
  if (old === undefined) return null
  if (old === tip) return 0
  const { repository } = await registry.git()
  let count = 0
  for await (const _ of repository.history({ tip, after: old, paths: [] })) count += 1
  return count
}

/** The failure of a branch that moves faster than we can follow. */
export const tooBusy = ({ remote, branch }: SharedBranch): PromptctlError =>
  new PromptctlError('conflict', `${remote}/${branch} moved each time that it was tried; nothing was pushed`, {
    hint: 'Try again.',
    details: { remote, branch },
  })
