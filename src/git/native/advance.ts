import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { GitLockWait, gitLockPaths } from '../git-lock.js'
import { otherBranch } from '../other-branch.js'
import { bareBranch, moveBare } from './bare-commit.js'
import { assertIdle, assertMerged, moved } from './commit-job.js'
import { listStatus } from './index-status.js'
import { isLocked, waitForLock } from './index-write.js'
import type { Native } from './native.js'
import { gitFailed, type RunResult, runGit } from './process.js'

/** Repository.advance; see registry/ports.ts. As `git merge --ff-only`, but also to a commit that does not descend. */
export async function advance(
  native: Native,
  from: Oid | undefined,
  to: Oid,
  reason: string,
  wanted?: string,
): Promise<void> {
  if (native.location.workTree === undefined) return advanceBare(native, from, to, reason, wanted)
  assertIdle(native)
  await assertMerged(native)
  const { branch, commit } = await native.refs.head()
  if (branch === undefined || commit !== from) throw moved(from, commit, [])
  if (wanted !== undefined && wanted !== branch) throw otherBranch(branch, wanted)
  const locks = new GitLockWait(gitLockPaths(native.location, branch))
  await locks.wait()
  // What only looks different, by its times, must not stand in the way. What is different it says by its status.
  await runGit(native.context, ['update-index', '-q', '--refresh'])
  const read = await patiently(native, locks, ['read-tree', '-m', '-u', ...(from === undefined ? [] : [from]), to])
  if (read.status !== 0) throw await inTheWay(native, from, to, read)
  const args = ['update-ref', '-m', reason, `refs/heads/${branch}`, to, from ?? '0'.repeat(to.length)]
  const result = await patiently(native, locks, args)
  if (result.status === 0) return
  await patiently(native, locks, from === undefined ? ['read-tree', '--empty'] : ['read-tree', '-m', '-u', to, from])
  const now = await native.refs.head()
  throw now.commit === from ? gitFailed(args, result) : moved(from, now.commit, [])
}

async function advanceBare(native: Native, from: Oid | undefined, to: Oid, reason: string, wanted?: string) {
  const branch = await bareBranch(native, wanted)
  const locks = new GitLockWait(gitLockPaths(native.location, branch))
  await moveBare(native, { branch, from, to, reason, locks })
}

async function patiently(native: Native, locks: GitLockWait, args: readonly string[]): Promise<RunResult> {
  for (;;) {
    const result = await runGit(native.context, args, { runsHooks: true })
    if (result.status === 0 || !isLocked(result, locks)) return result
    await waitForLock(locks)
  }
}

/** The edited files that differ between the two commits. */
async function inTheWay(native: Native, from: Oid | undefined, to: Oid, result: RunResult): Promise<PromptctlError> {
  const { store, context, blobId } = native
  const trees = [from, to].map(async (commit) => (commit === undefined ? undefined : (await store.commit(commit)).tree))
  const [before, after] = await Promise.all(trees)
  const changed = new Set(await store.changedPaths(before, after))
  const edited = (await listStatus(context, '', blobId)).map(({ path }) => path)
  const paths = edited.filter((path) => changed.has(path))
  if (paths.length === 0) return gitFailed(['read-tree'], result)
  const known = from === undefined ? [] : await store.entriesAt(from, paths)
  const untracked = paths.some((path) => !known.some((entry) => entry.path === path))
  const are = paths.length === 1 ? 'has uncommitted edits' : 'have uncommitted edits'
  return new PromptctlError(
    'conflict',
    `${paths.slice(0, 5).join(', ')} ${are}, and changed in ${to.slice(0, 10)} too`,
    {
      hint: `Commit the edits or put them aside (git stash${untracked ? ' -u' : ''}), then try again.`,
      details: { paths, untracked, commit: to, reason: 'edits_in_the_way' },
    },
  )
}
