import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Cache } from '../registry/ports.js'

/**
 * Files in a folder of the git directory. A disk that is full or read-only makes this an empty cache and nothing worse:
 * what it held is computed again, so its failures are not told.
 */
export function openCache(dir: string): Cache {
  return {
    read: (name) => orNothing(() => readFileSync(join(dir, name))),
    readRange: (name, offset, length) => orNothing(() => readPart(join(dir, name), offset, length)),
    write: (name, content) => {
      const target = join(dir, name)
      const beside = `${target}.${process.pid}.tmp`
      const written = orNothing(() => {
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(beside, content)
        renameSync(beside, target)
        return true
      })
      if (!written) orNothing(() => rmSync(beside, { force: true }))
    },
    remove: (name) => {
      orNothing(() => rmSync(join(dir, name), { recursive: true, force: true }))
    },
    names: (folder) => orNothing(() => readdirSync(join(dir, folder))) ?? [],
    size: () => orNothing(() => sizeOf(dir)) ?? 0,
  }
}

function readPart(path: string, offset: number, length: number): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
  } finally {
    closeSync(descriptor)
  }
}

const sizeOf = (dir: string): number =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

function orNothing<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}
