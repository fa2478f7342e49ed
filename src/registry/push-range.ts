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
  { wait, pushed }: { readonly wait: boolean; readonly pushed: number | null },
): Promise<PushReport> {
  const { events, queued, missingSecrets, outcomes } = await settlePush(registry, range, { wait })
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

/** The failure of a branch that moves faster than we can follow. */
export const tooBusy = ({ remote, branch }: SharedBranch): PromptctlError =>
  new PromptctlError('conflict', `${remote}/${branch} moved each time that it was tried; nothing was pushed`, {
    hint: 'Try again.',
    details: { remote, branch },
  })
