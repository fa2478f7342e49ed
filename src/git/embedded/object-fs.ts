import { type Stats, statSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PromiseFsClient } from 'isomorphic-git'
import { makeFolder } from '../disk.js'
import { temporaryName } from './disk.js'

/** The git directory that isomorphic-git is told of; only `objects` below it exists, and it is the folder given here. */
export const OBJECTS_GITDIR = '/repository'
const PREFIX = `${OBJECTS_GITDIR}/objects`
const LOOSE = /[\\/][0-9a-f]{2}[\\/][0-9a-f]{38}$/

/**
 * The file system that isomorphic-git sees: one object directory, where a file is written whole or not at all and an
 * empty loose object, left by a crash, is absent.
 */
export function openObjectFs(objectsDir: string): PromiseFsClient {
  const real = (path: string): string => (path.startsWith(PREFIX) ? objectsDir + path.slice(PREFIX.length) : objectsDir)
  const refuse = async (): Promise<never> => {
    throw new Error('isomorphic-git may only read and add objects.')
  }
  return {
    promises: {
      // Asynchronous also for a missing path: that is how isomorphic-git finds out that these are promises.
      readFile: async (path: string) => readFile(real(path)),
      stat: async (path: string) => {
        const stats = statOf(real(path))
        if (stats === undefined || (stats.size === 0 && LOOSE.test(path))) throw absent(path)
        return stats
      },
      readdir: (path: string) => readdir(real(path)),
      mkdir: async (path: string) => makeFolder(real(path)),
      writeFile: async (path: string, content: Uint8Array) => writeObject(real(path), content),
      lstat: refuse,
      readlink: refuse,
      rmdir: refuse,
      symlink: refuse,
      unlink: refuse,
    },
  }
}

/** isomorphic-git prints a failure other than "absent" on standard output; the write that follows will say what is wrong. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}

/** `tmp_obj_` is git's own prefix: its garbage collection removes what a kill left. */
async function writeObject(path: string, content: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), temporaryName('tmp_obj_'))
  makeFolder(dirname(path))
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: 0o444, flush: true })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const absent = (path: string): Error =>
  Object.assign(new Error(`ENOENT: the object file is empty, open '${path}'`), { code: 'ENOENT' })
