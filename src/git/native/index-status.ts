import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, FileStatus, Oid } from '../../registry/ports.js'
import { isMissing } from '../disk.js'
import { inParallel } from '../parallel.js'
import { type GitContext, MAX_PATHSPECS, pathspec, read } from './process.js'

/** An index entry, as `ls-files --stage` shows it. */
export interface IndexEntry extends Entry {
  /** 0, or 1 to 3 in a conflict. */
  readonly stage: number
}

const SUBMODULE = '160000'
/** The empty blob, in sha1 and in sha256: also what an intent to add looks like. */
const EMPTY_BLOBS = [
  'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
  '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813',
]

export const isEmptyBlob = (blob: string): boolean => EMPTY_BLOBS.includes(blob)

/** Index entries at and below `paths`; only at them, when there are many. */
export async function readIndex(
  context: GitContext,
  paths: readonly string[],
  flags: readonly string[] = ['--stage'],
  indexFile?: string,
): Promise<readonly IndexEntry[]> {
  const env = indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }
  const isFew = paths.length <= MAX_PATHSPECS
  const output = await read(context, ['ls-files', '-z', ...flags, '--', ...(isFew ? paths.map(pathspec) : [])], { env })
  const entries = splitNul(output).map(parseIndexEntry)
  if (isFew) return entries
  const wanted = new Set(paths)
  return entries.filter(({ path }) => wanted.has(path))
}

export async function listIndex(context: GitContext, dir: string): Promise<readonly Entry[]> {
  const entries = (await readIndex(context, [dir])).filter(({ stage, mode }) => stage === 0 && mode !== SUBMODULE)
  const intended = entries.some(({ blob }) => isEmptyBlob(blob)) ? await intendedPaths(context, dir) : new Set()
  return entries.flatMap(({ path, blob, mode }) => (intended.has(path) ? [] : { path, blob, mode }))
}

/** Paths that `git add -N` announced: in the index, and not part of the next commit. */
async function intendedPaths(context: GitContext, dir: string): Promise<ReadonlySet<string>> {
  const args = ['diff-files', '-z', '--name-only', '--diff-filter=A', '--', pathspec(dir)]
  return new Set(splitNul(await read(context, args)))
}

export async function unmergedPaths(context: GitContext): Promise<readonly string[]> {
  const entries = await readIndex(context, [''], ['--unmerged'])
  return [...new Set(entries.map(({ path }) => path))]
}

/**
 * Files below `dir` that differ from HEAD. A file whose bytes are those of its index entry does not differ, whatever a
 * filter or an end-of-line setting would make of it: here a blob is the file, byte for byte.
 */
export async function listStatus(
  context: GitContext,
  dir: string,
  blobId: (content: Uint8Array) => Oid,
): Promise<readonly FileStatus[]> {
  const output = await read(context, [
    ...['status', '--porcelain=v2', '-z', '--untracked-files=all', '--no-renames', '--ignore-submodules=all'],
    ...['--no-ahead-behind', '--', pathspec(dir)],
  ])
  const rows = splitNul(output).flatMap(parseStatusRow)
  const found = await inParallel(rows, (row) => withoutFilters(context.cwd, row, blobId))
  return found.filter(({ staged, unstaged }) => staged || unstaged)
}

interface StatusRow extends FileStatus {
  /** The index entry, when the file is only modified in content. */
  readonly indexed?: string | undefined
}

async function withoutFilters(top: string, row: StatusRow, blobId: (content: Uint8Array) => Oid): Promise<FileStatus> {
  const { path, staged, indexed } = row
  if (indexed === undefined) return { path, staged, unstaged: row.unstaged }
  try {
    return { path, staged, unstaged: blobId(await readFile(join(top, path))) !== indexed }
  } catch (error) {
    if (!isMissing(error)) throw error
    return { path, staged, unstaged: true }
  }
}

/** `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`; see git-status(1). */
function parseStatusRow(row: string): readonly StatusRow[] {
  const kind = row[0]
  if (kind === '?') return [{ path: row.slice(2), staged: false, unstaged: true }]
  if (kind === 'u') return [{ path: afterFields(row, 10), staged: true, unstaged: true }]
  if (kind !== '1') return []
  const [, states = '', , , indexMode, workMode, , indexed] = row.split(' ')
  const isContentOnly = states[1] === 'M' && indexMode === workMode && indexMode !== '120000'
  const status = { path: afterFields(row, 8), staged: states[0] !== '.', unstaged: states[1] !== '.' }
  return [{ ...status, indexed: isContentOnly ? indexed : undefined }]
}

function afterFields(row: string, count: number): string {
  let at = 0
  for (let field = 0; field < count; field += 1) at = row.indexOf(' ', at) + 1
  return row.slice(at)
}

/** `<mode> <blob> <stage>\t<path>` */
function parseIndexEntry(row: string): IndexEntry {
  const tab = row.indexOf('\t')
  const [mode = '', blob, stage] = row.slice(0, tab).split(' ')
  return { path: row.slice(tab + 1), mode, blob: blob as Oid, stage: Number(stage) }
}

export const splitNul = (output: Buffer): string[] => output.toString('utf8').split('\0').slice(0, -1)
