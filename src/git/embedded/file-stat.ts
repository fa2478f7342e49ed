import { type BigIntStats, lstatSync } from 'node:fs'
import { diskError, isMissing } from '../disk.js'
import type { IndexStat } from './index-file.js'

/** What is at a path, without following a link. */
export interface FileOnDisk {
  readonly kind: 'file' | 'link' | 'folder' | 'other'
  readonly isExecutable: boolean
  readonly stat: IndexStat
}

/** Undefined when nothing is there. Throws `unavailable` for any other failure. */
export function statFile(path: string): FileOnDisk | undefined {
  let stats: BigIntStats | undefined
  try {
    stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, path)
  }
  if (stats === undefined) return undefined
  const kind = stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'other'
  return { kind, isExecutable: (stats.mode & 0o100n) !== 0n, stat: formatStat(stats) }
}

const SECOND = 1_000_000_000n
const low32 = (value: bigint): number => Number(value & 0xffff_ffffn)

/** lstat's answer as the index keeps it: the low 32 bits of each number. */
const formatStat = (stats: BigIntStats): IndexStat => ({
  ctime: low32(stats.ctimeNs / SECOND),
  ctimeNs: low32(stats.ctimeNs % SECOND),
  mtime: low32(stats.mtimeNs / SECOND),
  mtimeNs: low32(stats.mtimeNs % SECOND),
  dev: low32(stats.dev),
  ino: low32(stats.ino),
  uid: low32(stats.uid),
  gid: low32(stats.gid),
  size: low32(stats.size),
})

/** True when a file has not been touched since its entry was made, as far as the times tell. */
export const isSameStat = (a: IndexStat, b: IndexStat): boolean =>
  a.mtime === b.mtime &&
  a.mtimeNs === b.mtimeNs &&
  a.ctime === b.ctime &&
  a.ctimeNs === b.ctimeNs &&
  a.ino === b.ino &&
  a.size === b.size &&
  a.uid === b.uid &&
  a.gid === b.gid
