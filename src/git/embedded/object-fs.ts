import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { PromiseFsClient } from 'isomorphic-git'
import { hasCode } from '../disk.js'
import { temporaryName, writeSynced } from './disk.js'

/** The git directory that isomorphic-git is told of; only `objects` below it exists, and it is the folder given here. */
export const OBJECTS_GITDIR = '/repository'
const PREFIX = `${OBJECTS_GITDIR}/objects`
const LOOSE = /[\\/][0-9a-f]{2}[\\/][0-9a-f]{38}$/

/**
 * The file system that isomorphic-git sees: one object directory, where a file is written whole or not at all and an
 * empty loose object, left by a crash, is absent. Reads are synchronous: a history walk makes so many small ones that
 * the thread pool would cost ten times the system calls.
 */
export function openObjectFs(objectsDir: string): PromiseFsClient {
  const real = (path: string): string => (path.startsWith(PREFIX) ? objectsDir + path.slice(PREFIX.length) : objectsDir)
  const refuse = async (): Promise<never> => {
    throw new Error('isomorphic-git may only read and add objects.')
  }
  return {
    promises: {
      readFile: async (path: string) => {
        const content = readFileSync(real(path))
        if (content.length === 0 && LOOSE.test(path)) throw absent(path)
        return content
      },
      stat: async (path: string) => {
        // isomorphic-git prints a failure other than "absent" on standard output; writing will say what is wrong.
        const stats = statSync(real(path), { throwIfNoEntry: false })
        if (stats === undefined || (stats.size === 0 && LOOSE.test(path))) throw absent(path)
        return stats
      },
      readdir: async (path: string) => readdirSync(real(path)),
      mkdir: async (path: string) => {
        mkdirSync(real(path), { recursive: true })
      },
      writeFile: async (path: string, content: Uint8Array) => writeObject(real(path), content),
      lstat: refuse,
      readlink: refuse,
      rmdir: refuse,
      symlink: refuse,
      unlink: refuse,
    },
  }
}

/** `tmp_obj_` is git's own prefix: its garbage collection removes what a kill left. */
function writeObject(path: string, content: Uint8Array): void {
  const temporary = join(dirname(path), temporaryName('tmp_obj_'))
  try {
    writeSynced(temporary, content, 0o444)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    mkdirSync(dirname(path), { recursive: true })
    writeSynced(temporary, content, 0o444)
  }
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

const absent = (path: string): Error =>
  Object.assign(new Error(`ENOENT: the object file is empty, open '${path}'`), { code: 'ENOENT' })
