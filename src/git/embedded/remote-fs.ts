import { deflateSync } from 'node:zlib'
import type { PromiseFsClient } from 'isomorphic-git'
import type { Oid } from '../../registry/ports.js'
import { OBJECTS_GITDIR, openObjectFs } from './object-fs.js'
import type { Objects } from './objects.js'

const LOOSE = new RegExp(`^${OBJECTS_GITDIR}/objects/([0-9a-f]{2})/([0-9a-f]{38})$`)
const PACKS = `${OBJECTS_GITDIR}/objects/pack`

/** The remote that isomorphic-git is told of; where it is, is told with each call. */
export const ONLY_REMOTE = 'origin'
const CONFIG = `[remote "${ONLY_REMOTE}"]\n\tfetch = +refs/heads/*:refs/remotes/${ONLY_REMOTE}/*\n`

/**
 * The file system that isomorphic-git sees when it pushes or fetches: references that are only said to it, and every
 * object as if it were loose, read by us. It would load whole packs, and knows no alternates. New packs go to the disk.
 */
export function openRemoteFs(
  objectsDir: string,
  objects: Pick<Objects, 'find'>,
  refs: Readonly<Record<string, Oid>>,
): PromiseFsClient {
  const disk = openObjectFs(objectsDir).promises
  const files = new Map<string, string | Uint8Array>(
    Object.entries(refs).map(([name, oid]) => [`${OBJECTS_GITDIR}/${name}`, `${oid}\n`]),
  )
  files.set(`${OBJECTS_GITDIR}/config`, CONFIG)
  const readFile = async (path: string, options?: unknown): Promise<string | Uint8Array> => {
    if (path.startsWith(`${PACKS}/`)) return disk.readFile(path, options)
    const content = files.get(path) ?? readLoose(objects, path)
    if (content === undefined) throw absent(path)
    return isText(options) ? Buffer.from(content).toString('utf8') : Buffer.from(content)
  }
  return {
    promises: {
      ...disk,
      readFile,
      stat: async (path: string) => {
        if (path.startsWith(`${PACKS}/`)) return disk.stat(path)
        await readFile(path)
        return { isFile: () => true, isDirectory: () => false, isSymbolicLink: () => false }
      },
      unlink: async (path: string) => void files.delete(path),
      readdir: async () => [],
      mkdir: async (path: string) => (path.startsWith(PACKS) ? disk.mkdir(path) : undefined),
      writeFile: async (path: string, content: Uint8Array) => {
        if (path.startsWith(`${PACKS}/`)) await disk.writeFile(path, content)
        else files.set(path, content)
      },
    },
  }
}

function readLoose(objects: Pick<Objects, 'find'>, path: string): Uint8Array | undefined {
  const [, folder = '', name = ''] = LOOSE.exec(path) ?? []
  const found = folder === '' ? undefined : objects.find(`${folder}${name}` as Oid)
  if (found === undefined) return undefined
  const header = Buffer.from(`${found.type} ${found.content.length}\0`)
  return deflateSync(Buffer.concat([header, found.content]), { level: 1 })
}

const isText = (options: unknown): boolean =>
  options === 'utf8' ||
  (typeof options === 'object' && options !== null && 'encoding' in options && options.encoding === 'utf8')

const absent = (path: string): Error =>
  Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' })
