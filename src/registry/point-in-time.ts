import { PromptctlError } from '../core/errors.js'
import { parseTime } from '../core/time.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

const COMMIT = /^[0-9a-f]{7,64}$/

/**
 * The commit on the first-parent chain of `tip` that a user means by a commit, a branch or tag, or a time (the newest
 * commit at that time, by committer date). Throws `not_found` for a time before the first commit, and for a commit that
 * is not on the chain; `usage` for text that is none of these.
 */
export async function commitForPoint(registry: Registry, tip: Oid, text: string): Promise<Oid> {
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(text)
  if (commit !== undefined) {
    if (await repository.isOnChain(commit, tip)) return commit
    throw new PromptctlError('not_found', `Commit ${text} is not on this branch's first-parent history`, {
      hint: 'promptctl log shows the commits that are.',
    })
  }
  if (COMMIT.test(text)) throw new PromptctlError('not_found', `There is no commit ${text}`)
  return commitAtTime(registry, tip, parseTime(text, registry.clock.now()), text)
}

/** The newest commit whose committer date is at most `timeMs`; throws `not_found` when history begins later. */
export async function commitAtTime(registry: Registry, tip: Oid, timeMs: number, text: string): Promise<Oid> {
  const { repository } = await registry.git()
  const commit = await repository.commitAt(tip, Math.floor(timeMs / 1000))
  if (commit !== undefined) return commit
  throw new PromptctlError('not_found', `This history begins after ${text}`, {
    hint: 'promptctl log shows when it does.',
  })
}
