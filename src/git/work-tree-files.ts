import type { Stats } from 'node:fs'
import { copyFile, link, readFile, readlink, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import type { FileWrite, Oid } from '../registry/ports.js'
import { hasCode, isMissing, makeFolder, onDisk } from './disk.js'
import { type Journal, type Original, type Scratch, writeJournal } from './journal.js'
import { inParallel } from './parallel.js'
import { modeOf, moveInto, statOf, writeSynced } from './replace-file.js'
import { assertRealFolders, missingFolders, removeIfEmpty } from './work-tree-folders.js'

/** Files of the work tree that hold what a commit will, until it is known whether the commit is made. */
export interface PendingFiles {
  /** False while the journal is needed: nothing was decided yet, or putting the files back failed. */
  readonly isSettled: boolean
  /** Puts the files back as they were, also those that a hook has changed; all, or only `paths`. */
  restore(paths?: ReadonlySet<string>): Promise<void>
  /** The paths whose files hold what was written: nobody has changed them since. */
  untouched(): Promise<ReadonlySet<string>>
  /** What was written stands. */
  keep(): void
}

export interface WriteOptions {
  readonly workTree: string
  /** Where the journal and the temporary files are; it goes away with the caller's `scratch.remove()`. */
  readonly scratch: Scratch
  readonly files: readonly FileWrite[]
  blobId(content: Uint8Array): Oid
}

/**
 * Writes files to the work tree so that each is whole at every moment: a temporary file in the git directory, synced,
 * then renamed. A journal of the originals is on the disk before the first one changes (see `recover`). When one cannot
 * be written the others are put back, and the failure is `unavailable` with the system's words.
 */
export async function writeWorkTreeFiles({ workTree, scratch, files, blobId }: WriteOptions): Promise<PendingFiles> {
  await assertRealFolders(workTree, files)
  const seen = await inParallel(files, ({ path }) => statOf(join(workTree, path)))
  const journal: Journal = {
    ...scratch.journal,
    folders: await missingFolders(workTree, files),
    files: await inParallel(files, async ({ path, content }, index) => ({
      path,
      written: blobId(content),
      original: await keepOriginal(join(workTree, path), scratch.path(`original-${index}`)),
    })),
  }
  await onDisk(scratch.dir, () => writeJournal(scratch.dir, journal))
  const pending = new JournalledFiles(workTree, scratch, journal, blobId)
  const changed = new Set<string>()
  try {
    await inParallel(files, async (file, index) => {
      await writeOne(workTree, scratch, file, { index, seen: seen[index] })
      changed.add(file.path)
    })
  } catch (error) {
    await pending.restore(changed)
    throw error
  }
  return pending
}

class JournalledFiles implements PendingFiles {
  readonly #workTree: string
  readonly #scratch: Scratch
  readonly #journal: Journal
  readonly #blobId: WriteOptions['blobId']

  constructor(workTree: string, scratch: Scratch, journal: Journal, blobId: WriteOptions['blobId']) {
    this.#blobId = blobId
    this.#workTree = workTree
    this.#scratch = scratch
    this.#journal = journal
    scratch.isNeeded = true
  }

  get isSettled(): boolean {
    return !this.#scratch.isNeeded
  }

  async restore(paths?: ReadonlySet<string>): Promise<void> {
    await restoreFiles(this.#workTree, this.#scratch.dir, this.#journal, paths)
    this.#scratch.isNeeded = false
  }

  async untouched(): Promise<ReadonlySet<string>> {
    const found = await inParallel(this.#journal.files, async ({ path, written }) => {
      const content = await onDisk(path, () => readFile(join(this.#workTree, path)).catch(nothingWhenMissing))
      return content !== undefined && this.#blobId(content) === written ? [path] : []
    })
    return new Set(found.flat())
  }

  keep(): void {
    this.#scratch.isNeeded = false
  }
}

function nothingWhenMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

/** Puts back what a journal holds, and removes the folders that were made for it when they are empty. */
export async function restoreFiles(
  workTree: string,
  scratchDir: string,
  journal: Journal,
  paths?: ReadonlySet<string>,
): Promise<void> {
  const chosen = journal.files.filter(({ path }) => paths === undefined || paths.has(path))
  await inParallel(chosen, ({ path, original }) =>
    onDisk(path, () => restoreOne(join(workTree, path), scratchDir, original)),
  )
  for (const folder of [...journal.folders].reverse()) await removeIfEmpty(join(workTree, folder))
}

async function writeOne(
  workTree: string,
  scratch: Scratch,
  { path, content }: FileWrite,
  { index, seen }: { index: number; seen: Stats | undefined },
): Promise<void> {
  const target = join(workTree, path)
  await onDisk(path, async () => {
    makeFolder(dirname(target))
    const temporary = scratch.path(`new-${index}`)
    await writeSynced(temporary, content, await modeOf(target))
    if (!isSameFile(seen, await statOf(target))) throw changedMeanwhile(path)
    await moveInto(temporary, target, scratch.dir)
  })
}

const isSameFile = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a?.ino === b?.ino && a?.mtimeMs === b?.mtimeMs && a?.size === b?.size

/** Somebody saved or committed the file after it was read: the plan is made again, as when the branch has moved. */
const changedMeanwhile = (path: string): PromptctlError =>
  new PromptctlError('conflict', `${path} was changed while it was being written; nothing was committed`, {
    hint: 'Look at what changed, and try again.',
    details: { reason: 'head_moved', paths: [path] },
  })

async function restoreOne(target: string, scratchDir: string, original: Original | null): Promise<void> {
  if (original === null) return rm(target, { force: true })
  makeFolder(dirname(target))
  if ('kept' in original) return moveInto(join(scratchDir, original.kept), target, scratchDir)
  await rm(target, { force: true })
  await symlink(original.link, target)
}

/** Keeps a file under a second name: as it is where the file system can link, else as a copy. */
async function keepOriginal(file: string, kept: string): Promise<Original | null> {
  const stat = await statOf(file)
  if (stat === undefined) return null
  return onDisk(file, async () => {
    if (stat.isSymbolicLink()) return { link: await readlink(file) }
    if (!stat.isFile()) throw new PromptctlError('unsupported', `${file} is not a file`, { details: { path: file } })
    await link(file, kept).catch(async (error: unknown) => {
      if (!hasCode(error, 'EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK')) throw error
      await copyFile(file, kept)
    })
    return { kept: basename(kept) }
  })
}
