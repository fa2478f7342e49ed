import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import type { CommitRequest, Oid } from '../../registry/ports.js'
import { isMissing } from '../disk.js'
import type { GitLockWait } from '../git-lock.js'
import type { Scratch } from '../journal.js'
import { inParallel } from '../parallel.js'
import { unmergedPaths } from './index-status.js'
import type { Native } from './native.js'
import { findOperation } from './operation.js'

/** One commit that is being made. */
export interface CommitJob {
  readonly native: Native
  readonly request: CommitRequest
  readonly workTree: string
  /** Short name. */
  readonly branch: string
  readonly paths: readonly string[]
  /** The blob ids that the commit shall have, by path. */
  readonly blobs: ReadonlyMap<string, Oid>
  readonly scratch: Scratch
  readonly locks: GitLockWait
}

/** The index file of this work tree, or the one that the environment names. */
export const indexFile = ({ location, context }: Native): string =>
  join(...(context.env['GIT_INDEX_FILE'] ? resolveFrom(context) : [location.gitDir, 'index']))

const resolveFrom = ({ cwd, env }: Native['context']): [string, ...string[]] => {
  const file = env['GIT_INDEX_FILE'] ?? ''
  return file.startsWith('/') ? [file] : [cwd, file]
}

/** Refuses a repository that is in the middle of something, with `unsupported`. */
export function assertIdle(native: Native): void {
  const operation = findOperation(native.location.gitDir)
  if (operation === undefined || operation === 'bisect') return
  throw new PromptctlError('unsupported', `A ${operation} is under way in this repository`, {
    hint:
      operation === 'merge'
        ? 'Finish it with git commit (promptctl publish --stage resolves a prompt), or give it up with git merge --abort.'
        : `Finish it with git ${operation} --continue, or give it up with git ${operation} --abort.`,
    details: { operation },
  })
}

export async function assertMerged(native: Native): Promise<void> {
  const paths = await unmergedPaths(native.context)
  if (paths.length === 0) return
  throw new PromptctlError('unsupported', `Unmerged in the index: ${paths.slice(0, 5).join(', ')}`, {
    hint: 'Resolve the conflict and git add the result, then try again.',
    details: { paths },
  })
}

/**
 * Returns the commit that HEAD is at now. Throws `conflict` when it is on another branch, or has moved from the expected
 * commit and one of the job's files with it.
 */
export async function assertUnmoved({ native, request, branch, paths }: CommitJob): Promise<Oid | undefined> {
  const head = await native.refs.head()
  if (head.branch !== branch) throw moved(request.expected, head.commit, [])
  if (head.commit === request.expected) return head.commit
  const touched = await changedBetween(native, request.expected, head.commit, paths)
  if (touched.length > 0) throw moved(request.expected, head.commit, touched)
  return head.commit
}

/** Which of `paths` differ between two commits; undefined is one without files. */
export async function changedBetween(
  { store }: Native,
  before: Oid | undefined,
  after: Oid | undefined,
  paths: readonly string[],
): Promise<readonly string[]> {
  const [old, young] = await Promise.all(
    [before, after].map(async (commit) => {
      const entries = commit === undefined ? [] : await store.entriesAt(commit, paths)
      return new Map(entries.map(({ path, blob, mode }) => [path, `${mode} ${blob}`]))
    }),
  )
  return paths.filter((path) => old?.get(path) !== young?.get(path))
}

export function moved(expected: Oid | undefined, actual: Oid | undefined, paths: readonly string[]): PromptctlError {
  const where = paths.length === 0 ? '' : `, and changed ${paths.slice(0, 5).join(', ')}`
  return new PromptctlError('conflict', `The branch moved from ${name(expected)} to ${name(actual)}${where}`, {
    hint: 'Look at what changed, and try again.',
    details: { reason: 'head_moved', expected: expected ?? null, actual: actual ?? null, paths },
  })
}

const name = (commit: Oid | undefined): string => commit?.slice(0, 10) ?? 'no commit'

export const nothingToCommit = (paths: readonly string[]): PromptctlError =>
  new PromptctlError('conflict', `Nothing to commit: HEAD has these files already (${paths.slice(0, 5).join(', ')})`, {
    details: { paths },
  })

/** Which files of the work tree no longer hold what was written to them. */
export async function rewrittenFiles(
  { native, workTree, blobs }: CommitJob,
  paths: readonly string[],
): Promise<readonly string[]> {
  const checks = await inParallel(paths, async (path) => {
    try {
      return native.blobId(await readFile(join(workTree, path))) === blobs.get(path) ? [] : [path]
    } catch (error) {
      if (isMissing(error)) return [path]
      throw error
    }
  })
  return checks.flat()
}

/** The failure for a hook that changed what was to be committed; nothing of it stands. */
export const changedOnTheWay = (paths: readonly string[], output: string): PromptctlError =>
  new PromptctlError('rejected', `A hook changed ${paths.slice(0, 5).join(', ')} on the way; the commit was undone`, {
    hint: 'Exclude prompt files from hooks that rewrite files, or use --no-verify.',
    details: { paths, output },
  })
