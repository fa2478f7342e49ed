import { type GitLockWait, gitLockError } from '../git-lock.js'
import {
  type GitContext,
  gitFailed,
  MAX_PATHSPECS,
  PLAIN_PATHSPECS,
  type ProcessEnv,
  pathspec,
  type RunOptions,
  type RunResult,
  runGit,
} from './process.js'

/** What an index entry shall be; undefined removes it. */
export interface IndexChange {
  readonly path: string
  readonly entry: { readonly mode: string; readonly blob: string } | undefined
}

/**
 * Runs a git that writes. While another process holds one of git's locks it is tried again, for as long as `locks` has
 * patience; then the failure is `unavailable` and names the lock. Any other failure is `unavailable` in git's words.
 */
export async function write(
  context: GitContext,
  locks: GitLockWait,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> {
  for (;;) {
    const result = await runGit(context, args, { ...options, env: { ...PLAIN_PATHSPECS, ...options.env } })
    if (result.status === 0) return result.stdout
    if (!isLocked(result, locks)) throw gitFailed(args, result)
    await waitForLock(locks)
  }
}

/** The system's words, and git's, for what no patience helps against; git then names the lock file that it could not write. */
const DISK_SAYS_NO =
  /No space left on device|Out of diskspace|couldn't write|Disk quota exceeded|Read-only file system|Permission denied|Input\/output error/

/**
 * Whether a git failed because another process held a lock. One that is gone by now is worth another try as long as
 * there is patience. The path of a lock is the same in every language.
 */
export function isLocked({ status, stderr }: RunResult, locks: GitLockWait): boolean {
  if (status !== 128) return false
  if (locks.present() !== undefined) return true
  return !locks.isOver && /\.lock['"»”]/.test(stderr) && !DISK_SAYS_NO.test(stderr)
}

/** Returns when it is worth trying again; throws `unavailable` naming the lock when patience is at its end. */
export async function waitForLock(locks: GitLockWait): Promise<void> {
  const present = locks.present()
  if (locks.isOver && present !== undefined) throw gitLockError(present)
  await locks.pause()
  await locks.wait()
}

/** Sets entries of the index (or of another index file) without looking at the work tree. */
export async function updateIndex(
  context: GitContext,
  locks: GitLockWait,
  changes: readonly IndexChange[],
  env: ProcessEnv = {},
): Promise<void> {
  if (changes.length === 0) return
  const input = changes
    .map(({ path, entry }) => `${entry?.mode ?? 0} ${entry?.blob ?? '0'.repeat(40)}\t${path}\0`)
    .join('')
  await write(context, locks, ['update-index', '-z', '--index-info'], { input, env })
}

/**
 * Brings the times and sizes that the index remembers up to date, so that git need not read the files again. Each path is
 * in the index.
 */
export async function refreshIndex(context: GitContext, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  // What it cannot refresh it says by its status, and the next git status looks again: nothing depends on it.
  const isFew = paths.length <= MAX_PATHSPECS
  const args = isFew ? ['add', '--refresh', '--', ...paths.map(pathspec)] : ['update-index', '-q', '--refresh']
  await runGit(context, args, { env: PLAIN_PATHSPECS })
}
