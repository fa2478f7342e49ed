import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import type { BytePath } from './byte-path.js'
import { fromBytePath } from './byte-path.js'

/** One line of a tree. `mode` is kept as it is written, also where an old tool wrote `040000`. */
export interface TreeEntry {
  readonly mode: string
  readonly name: BytePath
  readonly oid: Oid
}

export const isTreeMode = (mode: string): boolean => mode === '40000' || mode === '040000'
export const isGitlinkMode = (mode: string): boolean => mode === '160000'

/** The entries of a tree object, in its own order. Throws `unavailable` when it is torn. */
export function parseTree(content: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < content.length; ) {
    const { entry, end } = parseEntry(content, at)
    entries.push(entry)
    at = end
  }
  return entries
}

/** The entry that begins at `at` (`100644 name`, a zero, the raw id), and where it ends. */
export function parseEntry(content: Buffer, at: number): { readonly entry: TreeEntry; readonly end: number } {
  const space = content.indexOf(0x20, at)
  const zero = content.indexOf(0, space)
  const end = zero + 21
  if (space < 0 || zero < 0 || end > content.length) throw tornTree()
  const entry = {
    mode: content.toString('latin1', at, space),
    name: content.toString('latin1', space + 1, zero) as BytePath,
    oid: content.toString('hex', zero + 1, end) as Oid,
  }
  return { entry, end }
}

const tornTree = (): PromptctlError =>
  new PromptctlError('unavailable', 'A tree object is damaged', { hint: 'Run `git fsck` where git is.' })

/** The bytes of a tree, its entries in git's order: a folder sorts as if its name ended in a slash. */
export function formatTree(entries: readonly TreeEntry[]): Buffer {
  const sortKey = ({ name, mode }: TreeEntry): string => (isTreeMode(mode) ? `${name}/` : name)
  const sorted = [...entries].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
  return Buffer.concat(
    sorted.flatMap(({ mode, name, oid }) => [Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(oid, 'hex')]),
  )
}

/** What a tree gets at one path. */
export interface NewFile {
  readonly path: BytePath
  readonly blob: Oid
}

export interface TreeStore {
  readTree(oid: Oid): readonly TreeEntry[]
  writeTree(entries: readonly TreeEntry[]): Promise<Oid>
}

/**
 * Writes the trees that hold `files` in place of what `root` has there, and returns the new root. Every other entry
 * stays byte for byte; a file that is there keeps its executable bit. Throws `conflict` where a folder is in the way.
 */
export async function replaceFiles(store: TreeStore, root: Oid | undefined, files: readonly NewFile[]): Promise<Oid> {
  const entries = new Map((root === undefined ? [] : store.readTree(root)).map((entry) => [entry.name, entry]))
  const below = new Map<BytePath, NewFile[]>()
  for (const file of files) {
    const slash = file.path.indexOf('/')
    if (slash < 0) {
      entries.set(file.path, { name: file.path, oid: file.blob, mode: fileMode(entries.get(file.path)) })
      continue
    }
    const folder = file.path.slice(0, slash) as BytePath
    const rest = { path: file.path.slice(slash + 1) as BytePath, blob: file.blob }
    below.set(folder, [...(below.get(folder) ?? []), rest])
  }
  for (const [name, inside] of below) {
    const old = entries.get(name)
    if (old !== undefined && !isTreeMode(old.mode)) throw inTheWay(name, 'file')
    entries.set(name, { name, mode: old?.mode ?? '40000', oid: await replaceFiles(store, old?.oid, inside) })
  }
  return store.writeTree([...entries.values()])
}

function fileMode(old: TreeEntry | undefined): string {
  if (old !== undefined && isTreeMode(old.mode)) throw inTheWay(old.name, 'folder')
  return old !== undefined && /^1007\d\d$/.test(old.mode) ? old.mode : '100644'
}

const inTheWay = (name: BytePath, kind: string): PromptctlError =>
  new PromptctlError('conflict', `${fromBytePath(name)} is a ${kind} in this commit, and the new file needs that name`)
