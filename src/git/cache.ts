import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
  }
}

function orNothing<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}
