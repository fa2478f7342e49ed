import { copyFile, link } from 'node:fs/promises'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { hasCode, isMissing } from '../disk.js'
import { GitLockWait } from '../git-lock.js'
import type { PendingFiles } from '../work-tree-files.js'
import { type CommitJob, changedBetween, indexFile } from './commit-job.js'
import { readIndex } from './index-status.js'
import { isLocked, refreshIndex, updateIndex, waitForLock } from './index-write.js'
import { runGit } from './process.js'
import type { MadeCommit } from './verify.js'

/** The index as it was before the commit: a second name of the file, which git replaces and never changes. */
export async function keepIndex({ native, scratch }: CommitJob): Promise<void> {
  const kept = keptIndex(scratch)
  try {
    await link(indexFile(native), kept)
  } catch (error) {
    if (isMissing(error)) return
    if (!hasCode(error, 'EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK')) throw error
    await copyFile(indexFile(native), kept)
  }
}

const keptIndex = (scratch: CommitJob['scratch']): string => scratch.path('index-before')

/**
 * Takes a commit back: the branch by compare-and-swap, then the index entries, then the files. When something followed
 * the commit it stands, the files with it, and the failure is `rejected` and says so.
 */
export async function undoCommit(job: CommitJob, made: MadeCommit, pending: PendingFiles): Promise<void> {
  const { native, branch } = job
  const ref = `refs/heads/${branch}`
  const reflog = ['-m', `promptctl: undo ${made.commit.slice(0, 10)}`]
  const change = made.parent === undefined ? ['-d', ref, made.commit] : [ref, made.parent, made.commit]
  const locks = new GitLockWait([...job.locks.paths, ...(made.parent === undefined ? [packedRefsLock(native)] : [])])
  for (;;) {
    const result = await runGit(native.context, ['update-ref', ...reflog, ...change])
    if (result.status === 0) break
    const { commit } = await native.refs.head()
    if (commit !== made.commit || !isLocked(result, locks)) {
      pending.keep()
      throw stands(made, result.stderr)
    }
    await waitForLock(locks)
  }
  await restoreIndex(job, made.parent)
  await restoreFiles(job, pending)
}

/** What git takes to delete a branch, as the undoing of a first commit does. */
const packedRefsLock = ({ location }: CommitJob['native']): string => join(location.commonDir, 'packed-refs.lock')

/** Puts the job's index entries back; where somebody else's commit changed a file, the entry is that commit's. */
export async function restoreIndex(job: CommitJob, parent: CommitJob['request']['expected']): Promise<void> {
  const { native, paths, request, scratch } = job
  const overtaken = new Set(await changedBetween(native, request.expected, parent, paths))
  const before = await entriesBefore(job, keptIndex(scratch))
  const theirs = parent === undefined ? [] : await native.store.entriesAt(parent, paths)
  const committed = new Map(theirs.map((entry) => [entry.path, entry]))
  const changes = paths.map((path) => ({ path, entry: overtaken.has(path) ? committed.get(path) : before.get(path) }))
  await updateIndex(native.context, new GitLockWait(job.locks.paths), changes)
}

async function entriesBefore({ native, paths }: CommitJob, kept: string) {
  // An index that is not there reads as an empty one.
  const entries = await readIndex(native.context, paths, ['--stage'], kept)
  return new Map(entries.map((entry) => [entry.path, entry]))
}

/**
 * Puts the files back, but for those that HEAD holds as they were written (by another process's commit), and for those
 * that another commit changed meanwhile and that no longer are as they were written: these are its author's.
 */
export async function restoreFiles(job: CommitJob, pending: PendingFiles): Promise<void> {
  const { native, request, paths, blobs } = job
  const { commit } = await native.refs.head()
  const entries = commit === undefined ? [] : await native.store.entriesAt(commit, paths)
  const standing = new Set(entries.filter(({ path, blob }) => blobs.get(path) === blob).map(({ path }) => path))
  const overtaken = new Set(await changedBetween(native, request.expected, commit, paths))
  const untouched = overtaken.size === 0 ? overtaken : await pending.untouched()
  const isTheirs = (path: string): boolean => standing.has(path) || (overtaken.has(path) && !untouched.has(path))
  await pending.restore(new Set(paths.filter((path) => !isTheirs(path))))
  // One path that the index does not know, and git refreshes none.
  const indexed = await readIndex(native.context, paths)
  await refreshIndex(
    native.context,
    indexed.map(({ path }) => path),
  )
}

const stands = ({ commit, altered }: MadeCommit, output: string): PromptctlError =>
  new PromptctlError(
    'rejected',
    `Commit ${commit.slice(0, 10)} is not what was asked for, and it stands: more followed`,
    {
      hint: `Look at it with git show ${commit.slice(0, 10)}; git revert takes it back.`,
      details: { commit, paths: altered, output },
    },
  )
