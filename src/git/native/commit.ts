import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import type { CommitRequest, CommitResult } from '../../registry/ports.js'
import { GitLockWait, gitLockPaths } from '../git-lock.js'
import { interrupted } from '../interrupted.js'
import { otherBranch } from '../other-branch.js'
import { commitToBare } from './bare-commit.js'
import { assertIdle, type CommitJob, moved } from './commit-job.js'
import type { Native } from './native.js'
import { actingAs } from './people.js'
import { commitByParts } from './plumbing-commit.js'
import { commitWithGit } from './porcelain-commit.js'
import { MAX_PATHSPECS, PLAIN_PATHSPECS } from './process.js'
import { withScratch } from './scratch.js'

/** Repository.commit; see registry/ports.ts. */
export async function commitFiles(unnamed: Native, request: CommitRequest): Promise<CommitResult> {
  const native = await actingAs(unnamed, request.author)
  const { workTree } = native.location
  if (workTree === undefined) return commitToBare(native, request)
  const branch = await assertReady(native, request)
  const locks = new GitLockWait(gitLockPaths(native.location, branch))
  await locks.wait()
  const outcome = await withScratch(native, (scratch) => {
    const job = createJob(native, request, { workTree, branch, locks, scratch })
    return needsParts(job) ? commitByParts(job) : commitWithGit(job)
  })
  if (outcome !== 'filtered') return outcome
  return withScratch(native, (scratch) =>
    commitByParts(createJob(native, request, { workTree, branch, locks, scratch })),
  )
}

/** The work tree's top; a bare repository is refused with `unsupported`. */
export function workTreeOf({ location }: Native): string {
  if (location.workTree !== undefined) return location.workTree
  throw new PromptctlError('unsupported', `${location.gitDir} has no work tree, so nothing can be written there`, {
    hint: 'Use a clone of it.',
  })
}

async function assertReady(native: Native, { expected, branch }: CommitRequest): Promise<string> {
  if (native.context.signal?.aborted) throw interrupted(native.context.signal)
  const head = await native.refs.head()
  assertIdle(native)
  if (head.branch === undefined) {
    throw new PromptctlError('unsupported', 'HEAD is detached, so a commit would be on no branch', {
      hint: 'Check out a branch first: git switch main.',
    })
  }
  if (branch !== undefined && branch !== head.branch) throw otherBranch(head.branch, branch)
  if (head.commit !== expected) throw moved(expected, head.commit, [])
  return head.branch
}

type Where = Pick<CommitJob, 'workTree' | 'branch' | 'locks' | 'scratch'>

function createJob(native: Native, request: CommitRequest, where: Where): CommitJob {
  const paths = request.files.map(({ path }) => path)
  const blobs = new Map(request.files.map(({ path, content }) => [path, native.blobId(content)]))
  return { native, request, paths, blobs, ...where }
}

/**
 * Whether `git commit --only` is not enough: see commitByParts. A sparse checkout hides files from it, and an environment
 * that says how pathspecs are read is the hooks', too.
 */
function needsParts({ native, request }: CommitJob): boolean {
  if (request.files.length > MAX_PATHSPECS || (request.keepEdits?.length ?? 0) > 0) return true
  if (existsSync(join(native.location.gitDir, 'info/sparse-checkout'))) return true
  if (Object.keys(PLAIN_PATHSPECS).some((name) => native.context.env[name])) return true
  return request.files.some(({ content }) => mayBeFiltered(content))
}

/** Bytes that git's own conversions touch: line ends, and the `$Id$` keyword. Other filters show when the commit is read. */
function mayBeFiltered(content: Uint8Array): boolean {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return bytes.includes(0x0d) || bytes.includes('$Id')
}
