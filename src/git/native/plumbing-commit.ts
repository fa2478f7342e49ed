import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitResult, FileWrite, Oid } from '../../registry/ports.js'
import { isMissing } from '../disk.js'
import { interrupted } from '../interrupted.js'
import { type PendingFiles, writeWorkTreeFiles } from '../work-tree-files.js'
import {
  assertMerged,
  type CommitJob,
  changedOnTheWay,
  indexFile,
  moved,
  nothingToCommit,
  rewrittenFiles,
} from './commit-job.js'
import { readFlag } from './config.js'
import { confirmOrUndo } from './confirm.js'
import { runHook } from './hooks.js'
import { readIdentity } from './identity.js'
import { isLocked, refreshIndex, updateIndex, waitForLock, write } from './index-write.js'
import type { Native } from './native.js'
import { gitFailed, runGit } from './process.js'
import { storeBlobs } from './store-blobs.js'
import { keepIndex, restoreFiles, undoCommit } from './undo.js'

/**
 * Makes the commit out of its parts, where `git commit` would not store the exact bytes or would not leave the work tree
 * alone: a temporary index made from HEAD, the same hooks, and the branch moved by compare-and-swap.
 */
export async function commitByParts(job: CommitJob): Promise<CommitResult> {
  const { native, request, workTree, scratch } = job
  const kept = new Set(request.keepEdits)
  const written = request.files.filter(({ path }) => !kept.has(path))
  await assertMerged(native)
  await Promise.all([readIdentity(native.context, 'AUTHOR'), readIdentity(native.context, 'COMMITTER')])
  const pending = await writeWorkTreeFiles({ ...native, workTree, scratch, files: written })
  try {
    await keepIndex(job)
    await storeBlobs(native, job.locks, scratch, request.files)
    const tree = await buildTree(job, written)
    const commit = await createCommit(job, tree)
    await moveBranch(job, commit)
    await settleIndex(job, commit, written, pending)
    await confirmOrUndo(job, { commit, parent: request.expected, altered: [], overtaken: [] }, pending)
    pending.keep()
    await runPostCommit(native)
    return { commit, parent: request.expected, blobs: job.blobs }
  } catch (error) {
    if (!pending.isSettled) await restoreFiles(job, pending)
    throw error
  }
}

const temporaryIndex = ({ scratch }: CommitJob): { GIT_INDEX_FILE: string } => ({
  GIT_INDEX_FILE: scratch.path('index'),
})

/** The tree of HEAD with our files, after the pre-commit hook has seen it in an index of its own. */
async function buildTree(job: CommitJob, written: readonly FileWrite[]): Promise<Oid> {
  const { native, request, locks, paths } = job
  const env = temporaryIndex(job)
  await copyIndex(native, env.GIT_INDEX_FILE)
  const base = request.expected === undefined ? ['--empty'] : ['--reset', request.expected]
  await write(native.context, locks, ['read-tree', ...base], { env })
  await updateIndex(native.context, locks, await plannedEntries(job), env)
  if (request.verify) await runHook(native.context, 'pre-commit', [], { ...env, GIT_EDITOR: ':' })
  const tree = (await write(native.context, locks, ['write-tree'], { env })).toString('latin1').trim() as Oid
  const before = request.expected === undefined ? undefined : (await native.store.commit(request.expected)).tree
  if (tree === before) throw nothingToCommit(paths)
  await assertAsPlanned(job, before, tree, written)
  return tree
}

async function plannedEntries({ native, request, blobs }: CommitJob) {
  const { expected, files } = request
  const paths = files.map(({ path }) => path)
  const entries = expected === undefined ? [] : await native.store.entriesAt(expected, paths)
  const executable = new Set(entries.filter(({ mode }) => mode === '100755').map(({ path }) => path))
  return paths.map((path) => ({
    path,
    entry: { mode: executable.has(path) ? '100755' : '100644', blob: blobs.get(path) ?? '' },
  }))
}

async function assertAsPlanned(job: CommitJob, before: Oid | undefined, tree: Oid, written: readonly FileWrite[]) {
  const { native, paths, blobs } = job
  const found = new Map((await native.store.entries(tree, paths)).map(({ path, blob }) => [path, blob]))
  const ours = new Set(paths)
  const changed = [
    ...paths.filter((path) => found.get(path) !== blobs.get(path)),
    ...(await native.store.changedPaths(before, tree)).filter((path) => !ours.has(path)),
    ...(await rewrittenFiles(
      job,
      written.map(({ path }) => path),
    )),
  ]
  if (changed.length > 0) throw changedOnTheWay(changed, '')
}

async function createCommit(job: CommitJob, tree: Oid): Promise<Oid> {
  const { native, request, locks } = job
  const message = await settleMessage(job)
  const signing = (await readFlag(native.context, 'commit.gpgSign')) ? ['-S'] : []
  const parents = request.expected === undefined ? [] : ['-p', request.expected]
  const args = ['commit-tree', ...signing, ...parents, '-F', message, tree]
  return (await write(native.context, locks, args)).toString('latin1').trim() as Oid
}

/** The file that holds the message, after the hooks that may change it. It has the name that hooks know. */
async function settleMessage(job: CommitJob): Promise<string> {
  const { native, request } = job
  const file = join(native.location.gitDir, 'COMMIT_EDITMSG')
  const env = { ...temporaryIndex(job), GIT_EDITOR: ':' }
  await writeFile(file, await stripSpace(job, Buffer.from(request.message)))
  await runHook(native.context, 'prepare-commit-msg', [file, 'message'], env)
  if (request.verify) await runHook(native.context, 'commit-msg', [file], env)
  const final = job.scratch.path('message')
  await writeFile(final, await stripSpace(job, await readFile(file)))
  return final
}

const stripSpace = ({ native, locks }: CommitJob, input: Uint8Array): Promise<Buffer> =>
  write(native.context, locks, ['stripspace'], { input })

async function moveBranch({ native, request, branch, locks, paths }: CommitJob, commit: Oid): Promise<void> {
  const { expected, message } = request
  const kind = expected === undefined ? 'commit (initial)' : 'commit'
  const old = expected ?? '0'.repeat(commit.length)
  const args = ['update-ref', '-m', `${kind}: ${message.split('\n', 1)[0]}`, `refs/heads/${branch}`, commit, old]
  for (;;) {
    if (native.context.signal?.aborted) throw interrupted(native.context.signal)
    const result = await runGit(native.context, args)
    if (result.status === 0) return
    const head = await native.refs.head()
    if (head.commit !== expected || head.branch !== branch) throw moved(expected, head.commit, paths)
    if (!isLocked(result, locks)) throw gitFailed(args, result)
    await waitForLock(locks)
  }
}

/** The index follows the branch, and nothing but our entries changes in it. */
async function settleIndex(job: CommitJob, commit: Oid, written: readonly FileWrite[], pending: PendingFiles) {
  const { native, request, locks } = job
  try {
    await updateIndex(native.context, locks, await plannedEntries(job))
  } catch (error) {
    await undoCommit(job, { commit, parent: request.expected, altered: [], overtaken: [] }, pending)
    throw error
  }
  if (written.length > 0)
    await refreshIndex(
      native.context,
      written.map(({ path }) => path),
    )
}

/** What it answers changes nothing any more; git itself only passes its output on. */
async function runPostCommit({ context }: Native): Promise<void> {
  await runGit(context, ['hook', 'run', '--ignore-missing', 'post-commit'], { runsHooks: true })
}

/** The user's index as a start keeps what git knows about files that are not ours. */
async function copyIndex(native: Native, target: string): Promise<void> {
  try {
    await copyFile(indexFile(native), target)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
