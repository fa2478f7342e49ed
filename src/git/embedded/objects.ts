import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { PromiseFsClient } from 'isomorphic-git'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { diskError } from '../disk.js'
import { readIfThere } from './disk.js'
import { ObjectDir } from './object-dir.js'
import { OBJECTS_GITDIR, openObjectFs } from './object-fs.js'
import { isOid } from './refs.js'

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag'

export interface GitObject {
  readonly type: ObjectType
  readonly content: Buffer
}

/** Reads and adds objects. Nothing is ever changed or removed. */
export interface Objects {
  /** Undefined when there is no such object. Throws `unavailable` when it is there and cannot be read. */
  find(oid: Oid): GitObject | undefined
  /** As `find`; throws for a missing object, and `unavailable` for one of another type. */
  read(oid: Oid, type: ObjectType): Buffer
  /** Stores an object, whole and on the disk when this returns. */
  write(type: ObjectType, content: Uint8Array): Promise<Oid>
  /** Every object whose id begins with these hex digits, at least four. */
  expand(prefix: string): Promise<readonly Oid[]>
  /** Gives back the files that are open. */
  close(): void
}

/** The id that an object has, whether it is stored or not. */
export const objectId = (type: ObjectType, content: Uint8Array): Oid =>
  createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex') as Oid

/** What openObjects is about. */
export interface ObjectsContext {
  readonly commonDir: string
  /** The environment that is meant for this repository. */
  readonly env: NodeJS.ProcessEnv
  /** The failure for an object that is read and is not there. */
  readonly missing: (oid: Oid, type: ObjectType) => PromptctlError
}

/**
 * Opens the objects of a repository. Nothing is read yet. What is looked up by its id is read here; isomorphic-git, which
 * costs 70 ms to load, writes and searches.
 */
export function openObjects({ commonDir, env, missing }: ObjectsContext): Objects {
  const dirs = objectDirs(commonDir, env).map((dir) => new ObjectDir(dir))
  const find = (oid: Oid): GitObject | undefined => {
    if (oid === EMPTY_TREE) return { type: 'tree', content: Buffer.alloc(0) }
    try {
      for (const dir of dirs) {
        const found = dir.find(oid)
        if (found !== undefined) return found
      }
      return undefined
    } catch (error) {
      throw unreadable(oid, error)
    }
  }
  return {
    find,
    read: (oid, type) => {
      const found = find(oid)
      if (found === undefined) throw missing(oid, type)
      if (found.type === type) return found.content
      throw unreadable(oid, new Error(`it is a ${found.type} and no ${type}`))
    },
    write: async (type, object) => {
      const [own] = dirs
      if (own === undefined) throw new Error('a repository without an object directory')
      const oid = objectId(type, object)
      if (find(oid) === undefined) await writeObject(own.dir, type, object)
      return oid
    },
    expand: async (prefix) => {
      const found = await Promise.all(dirs.map(({ dir }) => expandIn(openObjectFs(dir), prefix)))
      return [...new Set(found.flat())]
    },
    close: () => {
      for (const dir of dirs) dir.close()
    },
  }
}

/** git knows it, stored or not. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

let loaded: Promise<typeof import('isomorphic-git')> | undefined

/** Loaded on first use, because most reads do without. */
export const loadGit = (): Promise<typeof import('isomorphic-git')> => {
  loaded ??= import('isomorphic-git')
  return loaded
}

async function writeObject(dir: string, type: ObjectType, object: Uint8Array): Promise<void> {
  const git = await loadGit()
  try {
    await git.writeObject({ fs: openObjectFs(dir), gitdir: OBJECTS_GITDIR, type, object, format: 'content' })
  } catch (error) {
    throw diskError(error, dir)
  }
}

async function expandIn(fs: PromiseFsClient, prefix: string): Promise<readonly Oid[]> {
  const { expandOid } = await loadGit()
  try {
    return [(await expandOid({ fs, gitdir: OBJECTS_GITDIR, oid: prefix, cache: {} })) as Oid]
  } catch (error) {
    if (isCode(error, 'NotFoundError')) return []
    if (isCode(error, 'AmbiguousError')) return matchesOf(error)
    throw unreadable(prefix, error)
  }
}

/** isomorphic-git's AmbiguousError lists its candidates. */
function matchesOf(error: unknown): readonly Oid[] {
  const { matches } = (error as { data?: { matches?: readonly string[] } }).data ?? {}
  return (matches ?? []).filter(isOid)
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** The failure for an object that is damaged, lost, or not what it should be. */
export const unreadable = (oid: string, cause: unknown): PromptctlError =>
  new PromptctlError(
    'unavailable',
    `The object ${oid} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
    {
      hint: 'Run `git fsck` where git is.',
      details: { oid },
      cause,
    },
  )

/** git allows five hops between alternates. */
const MAX_ALTERNATES = 5

/** A hook's quarantine, the repository's own folder, and those that `info/alternates` and the environment name. */
function objectDirs(commonDir: string, env: NodeJS.ProcessEnv): readonly string[] {
  const dirs: string[] = []
  const add = (dir: string, depth: number): void => {
    if (dirs.includes(dir) || depth > MAX_ALTERNATES) return
    dirs.push(dir)
    const text = readIfThere(join(dir, 'info', 'alternates'))?.toString('utf8') ?? ''
    for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) add(resolve(dir, line), depth + 1)
  }
  // A pre-receive hook sees what was pushed in a folder of its own, beside the repository's.
  if (env.GIT_OBJECT_DIRECTORY) add(resolve(commonDir, env.GIT_OBJECT_DIRECTORY), 0)
  add(join(commonDir, 'objects'), 0)
  for (const dir of (env.GIT_ALTERNATE_OBJECT_DIRECTORIES ?? '').split(':')) if (dir !== '') add(resolve(dir), 0)
  return dirs
}
