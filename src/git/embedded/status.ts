import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { compareBytes } from '../../core/paths.js'
import type { Entry, FileStatus } from '../../registry/ports.js'
import { diskError, isMissing } from '../disk.js'
import { fromBytePath, isWithin } from './byte-path.js'
import { type FileOnDisk, isSameStat, statFile } from './file-stat.js'
import type { Ignore } from './ignore.js'
import type { IndexEntry } from './index-file.js'
import { objectId } from './objects.js'

export interface StatusInput {
  readonly workTree: string
  readonly dir: string
  /** HEAD's files below `dir`. */
  readonly head: readonly Entry[]
  /** Index entries below `dir`, unmerged ones too, submodules left out. */
  readonly entries: readonly IndexEntry[]
  /** Whole seconds since the epoch at which the index was written; what changed then or later is compared by content. */
  readonly indexWrittenAt: number
  readonly ignore: Ignore
  /** core.fileMode: whether the executable bit counts. */
  readonly modeCounts: boolean
}

/** What `git status` would say of the files below `dir`, content compared byte for byte. Links are never followed. */
export function readStatus(input: StatusInput): readonly FileStatus[] {
  const head = new Map(input.head.map((entry) => [entry.path, entry]))
  const index = new Map(input.entries.map((entry) => [fromBytePath(entry.path), entry]))
  const found = new Map<string, FileStatus>()
  for (const path of new Set([...head.keys(), ...index.keys()])) {
    const entry = index.get(path)
    const staged = isStaged(head.get(path), entry)
    const unstaged = entry === undefined ? false : isChanged(entry, path, input)
    if (staged || unstaged) found.set(path, { path, staged, unstaged })
  }
  for (const path of untrackedFiles(input, index)) {
    found.set(path, { path, staged: found.get(path)?.staged ?? false, unstaged: true })
  }
  return [...found.values()].sort((a, b) => compareBytes(a.path, b.path))
}

function isStaged(head: Entry | undefined, entry: IndexEntry | undefined): boolean {
  if (entry === undefined || entry.isIntent) return head !== undefined
  return entry.stage !== 0 || entry.oid !== head?.blob || entry.mode !== head.mode
}

function isChanged(entry: IndexEntry, path: string, { workTree, indexWrittenAt, modeCounts }: StatusInput): boolean {
  if (entry.stage !== 0 || entry.isIntent) return true
  if (entry.isSkipped) return false
  const file = isBehindLink(workTree, path) ? undefined : statFile(join(workTree, path))
  if (file === undefined || file.kind !== (entry.mode === '120000' ? 'link' : 'file')) return true
  if (modeCounts && file.kind === 'file' && file.isExecutable !== (entry.mode === '100755')) return true
  return !isUntouched(entry, file, indexWrittenAt) && objectId('blob', contentOf(workTree, path, file)) !== entry.oid
}

/** Times tell only when the entry is older than the index: else the file may have changed in the same second. */
const isUntouched = (entry: IndexEntry, file: FileOnDisk, indexWrittenAt: number): boolean =>
  entry.stat.mtime < indexWrittenAt && isSameStat(entry.stat, file.stat)

/** A file's bytes, or the text of a link. Throws `unavailable`. */
export function contentOf(workTree: string, path: string, { kind }: FileOnDisk): Uint8Array {
  const file = join(workTree, path)
  try {
    return kind === 'link' ? readlinkSync(file, 'buffer') : readFileSync(file)
  } catch (error) {
    throw diskError(error, path)
  }
}

/** True when a folder on the way is a link: git then takes the file for deleted. */
export function isBehindLink(workTree: string, path: string): boolean {
  const parts = path.split('/').slice(0, -1)
  return parts.some((_, depth) => statFile(join(workTree, ...parts.slice(0, depth + 1)))?.kind === 'link')
}

function untrackedFiles(
  { workTree, dir, ignore }: StatusInput,
  index: ReadonlyMap<string, IndexEntry>,
): readonly string[] {
  const untracked: string[] = []
  const tracked = [...index.keys()]
  const add = (path: string): void => {
    if (!index.has(path) && !ignore.isIgnored(path, false)) untracked.push(path)
  }
  const visit = (folder: string): void => {
    for (const { name, kind } of namesIn(join(workTree, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (name === '.git') continue
      if (kind !== 'folder') add(path)
      // Another repository's work tree is its own; a folder that is ignored is entered for tracked files alone.
      else if (statFile(join(workTree, path, '.git')) !== undefined) continue
      else if (!ignore.isIgnored(path, true) || tracked.some((other) => isWithin(other, path))) visit(path)
    }
  }
  const top = statFile(join(workTree, dir))
  if (top === undefined || (dir !== '' && isBehindLink(workTree, dir))) return []
  if (top.kind === 'folder') visit(dir)
  else add(dir)
  return untracked
}

function namesIn(folder: string): readonly { name: string; kind: 'folder' | 'file' }[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() || entry.isFile() || entry.isSymbolicLink())
      .map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? 'folder' : 'file' }))
  } catch (error) {
    if (isMissing(error)) return []
    throw diskError(error, folder)
  }
}
