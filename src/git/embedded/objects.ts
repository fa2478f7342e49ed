import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { PromiseFsClient } from 'isomorphic-git'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { readIfThere } from './disk.js'
import { OBJECTS_GITDIR, openObjectFs } from './object-fs.js'
import { isOid } from './refs.js'

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag'

export interface GitObject {
  readonly type: ObjectType
  readonly content: Buffer
}

/** Reads and adds objects, through isomorphic-git. Nothing is ever changed or removed. */
export interface Objects {
  /** Undefined when there is no such object. Throws `unavailable` when it is there and cannot be read. */
  find(oid: Oid): Promise<GitObject | undefined>
  /** As `find`; a missing object and one of another type are `unavailable`. */
  read(oid: Oid, type: ObjectType): Promise<Buffer>
  /** Stores an object, whole and on the disk when this returns. */
  write(type: ObjectType, content: Uint8Array): Promise<Oid>
  /** Every object whose id begins with these hex digits, at least four. */
  expand(prefix: string): Promise<readonly Oid[]>
}

/** The id that an object has, whether it is stored or not. */
export const objectId = (type: ObjectType, content: Uint8Array): Oid =>
  createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex') as Oid

/** One folder of objects; the first is the repository's own, and new objects go there. */
interface Store {
  readonly fs: PromiseFsClient
  /** isomorphic-git keeps pack indexes and packs in it. */
  cache: object
}

/**
 * Opens the objects of a repository; `env` is the one that is meant for it. Nothing is read yet: isomorphic-git costs
 * 70 ms and is loaded at the first object.
 */
export function openObjects(commonDir: string, env: NodeJS.ProcessEnv): Objects {
  const stores: Store[] = objectDirs(commonDir, env).map((dir) => ({ fs: openObjectFs(dir), cache: {} }))
  const find = async (oid: Oid): Promise<GitObject | undefined> => {
    for (const store of stores) {
      const found = await readFrom(store, oid)
      if (found !== undefined) return found
    }
    return undefined
  }
  return {
    find,
    read: async (oid, type) => {
      const found = await find(oid)
      if (found?.type === type) return found.content
      const problem = found === undefined ? 'is missing' : `is a ${found.type}`
      throw unreadable(oid, new Error(`The ${type} ${oid} ${problem}.`))
    },
    write: async (type, object) => {
      const [own] = stores
      if (own === undefined) throw new Error('a repository without an object directory')
      const { writeObject } = await loadGit()
      const oid = await writeObject({ fs: own.fs, gitdir: OBJECTS_GITDIR, type, object, format: 'content' })
      return oid as Oid
    },
    expand: async (prefix) => {
      const found = await Promise.all(stores.map((store) => expandIn(store, prefix)))
      return [...new Set(found.flat())]
    },
  }
}

let loaded: Promise<typeof import('isomorphic-git')> | undefined

const loadGit = (): Promise<typeof import('isomorphic-git')> => {
  loaded ??= import('isomorphic-git')
  return loaded
}

async function readFrom(store: Store, oid: Oid): Promise<GitObject | undefined> {
  try {
    return await readOnce(store, oid)
  } catch (error) {
    if (isCode(error, 'NotFoundError')) return undefined
  }
  // A repack beside us takes packs away that the cache still names: look once more with an empty one.
  store.cache = {}
  try {
    return await readOnce(store, oid)
  } catch (error) {
    if (isCode(error, 'NotFoundError')) return undefined
    throw unreadable(oid, error)
  }
}

async function readOnce({ fs, cache }: Store, oid: Oid): Promise<GitObject> {
  const { readObject } = await loadGit()
  const { type, object } = await readObject({ fs, gitdir: OBJECTS_GITDIR, oid, format: 'content', cache })
  return { type: type as ObjectType, content: object as Buffer }
}

async function expandIn({ fs, cache }: Store, prefix: string): Promise<readonly Oid[]> {
  const { expandOid } = await loadGit()
  try {
    return [(await expandOid({ fs, gitdir: OBJECTS_GITDIR, oid: prefix, cache })) as Oid]
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

const unreadable = (oid: string, cause: unknown): PromptctlError =>
  new PromptctlError(
    'unavailable',
    `The object ${oid} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
    {
      hint: 'Run `git fsck` where git is; in a partial clone the object was never fetched.',
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
