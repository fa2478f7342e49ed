import { writeFile } from 'node:fs/promises'
import { PromptctlError } from '../../core/errors.js'
import type { FileWrite } from '../../registry/ports.js'
import { onDisk } from '../disk.js'
import type { GitLockWait } from '../git-lock.js'
import type { Scratch } from '../journal.js'
import { inParallel } from '../parallel.js'
import { write } from './index-write.js'
import type { Native } from './native.js'

/** Writes blobs with exactly these bytes, whatever filters the repository has: one process for all of them. */
export async function storeBlobs(
  native: Native,
  locks: GitLockWait,
  scratch: Scratch,
  files: readonly FileWrite[],
): Promise<void> {
  const sources = await inParallel(files, async ({ content }, index) => {
    const source = scratch.path(`blob-${index}`)
    await onDisk(source, () => writeFile(source, content))
    return source
  })
  const input = sources.map((source) => `${source}\n`).join('')
  const answer = await write(native.context, locks, ['hash-object', '-w', '--no-filters', '--stdin-paths'], { input })
  const stored = answer.toString('latin1').trimEnd().split('\n')
  if (files.every(({ content }, index) => native.blobId(content) === stored[index])) return
  throw new PromptctlError('unavailable', 'git stored other bytes than it was given')
}
