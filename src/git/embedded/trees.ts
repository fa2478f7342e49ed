import type { Entry, FileChange, Oid } from '../../registry/ports.js'
import { createBoundedMap } from './bounded-map.js'
import { fromBytePath, toBytePath } from './byte-path.js'
import type { Objects } from './objects.js'
import { formatTree, isGitlinkMode, isTreeMode, parseTree, type TreeEntry, type TreeStore } from './tree.js'

/** Which paths a walk over trees looks at: everything below, or only what the named children lead to. */
export interface PathFilter {
  whole: boolean
  readonly children: Map<string, PathFilter>
}

/** `paths` are files or folders; none means every file. */
export function createFilter(paths: readonly string[]): PathFilter {
  const root: PathFilter = { whole: paths.length === 0 || paths.includes(''), children: new Map() }
  for (const path of paths) {
    let node = root
    for (const part of toBytePath(path).split('/').filter(Boolean)) {
      const next = node.children.get(part) ?? { whole: false, children: new Map() }
      node.children.set(part, next)
      node = next
    }
    node.whole = true
  }
  return root
}

/** The filter for what is below `name`; undefined when nothing there is looked at. */
const descend = (filter: PathFilter, name: string): PathFilter | undefined =>
  filter.whole ? filter : filter.children.get(name)

/** Reads trees, and compares two by their ids: what is equal is not opened. */
export interface Trees extends TreeStore {
  /** Files under the filter's paths, in byte order; submodules are left out. */
  list(tree: Oid | undefined, filter: PathFilter): Promise<readonly Entry[]>
  /** What differs under the filter's paths, in byte order. */
  diff(before: Oid | undefined, after: Oid | undefined, filter: PathFilter): Promise<readonly FileChange[]>
}

const MAX_TREES = 4_000

export function openTrees(objects: Objects): Trees {
  const cache = createBoundedMap<Oid, readonly TreeEntry[]>(MAX_TREES)
  const readTree = async (oid: Oid): Promise<readonly TreeEntry[]> => {
    const known = cache.get(oid)
    if (known !== undefined) return known
    const entries = parseTree(await objects.read(oid, 'tree'))
    cache.set(oid, entries)
    return entries
  }
  const entriesOf = async (oid: Oid | undefined): Promise<readonly TreeEntry[]> =>
    oid === undefined ? [] : readTree(oid)

  const list = async (tree: Oid, filter: PathFilter, prefix: string, into: Entry[]): Promise<void> => {
    for (const { name, mode, oid } of await readTree(tree)) {
      const below = descend(filter, name)
      if (below === undefined || isGitlinkMode(mode)) continue
      if (isTreeMode(mode)) await list(oid, below, `${prefix}${name}/`, into)
      else if (below.whole) into.push({ path: fromBytePath(prefix + name), blob: oid, mode })
    }
  }

  const diff = async (
    before: Oid | undefined,
    after: Oid | undefined,
    filter: PathFilter,
    prefix: string,
    into: FileChange[],
  ): Promise<void> => {
    const [old, now] = [await entriesOf(before), await entriesOf(after)]
    for (const [left, right] of pairs(old, now)) {
      const name = (left ?? right)?.name ?? ''
      const below = descend(filter, name)
      if (below === undefined || (left?.oid === right?.oid && left?.mode === right?.mode)) continue
      if (isTreeMode((left ?? right)?.mode ?? '')) {
        await diff(left?.oid, right?.oid, below, `${prefix}${name}/`, into)
      } else if (below.whole && (isFile(left) || isFile(right))) {
        const file = isFile(right) ? right : undefined
        into.push({ path: fromBytePath(prefix + name), blob: file?.oid, mode: file?.mode ?? '000000' })
      }
    }
  }

  return {
    readTree,
    writeTree: (entries) => objects.write('tree', formatTree(entries)),
    list: async (tree, filter) => {
      const entries: Entry[] = []
      if (tree !== undefined) await list(tree, filter, '', entries)
      return entries
    },
    diff: async (before, after, filter) => {
      const changes: FileChange[] = []
      if (before !== after) await diff(before, after, filter, '', changes)
      return changes
    },
  }
}

type Pair = readonly [TreeEntry | undefined, TreeEntry | undefined]

/** Walks two trees side by side. A file that became a folder gives two pairs: the one sorts where the other does not. */
function* pairs(old: readonly TreeEntry[], now: readonly TreeEntry[]): Generator<Pair> {
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const [left, right] = [old[i], now[j]]
    const order = left === undefined ? 1 : right === undefined ? -1 : compare(sortKey(left), sortKey(right))
    if (order <= 0) i += 1
    if (order >= 0) j += 1
    yield [order <= 0 ? left : undefined, order >= 0 ? right : undefined]
  }
}

const isFile = (entry: TreeEntry | undefined): boolean => entry !== undefined && !isGitlinkMode(entry.mode)
const sortKey = ({ name, mode }: TreeEntry): string => (isTreeMode(mode) ? `${name}/` : name)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
