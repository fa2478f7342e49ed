import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Oid } from '../../registry/ports.js'
import { type BytePath, fromBytePath, toBytePath } from './byte-path.js'
import { readIfThere } from './disk.js'
import { statFile } from './file-stat.js'
import {
  createEntry,
  EMPTY_INDEX,
  formatIndex,
  type Index,
  type IndexEntry,
  parseIndex,
  replaceEntries,
  smudge,
} from './index-file.js'
import type { IndexChange } from './land.js'
import { objectId } from './objects.js'
import { assertWritableIndex } from './refusals.js'
import { contentOf } from './status.js'

/** The index as it was read. */
export interface ReadIndex {
  readonly path: string
  readonly bytes: Buffer | undefined
  readonly index: Index
  /** Whole seconds since the epoch. */
  readonly writtenAt: number
}

/** Reads the index; where there is none it is empty. Throws `unavailable`. */
export function readIndex(path: string): ReadIndex {
  const stats = statSync(path, { throwIfNoEntry: false })
  const bytes = readIfThere(path)
  const index = bytes === undefined ? EMPTY_INDEX : parseIndex(bytes, path)
  return { path, bytes, index, writtenAt: Math.floor((stats?.mtimeMs ?? 0) / 1000) }
}

/** A file that the index is to hold. */
export interface StagedFile {
  readonly path: string
  readonly blob: Oid
  /** False when the work tree has something else there, which git must find out by itself. */
  readonly isOnDisk: boolean
}

/** Plans the index with `files` in it and without `absent`. Throws `unsupported` for an index that cannot be written. */
export function planIndex(
  { path, bytes, index, writtenAt }: ReadIndex,
  workTree: string,
  files: readonly StagedFile[],
  absent: readonly string[] = [],
): IndexChange {
  assertWritableIndex(index)
  const old = new Map<BytePath, IndexEntry>(index.entries.map((entry) => [entry.path, entry]))
  const added = files.map((file) => entryOf(file, workTree, old.get(toBytePath(file.path))?.mode))
  const gone = new Set<BytePath>(absent.map(toBytePath))
  const changed = new Set<BytePath>([...gone, ...added.map((entry) => entry.path)])
  const others = index.entries.filter((entry) => !changed.has(entry.path))
  const kept = others.map((entry) => (isHiddenChange(entry, workTree, writtenAt) ? smudge(entry) : entry))
  return { path, before: bytes, after: formatIndex({ ...index, entries: replaceEntries(kept, added) }) }
}

function entryOf({ path, blob, isOnDisk }: StagedFile, workTree: string, mode: string | undefined): IndexEntry {
  const stat = isOnDisk ? statFile(join(workTree, path))?.stat : undefined
  return createEntry(toBytePath(path), mode === '100755' ? mode : '100644', blob, stat)
}

/**
 * A file that was changed in the second in which the index was written looks unchanged once the index is written again,
 * later. git marks such entries when it writes (https://git-scm.com/docs/racy-git), and so must we.
 */
function isHiddenChange(entry: IndexEntry, workTree: string, writtenAt: number): boolean {
  if (entry.stage !== 0 || entry.stat.mtime < writtenAt || entry.stat.size === 0) return false
  const path = fromBytePath(entry.path)
  const file = statFile(join(workTree, path))
  if (file === undefined || file.kind === 'folder' || file.kind === 'other') return false
  // Most builds of git compare whole seconds; another size is found out whatever the times.
  if (file.stat.size !== entry.stat.size) return false
  return objectId('blob', contentOf(workTree, path, file)) !== entry.oid
}
