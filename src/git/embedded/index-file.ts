import { createHash } from 'node:crypto'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import type { BytePath } from './byte-path.js'

/** One entry of the index. */
export interface IndexEntry {
  readonly path: BytePath
  /** As in a tree: `100644`. */
  readonly mode: string
  readonly oid: Oid
  /** 0, or 1 to 3 for the sides of a conflict. */
  readonly stage: number
  /** `git add -N`: the path is announced, its content is not staged. */
  readonly isIntent: boolean
  readonly isSkipped: boolean
  /** What lstat said when the entry was made; a size of 0 makes git look at the content. */
  readonly stat: IndexStat
  /** The entry's own bytes, padding included, so that what is not changed is written back as it was. */
  readonly bytes: Buffer
}

/** Whole seconds, nanoseconds and the low 32 bits of the rest. */
export interface IndexStat {
  readonly ctime: number
  readonly ctimeNs: number
  readonly mtime: number
  readonly mtimeNs: number
  readonly dev: number
  readonly ino: number
  readonly uid: number
  readonly gid: number
  readonly size: number
}

export interface Index {
  readonly version: number
  readonly entries: readonly IndexEntry[]
  /** Signatures of the extensions, such as `TREE`. */
  readonly extensions: ReadonlyMap<string, Buffer>
}

const HEADER = 12
/** Ten stat words, the object id and the flags. */
const FIXED = 62
const TRAILER = 20
const EXTENDED = 0x4000

export const EMPTY_INDEX: Index = { version: 2, entries: [], extensions: new Map() }

/** Reads versions 2 to 4 of https://git-scm.com/docs/index-format. Throws `unavailable` when the file is damaged. */
export function parseIndex(bytes: Buffer, file: string): Index {
  const damaged = (why: string): PromptctlError =>
    new PromptctlError('unavailable', `The index ${file} is damaged: ${why}`, { details: { path: file } })
  if (bytes.length < HEADER + TRAILER || bytes.toString('latin1', 0, 4) !== 'DIRC') throw damaged('it is no index')
  const end = bytes.length - TRAILER
  const trailer = bytes.subarray(end)
  // With index.skipHash git writes zeros in place of the hash.
  if (trailer.some((byte) => byte !== 0) && !trailer.equals(sha1(bytes.subarray(0, end)))) {
    throw damaged('its hash is wrong')
  }
  const version = bytes.readUInt32BE(4)
  if (version < 2 || version > 4) throw damaged(`version ${version} is unknown`)
  const entries: IndexEntry[] = []
  let at = HEADER
  for (let count = bytes.readUInt32BE(8); count > 0; count -= 1) {
    if (at + FIXED > end) throw damaged('it ends too early')
    const entry = readEntry(bytes, at, version, entries.at(-1)?.path ?? '')
    entries.push(entry)
    at += entry.bytes.length
  }
  return { version, entries, extensions: readExtensions(bytes, at, end) }
}

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest()

function readEntry(bytes: Buffer, at: number, version: number, previous: string): IndexEntry {
  const flags = bytes.readUInt16BE(at + 60)
  const isExtended = version >= 3 && (flags & EXTENDED) !== 0
  const extended = isExtended ? bytes.readUInt16BE(at + FIXED) : 0
  const start = at + FIXED + (isExtended ? 2 : 0)
  const { path, end } = version === 4 ? readShortenedPath(bytes, start, previous) : readPath(bytes, at, start)
  const word = (index: number): number => bytes.readUInt32BE(at + 4 * index)
  return {
    path: path as BytePath,
    mode: word(6).toString(8).padStart(6, '0'),
    oid: bytes.toString('hex', at + 40, at + 60) as Oid,
    stage: (flags >> 12) & 3,
    isIntent: (extended & 0x2000) !== 0,
    isSkipped: (extended & 0x4000) !== 0,
    stat: {
      ctime: word(0),
      ctimeNs: word(1),
      mtime: word(2),
      mtimeNs: word(3),
      dev: word(4),
      ino: word(5),
      uid: word(7),
      gid: word(8),
      size: word(9),
    },
    bytes: bytes.subarray(at, end),
  }
}

