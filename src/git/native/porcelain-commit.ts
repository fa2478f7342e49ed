import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { PromptctlError } from '../../core/errors.js'
import type { CommitResult, Oid } from '../../registry/ports.js'
import { onDisk } from '../disk.js'
import { interrupted } from '../interrupted.js'
import { type PendingFiles, writeWorkTreeFiles } from '../work-tree-files.js'
import {
  assertIdle,
  assertMerged,
  assertUnmoved,
  type CommitJob,
  changedOnTheWay,
  indexFile,
  moved,
  nothingToCommit,
  rewrittenFiles,
} from './commit-job.js'
import { confirmOrUndo } from './confirm.js'
import { hookSaidNo } from './hooks.js'
import { readIdentity } from './identity.js'
import { type IndexScan, scanIndex } from './index-scan.js'
import { readIndex } from './index-status.js'
import { isLocked, updateIndex, waitForLock, write } from './index-write.js'
import { gitFailed, pathspec, type RunResult, read, runGit } from './process.js'
import { keepIndex, restoreFiles, undoCommit } from './undo.js'
import { examineCommit, type MadeCommit } from './verify.js'

/**
 * Makes the commit with `git commit --only`. Returns 'filtered', with everything as it was, when the repository's
 * attributes make git store other bytes than the files have.
 */
export async function commitWithGit(job: CommitJob): Promise<CommitResult | 'filtered'> {
  const { native, request, workTree, scratch } = job
  const index = await lookAtIndex(job)
  const pending = await writeWorkTreeFiles({ ...native, workTree, scratch, files: request.files })
  let introduced: readonly string[] = []
  try {
    await keepIndex(job)
    introduced = await introduce(job, index?.known)
    const output = await runCommit(job)
    introduced = [] // they are entries like any other now
    const made = await examineCommit(job)
    if (made === undefined) throw moved(request.expected, (await native.refs.head()).commit, job.paths)
    const result = await acceptOrUndo(job, made, output, pending)
    pending.keep()
    return result
  } catch (error) {
    if (!pending.isSettled) {
      await restoreFiles(job, pending)
      await forget(job, introduced)
    }
    throw error
  }
}

async function acceptOrUndo(job: CommitJob, made: MadeCommit, output: string, pending: PendingFiles) {
  const { commit, parent, altered, overtaken } = made
  if (overtaken.length > 0) {
    await undoCommit(job, made, pending)
    throw moved(job.request.expected, parent, overtaken)
  }
  const changed = altered.length > 0 ? altered : await rewrittenFiles(job, job.paths)
  if (changed.length === 0) {
    await confirmOrUndo(job, made, pending)
    return { commit, parent, blobs: job.blobs }
  }
  const isFiltered = await isFilteredIn(job, commit, altered)
  await undoCommit(job, made, pending)
  if (isFiltered) return 'filtered' as const
  throw changedOnTheWay(changed, output)
}

/** Whether the bytes in the commit are those that the repository's filters make of ours. */
async function isFilteredIn({ native, request }: CommitJob, commit: Oid, altered: readonly string[]): Promise<boolean> {
  const file = request.files.find(({ path }) => path === altered[0])
  if (file === undefined) return false
  const args = ['hash-object', '--stdin', `--path=${file.path}`]
  const filtered = (await read(native.context, args, { input: file.content })).toString('latin1').trim()
  const { tree } = await native.store.commit(commit)
  return (await native.store.find(tree, file.path))?.oid === filtered
}

/** Runs `git commit` until it succeeds or there is a reason to stop; returns what it and its hooks said. */
async function runCommit(job: CommitJob): Promise<string> {
  const { native, request, paths } = job
  const verify = request.verify ? [] : ['--no-verify']
  // As little as possible: options and variables given here would reach the user's hooks.
  const args = [
    'commit',
    '--quiet',
    '--only',
    ...verify,
    '--cleanup=whitespace',
    '-F',
    '-',
    '--',
    ...paths.map(pathspec),
  ]
  for (;;) {
    const base = await assertUnmoved(job)
    if (native.context.signal?.aborted) throw interrupted(native.context.signal)
    const result = await runGit(native.context, args, { input: request.message, runsHooks: true })
    if (result.status === 0) return result.stderr
    if (result.status === null || native.context.signal?.aborted) throw interrupted(native.context.signal)
    const { commit } = await native.refs.head()
    if (commit !== base && !job.locks.isOver) continue
    if (isLocked(result, job.locks)) await waitForLock(job.locks)
    else throw await failure(job, result)
  }
}

/** Throws `unsupported` when anything is unmerged; most indexes tell that without starting git. */
async function lookAtIndex({ native, paths }: CommitJob): Promise<IndexScan | undefined> {
  const file = indexFile(native)
  const idLength = native.location.objectFormat === 'sha256' ? 32 : 20
  const scan = existsSync(file) ? scanIndex(await onDisk(file, () => readFile(file)), idLength, paths) : undefined
  if (scan === undefined || scan.hasUnmerged) await assertMerged(native)
  return scan
}

/** Tells the index about files that git does not know yet, and returns their paths. */
async function introduce(
  { native, paths, locks }: CommitJob,
  indexed?: ReadonlySet<string>,
): Promise<readonly string[]> {
  const known = indexed ?? new Set((await readIndex(native.context, paths)).map(({ path }) => path))
  const unknown = paths.filter((path) => !known.has(path))
  if (unknown.length === 0) return []
  await write(native.context, locks, ['add', '--intent-to-add', '--force', '--', ...unknown.map(pathspec)])
  return unknown
}

async function forget({ native, locks }: CommitJob, introduced: readonly string[]): Promise<void> {
  const changes = introduced.map((path) => ({ path, entry: undefined }))
  await updateIndex(native.context, locks, changes)
}

/** Status 1: a hook said no, or there is nothing to commit. 128: git itself could not. */
async function failure(job: CommitJob, result: RunResult): Promise<PromptctlError> {
  const { native, request, paths, blobs } = job
  assertIdle(native)
  if (result.status !== 1) {
    await Promise.all([readIdentity(native.context, 'AUTHOR'), readIdentity(native.context, 'COMMITTER')])
    return gitFailed(['commit'], result)
  }
  const { expected } = request
  const entries = expected === undefined ? [] : await native.store.entriesAt(expected, paths)
  const isSame = entries.length === paths.length && entries.every(({ path, blob }) => blobs.get(path) === blob)
  return isSame ? nothingToCommit(paths) : hookSaidNo(result.stderr + result.stdout.toString('utf8'))
}
