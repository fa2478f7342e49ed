import { join } from 'node:path'
import type { CommitRequest, CommitResult, Entry, FileWrite, Oid } from '../../registry/ports.js'
import { GitLockWait, gitLockError } from '../git-lock.js'
import { interrupted } from '../interrupted.js'
import { openScratch, type Scratch } from '../journal.js'
import { OURSELVES } from '../people.js'
import { pushedOnly } from '../pushed-only.js'
import { type PendingFiles, writeWorkTreeFiles } from '../work-tree-files.js'
import { fromBytePath } from './byte-path.js'
import { findCommitter, formatIdentity } from './identity.js'
import { planIndex, readIndex, type StagedFile } from './index-change.js'
import { LandedError, land } from './land.js'
import { releaseDeadLocks } from './lock-files.js'
import { objectId } from './objects.js'
import type { Parts } from './parts.js'
import { assertReady } from './ready.js'
import type { ReflogLine } from './reflog.js'
import { isHead } from './refs.js'
import { assertCommittable, assertWritable, assertWritableIndex, bareError, needsGit } from './refusals.js'
import { storeBlobs, storeCommit } from './store.js'

/** The port's `commit`. Nothing is written before every refusal has been thought of. */
export async function writeCommit(parts: Parts, request: CommitRequest): Promise<CommitResult> {
  const { config, env, layout } = parts
  assertWritable(layout, config(), env)
  assertCommittable(layout, config(), env, request.verify)
  const wait = await waitForLocks(parts, request.branch)
  const branch = assertReady(parts, request.expected, request.branch)
  const staged = await storeBlobs(parts, request)
  const ref = await storeCommit(parts, request, branch, staged)
  const kept = new Set(request.keepEdits)
  const files = request.files.filter(({ path }) => !kept.has(path))
  await writeFiles(parts, files, async (scratch) => {
    // The commit is stored, and no branch has it yet: when the caller says no there is nothing to take back.
    await request.confirm?.(ref.after)
    await landWithPatience(parts, scratch, wait, { staged, ref }).catch((error: unknown) => {
      throw request.confirm === undefined || error instanceof LandedError ? error : pushedOnly(ref.after, error)
    })
  })
  return { commit: ref.after, parent: request.expected, blobs: new Map(staged.map(({ path, blob }) => [path, blob])) }
}

/** The port's `stage`. */
export async function writeStage(parts: Parts, files: readonly FileWrite[]): Promise<void> {
  if (parts.layout.workTree === undefined) throw bareError(parts.layout.gitDir)
  assertWritable(parts.layout, parts.config(), parts.env)
  const wait = await waitForLocks(parts)
  assertWritableIndex(readIndex(parts.indexPath).index)
  const staged = await storeBlobs(parts, { files })
  await writeFiles(parts, files, (scratch) => landWithPatience(parts, scratch, wait, { staged }))
}

/**
 * IndexRepair.repairIndex; see git/recover.ts. Locks that a dead process of ours left go first. Of `absent` only what was
 * announced with `git add -N` is forgotten: this engine stages nothing before the commit stands.
 */
export async function repairIndex(parts: Parts, entries: readonly Entry[], absent: readonly string[]): Promise<void> {
  await releaseDeadLocks(parts.layout.gitDir, lockPaths(parts))
  const wait = await waitForLocks(parts)
  const indexed = new Map(readIndex(parts.indexPath).index.entries.map((entry) => [fromBytePath(entry.path), entry]))
  const stale = entries.filter(({ path, blob }) => indexed.get(path)?.oid !== blob)
  const staged = stale.map(({ path, blob }) => ({ path, blob, isOnDisk: true }))
  const gone = absent.filter((path) => indexed.get(path)?.isIntent)
  if (staged.length + gone.length === 0) return
  await withScratch(parts, (scratch) => landWithPatience(parts, scratch, wait, { staged, absent: gone }))
}

