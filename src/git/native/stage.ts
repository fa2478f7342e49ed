import type { Entry, FileWrite } from '../../registry/ports.js'
import { GitLockWait, gitLockPaths } from '../git-lock.js'
import { writeWorkTreeFiles } from '../work-tree-files.js'
import { workTreeOf } from './commit.js'
import { isEmptyBlob, readIndex } from './index-status.js'
import { refreshIndex, updateIndex } from './index-write.js'
import type { Native } from './native.js'
import { withScratch } from './scratch.js'
import { storeBlobs } from './store-blobs.js'

/** Repository.stage; see registry/ports.ts. The index gets the exact bytes, and a conflict over a file is resolved. */
export async function stageFiles(native: Native, files: readonly FileWrite[]): Promise<void> {
  const workTree = workTreeOf(native)
  const locks = new GitLockWait(gitLockPaths(native.location, undefined))
  await locks.wait()
  await withScratch(native, async (scratch) => {
    const pending = await writeWorkTreeFiles({ ...native, workTree, scratch, files })
    try {
      await storeBlobs(native, locks, scratch, files)
      const modes = new Map((await readIndex(native.context, pathsOf(files))).map(({ path, mode }) => [path, mode]))
      const entries = files.map(({ path, content }) => ({
        path,
        entry: { mode: modes.get(path) === '100755' ? '100755' : '100644', blob: native.blobId(content) },
      }))
      await updateIndex(native.context, locks, entries)
      pending.keep()
    } catch (error) {
      if (!pending.isSettled) await pending.restore()
      throw error
    }
    await refreshIndex(native.context, pathsOf(files))
  })
}

/** IndexRepair.repairIndex; see git/recover.ts. */
export async function repairIndex(native: Native, entries: readonly Entry[], absent: readonly string[]): Promise<void> {
  const paths = [...entries.map(({ path }) => path), ...absent]
  if (paths.length === 0) return
  const indexed = new Map((await readIndex(native.context, paths)).map((entry) => [entry.path, entry]))
  const stale = entries.filter(({ path, blob }) => indexed.get(path)?.blob !== blob)
  const intended = absent.filter((path) => isEmptyBlob(indexed.get(path)?.blob ?? ''))
  const changes = [
    ...stale.map(({ path, mode, blob }) => ({ path, entry: { mode, blob } })),
    ...intended.map((path) => ({ path, entry: undefined })),
  ]
  await updateIndex(native.context, new GitLockWait(gitLockPaths(native.location, undefined)), changes)
}

const pathsOf = (files: readonly FileWrite[]): string[] => files.map(({ path }) => path)
