import { lstat, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, Oid, Repository } from '../registry/ports.js'
import { isMissing, onDisk } from './disk.js'
import { type Journal, type JournalFile, listScratches, scratchPid } from './journal.js'
import { currentProcess, fateOf } from './process-identity.js'
import { temporaryBeside } from './replace-file.js'
import { restoreFiles } from './work-tree-files.js'

/** What an engine can do beyond the port, to mend an index that a dead process left. */
export interface IndexRepair {
  /** Makes the index entries of `entries` equal these, and forgets those of `absent`. The work tree is not touched. */
  repairIndex(entries: readonly Entry[], absent: readonly string[]): Promise<void>
}

/**
 * Finishes what processes that died during a write left behind; to be called under the registry's lock, before anything
 * is read. Where HEAD holds what was written, the write stands; where the file still is what was written and HEAD does
 * not hold it, the original comes back; any other file is left alone. Returns the paths that were put back.
 */
export async function recover(repository: Repository & Partial<IndexRepair>): Promise<readonly string[]> {
  const restored: string[] = []
  for (const { dir, journal } of await listScratches(repository.gitDir)) {
    const owner = journal?.process ?? { ...currentProcess(), pid: scratchPid(dir), ticks: undefined }
    if (fateOf(owner) !== 'dead') continue
    if (journal !== undefined) restored.push(...(await recoverWrite(repository, dir, journal)))
    await onDisk(dir, () => rm(dir, { recursive: true, force: true }))
  }
  return restored
}

async function recoverWrite(repository: Repository & Partial<IndexRepair>, dir: string, journal: Journal) {
  const { workTree } = repository
  if (workTree === undefined) return []
  const paths = journal.files.map(({ path }) => path)
  const committed = await entriesAtHead(repository, paths)
  const isStanding = ({ path, written }: JournalFile): boolean => committed.get(path)?.blob === written
  const untouched: JournalFile[] = []
  for (const file of journal.files) {
    await onDisk(file.path, () => rm(temporaryBeside(join(workTree, file.path), dir), { force: true }))
    if ((await blobOnDisk(repository, join(workTree, file.path))) === file.written) untouched.push(file)
  }
  const undone = untouched.filter((file) => !isStanding(file))
  await restoreFiles(workTree, dir, journal, new Set(undone.map(({ path }) => path)))
  await repository.repairIndex?.(
    untouched.flatMap((file) => (isStanding(file) ? (committed.get(file.path) ?? []) : [])),
    undone.filter(({ path, original }) => original === null && !committed.has(path)).map(({ path }) => path),
  )
  return undone.map(({ path }) => path)
}

async function entriesAtHead(repository: Repository, paths: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
  const { commit } = await repository.head()
  const entries = commit === undefined ? [] : await repository.entriesAt(commit, paths)
  return new Map(entries.map((entry) => [entry.path, entry]))
}

/** The blob id of the bytes on disk, or undefined when there is no file. */
async function blobOnDisk(repository: Repository, file: string): Promise<Oid | undefined> {
  return onDisk(file, async () => {
    try {
      const isLink = (await lstat(file)).isSymbolicLink()
      return repository.blobId(isLink ? Buffer.from(await readlink(file)) : await readFile(file))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  })
}
