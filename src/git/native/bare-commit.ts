import { PromptctlError } from '../../core/errors.js'
import type { CommitRequest, CommitResult, Oid } from '../../registry/ports.js'
import { GitLockWait, gitLockPaths } from '../git-lock.js'
import { interrupted } from '../interrupted.js'
import { pushedOnly } from '../pushed-only.js'
import { assertIdle, moved, nothingToCommit } from './commit-job.js'
import { readFlag } from './config.js'
import { distance } from './history.js'
import { readIdentity } from './identity.js'
import { updateIndex, write } from './index-write.js'
import type { Native } from './native.js'
import { gitFailed, runGit } from './process.js'
import { withScratch } from './scratch.js'
import { storeBlobs } from './store-blobs.js'

/** One commit that is being made on a branch whose files are nowhere. */
interface BareJob {
  readonly native: Native
  readonly request: CommitRequest
  /** Short name. */
  readonly branch: string
  readonly blobs: ReadonlyMap<string, Oid>
  readonly locks: GitLockWait
}

/** Repository.commit where there is no work tree: an index for the moment, and the branch moved by compare-and-swap. */
export async function commitToBare(native: Native, request: CommitRequest): Promise<CommitResult> {
  if (native.context.signal?.aborted) throw interrupted(native.context.signal)
  assertIdle(native)
  const { context } = native
  await Promise.all([readIdentity(context, 'AUTHOR'), readIdentity(context, 'COMMITTER')])
  const branch = await bareBranch(native, request.branch)
  const at = await native.refs.readRef(`refs/heads/${branch}`)
  if (at !== request.expected) throw moved(request.expected, at, [])
  const locks = new GitLockWait(gitLockPaths(native.location, branch))
  const blobs = new Map(request.files.map(({ path, content }) => [path, native.blobId(content)]))
  const job: BareJob = { native, request, branch, blobs, locks }
  const commit = await withScratch(native, async (scratch) => {
    await storeBlobs(native, locks, scratch, request.files)
    return createCommit(job, await buildTree(job, scratch.path('index')))
  })
  if (native.context.signal?.aborted) throw interrupted(native.context.signal)
  await request.confirm?.(commit)
  await moveBranch(job, commit).catch((error: unknown) => {
    throw request.confirm === undefined ? error : pushedOnly(commit, error)
  })
  return { commit, parent: request.expected, blobs }
}

/** The branch that is meant in a bare repository: the one with that name, or HEAD's. */
export async function bareBranch({ refs }: Native, name: string | undefined): Promise<string> {
  const branch = name ?? (await refs.head()).branch
  if (branch !== undefined) return branch
  throw new PromptctlError('unsupported', 'HEAD is detached, so a commit would be on no branch', {
    hint: 'git symbolic-ref HEAD refs/heads/main puts it on one.',
  })
}

async function buildTree({ native, request, blobs, locks }: BareJob, index: string): Promise<Oid> {
  const { expected, files } = request
  const { context, store } = native
  const env = { GIT_INDEX_FILE: index }
  const paths = files.map(({ path }) => path)
  const before = expected === undefined ? [] : await store.entriesAt(expected, paths)
  const executable = new Set(before.filter(({ mode }) => mode === '100755').map(({ path }) => path))
  await write(context, locks, ['read-tree', expected ?? '--empty'], { env })
  const entries = paths.map((path) => ({
    path,
    entry: { mode: executable.has(path) ? '100755' : '100644', blob: blobs.get(path) ?? '' },
  }))
  await updateIndex(context, locks, entries, env)
  const tree = (await write(context, locks, ['write-tree'], { env })).toString('latin1').trim() as Oid
  if (expected !== undefined && tree === (await store.commit(expected)).tree) throw nothingToCommit(paths)
  return tree
}

async function createCommit({ native, request, locks }: BareJob, tree: Oid): Promise<Oid> {
  const { context } = native
  const message = await write(context, locks, ['stripspace'], { input: Buffer.from(request.message) })
  const signing = (await readFlag(context, 'commit.gpgSign')) ? ['-S'] : []
  const parents = request.expected === undefined ? [] : ['-p', request.expected]
  const args = ['commit-tree', ...signing, ...parents, '-F', '-', tree]
  return (await write(context, locks, args, { input: message })).toString('latin1').trim() as Oid
}

async function moveBranch({ native, request, branch, locks }: BareJob, commit: Oid): Promise<void> {
  const { expected, message } = request
  const kind = expected === undefined ? 'commit (initial)' : 'commit'
  await moveBare(native, { branch, from: expected, to: commit, reason: `${kind}: ${message.split('\n', 1)[0]}`, locks })
}

interface BareMove {
  readonly branch: string
  readonly from: Oid | undefined
  readonly to: Oid
  readonly reason: string
  readonly locks: GitLockWait
}

/**
 * Moves a branch of a bare repository, with a reflog entry: git keeps none there by itself, and who looks for what
 * happened finds it. Whoever moved it beyond `to` meanwhile (a push, or a fetch of what was pushed) did the work.
 */
export async function moveBare(native: Native, { branch, from, to, reason, locks }: BareMove): Promise<void> {
  const ref = `refs/heads/${branch}`
  const args = ['update-ref', '--create-reflog', '-m', reason, ref, to, from ?? '0'.repeat(to.length)]
  for (;;) {
    const result = await runGit(native.context, args)
    if (result.status === 0) return
    const now = await native.refs.readRef(ref)
    if (now !== from) {
      if (now !== undefined && (await distance(native.context, to, now)) !== undefined) return
      throw moved(from, now, [])
    }
    if (locks.isOver || locks.present() === undefined) throw gitFailed(args, result)
    await locks.pause()
  }
}
