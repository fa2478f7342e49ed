import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { namedBranchOf } from './branches.js'
import { type Ends, readOverlaps } from './divergence.js'
import { divergedError, mergeTheOtherWay, overlapError } from './divergence-errors.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { displayBranch, pullCommand, type SharedBranch } from './shared-branch.js'

/** What has parted, and how. */
export interface Parting {
  readonly shared: SharedBranch
  readonly parted: 'renumbers' | 'diverged'
  readonly ends: Ends
  /** Whether --rebase was asked for. */
  readonly rebase: boolean
}

/** Puts our commits on top of the remote's, with the branch and the work tree; when it cannot be all is as before. */
export async function rebase(registry: Registry, parting: Parting): Promise<void> {
  const { ends, shared } = parting
  const { repository, exclusively } = await registry.git()
  await exclusively(async () => {
    const tip = await planRebase(registry, parting)
    const branch = await namedBranchOf(registry)
    await repository.advance(ends.local, tip, `promptctl push --rebase: onto ${displayBranch(shared)}`, branch)
  })
}

/** Our commits made anew on top of the remote's. Throws when --rebase was not asked for, or both sides changed the same. */
export async function planRebase(registry: Registry, { shared, parted, ends, rebase: isAsked }: Parting): Promise<Oid> {
  if (!isAsked) throw await divergedError(registry, shared, parted, ends)
  const { repository } = await registry.git()
  const overlaps = await readOverlaps(registry, ends)
  if (overlaps.length > 0) throw overlapError(shared, ends, overlaps)
  const tip = await repository.replay(ends.local, ends.remote).catch((error: unknown) => {
    throw parted === 'renumbers'
      ? withHint(error, capitalise(mergeTheOtherWay(shared)))
      : withHint(error, byHand(shared))
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

const byHand = (shared: SharedBranch): string =>
  `Your commits are as they were. ${pullCommand('--rebase', shared)} asks about each; then promptctl push.`

const capitalise = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const withHint = (error: unknown, hint: string): unknown =>
  isPromptctlError(error, 'conflict')
    ? new PromptctlError(error.code, error.message, { hint, details: error.details, cause: error })
    : error