/** The lock files that a write takes. */
function lockPaths({ layout, refs, indexPath }: Parts, name?: string): readonly string[] {
  const head = refs.read('HEAD')
  const target = name === undefined ? head !== undefined && 'target' in head && head.target : `refs/heads/${name}`
  const branch = target ? [refs.pathOf(target)] : []
  return [indexPath, join(layout.gitDir, 'HEAD'), ...branch].map((path) => `${path}.lock`)
}

/** Waits until nobody holds one, before anything is written: the patience of the whole write begins here. */
async function waitForLocks(parts: Parts, branch?: string): Promise<GitLockWait> {
  const wait = new GitLockWait(lockPaths(parts, branch))
  for (let lock = wait.present(); lock !== undefined; lock = wait.present()) {
    if (wait.isOver) throw gitLockError(lock)
    if (parts.signal?.aborted) throw interrupted(parts.signal)
    await wait.pause()
  }
  return wait
}

/** Writes the work tree's files, then does `finish`; when that fails they are as they were, unless the commit stands. */
async function writeFiles(
  parts: Parts,
  files: readonly FileWrite[],
  finish: (scratch: Scratch) => Promise<void>,
): Promise<void> {
  const { workTree } = parts.layout
  if (workTree === undefined) return withScratch(parts, finish)
  await withScratch(parts, async (scratch) => {
    const blobId = (content: Uint8Array): Oid => objectId('blob', content)
    const pending: PendingFiles = await writeWorkTreeFiles({ workTree, scratch, files, blobId })
    try {
      await finish(scratch)
      pending.keep()
    } catch (error) {
      // What landed stands, and its journal stays: recovery mends the index, and removes a lock that could not be removed.
      // There are no hooks here: what is not as it was written somebody else has changed since.
      if (!(error instanceof LandedError)) await pending.restore(await pending.untouched())
      throw error
    }
  })
}

/** The port's `advance`, of a bare repository's branch. */
export async function moveBranch(
  parts: Parts,
  { from, to, reason, branch }: { from: Oid | undefined; to: Oid; reason: string; branch: string | undefined },
): Promise<void> {
  const { config, env, layout, refs } = parts
  if (layout.workTree !== undefined) throw needsGit('go forward to a remote branch')
  assertWritable(layout, config(), env)
  const wait = await waitForLocks(parts, branch)
  const name = assertReady(parts, from, branch)
  const committer = formatIdentity(findCommitter(config(), env, OURSELVES), env, 'committer', Date.now())
  const ref = { name, isHead: isHead(refs, name), before: from, after: to, committer, reason }
  await withScratch(parts, (scratch) => landWithPatience(parts, scratch, wait, { staged: [], ref }))
}

async function withScratch(parts: Parts, action: (scratch: Scratch) => Promise<void>): Promise<void> {
  const scratch = await openScratch(parts.layout.gitDir)
  try {
    await action(scratch)
  } finally {
    await scratch.remove()
  }
}

interface Change {
  readonly staged: readonly StagedFile[]
  readonly absent?: readonly string[]
  readonly ref?: ReflogLine
}

/** Plans the index anew each time that it was written beside us, and waits for whoever holds one of git's locks. */
async function landWithPatience(
  { layout, refs, indexPath, config, signal }: Parts,
  scratch: Scratch,
  wait: GitLockWait,
  { staged, absent, ref }: Change,
): Promise<void> {
  const reflogs = config().get('core.logallrefupdates')?.toLowerCase()
  const { workTree } = layout
  // Where nobody sees the files, the log is how to find out what happened.
  const makesReflogs = workTree === undefined || reflogs === 'always' || config().isTrue('core.logallrefupdates', true)
  while (true) {
    const index = workTree === undefined ? undefined : planIndex(readIndex(indexPath), workTree, staged, absent)
    const outcome = land({ layout, refs, scratch: scratch.dir, index, ref, makesReflogs })
    if (outcome.kind === 'done') return
    if (wait.isOver) throw gitLockError(outcome.kind === 'busy' ? outcome.lock : `${indexPath}.lock`)
    if (signal?.aborted) throw interrupted(signal)
    await wait.pause()
  }
}