/** Up to the first zero, then zeros to a multiple of eight from the entry's start. */
function readPath(bytes: Buffer, at: number, start: number): { path: string; end: number } {
  const zero = bytes.indexOf(0, start)
  return { path: bytes.toString('latin1', start, zero), end: at + ((zero - at + 8) & ~7) }
}

/** Version 4: how many bytes to drop from the path before, then the rest. */
function readShortenedPath(bytes: Buffer, start: number, previous: string): { path: string; end: number } {
  let at = start
  let dropped = (bytes[at] ?? 0) & 127
  while (((bytes[at++] ?? 0) & 128) !== 0) dropped = ((dropped + 1) << 7) | ((bytes[at] ?? 0) & 127)
  const zero = bytes.indexOf(0, at)
  return { path: previous.slice(0, previous.length - dropped) + bytes.toString('latin1', at, zero), end: zero + 1 }
}

function readExtensions(bytes: Buffer, start: number, end: number): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>()
  for (let at = start; at + 8 <= end; ) {
    const size = bytes.readUInt32BE(at + 4)
    extensions.set(bytes.toString('latin1', at, at + 4), bytes.subarray(at, at + 8 + size))
    at += 8 + size
  }
  return extensions
}

/** An entry for a file as it is on disk; without `stat` git will look at the content. */
export function createEntry(path: BytePath, mode: string, oid: Oid, stat: IndexStat | undefined): IndexEntry {
  const bytes = Buffer.alloc((FIXED + path.length + 8) & ~7)
  const { ctime, ctimeNs, mtime, mtimeNs, dev, ino, uid, gid, size } = stat ?? NO_STAT
  const words = [ctime, ctimeNs, mtime, mtimeNs, dev, ino, Number.parseInt(mode, 8), uid, gid, size]
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 * index)
  bytes.write(oid, 40, 'hex')
  bytes.writeUInt16BE(Math.min(path.length, 0xfff), 60)
  bytes.write(path, FIXED, 'latin1')
  return { path, mode, oid, stage: 0, isIntent: false, isSkipped: false, stat: stat ?? NO_STAT, bytes }
}

const NO_STAT: IndexStat = { ctime: 0, ctimeNs: 0, mtime: 0, mtimeNs: 0, dev: 0, ino: 0, uid: 0, gid: 0, size: 0 }

/** The same entry, marked so that git compares its content and not its times. */
export function smudge(entry: IndexEntry): IndexEntry {
  const bytes = Buffer.from(entry.bytes)
  bytes.writeUInt32BE(0, 36)
  return { ...entry, stat: { ...entry.stat, size: 0 }, bytes }
}

/**
 * The file's bytes, version 2 or 3. Only `REUC` is kept of the extensions: the others are caches of git's over entries
 * (cache tree, untracked files, file system monitor, offsets), which it makes again.
 */
export function formatIndex({ version, entries, extensions }: Index): Buffer {
  const header = Buffer.alloc(HEADER)
  header.write('DIRC', 'latin1')
  header.writeUInt32BE(version, 4)
  header.writeUInt32BE(entries.length, 8)
  const kept = extensions.get('REUC') ?? Buffer.alloc(0)
  const body = Buffer.concat([header, ...entries.map(({ bytes }) => bytes), kept])
  return Buffer.concat([body, sha1(body)])
}

/** The entries with `added` in place of whatever the same paths had, in git's order. */
export function replaceEntries(entries: readonly IndexEntry[], added: readonly IndexEntry[]): readonly IndexEntry[] {
  const paths = new Set<string>(added.map(({ path }) => path))
  const all = [...entries.filter(({ path }) => !paths.has(path)), ...added]
  return all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.stage - b.stage))
}
