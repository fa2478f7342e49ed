import { createSizedMap } from '../../core/bounded-map.js'
import type { Entry, FileChange, FilesNamed, Oid } from '../../registry/ports.js'
import { type BytePath, fromBytePath, toBytePath } from './byte-path.js'
import type { Objects } from './objects.js'
import { formatTree, isGitlinkMode, isTreeMode, parseTree, type TreeEntry, type TreeStore } from './tree.js'
import { differingEntries } from './tree-diff.js'

/** Which paths a walk over trees looks at: everything below, or only what the named children lead to. */
export interface PathFilter {
  whole: boolean
  readonly children: Map<string, PathFilter>
  /** Where the others lead to. */
  others?: PathFilter
}

/** `paths` are files or folders; none means every file. */
export function createFilter(paths: readonly string[]): PathFilter {
  const root = emptyFilter()
  root.whole = paths.length === 0
  for (const path of paths) extend(root, path).whole = true
  return root
}

/** The files of one name in every folder of `dir`. */
export function createNameFilter({ dir, name }: FilesNamed): PathFilter {
  const root = emptyFilter()
  const others = emptyFilter()
  extend(root, dir).others = others
  extend(others, name).whole = true
  return root
}

const emptyFilter = (): PathFilter => ({ whole: false, children: new Map() })

/** The filter for `path` below `filter`; '' is the filter itself. */
function extend(filter: PathFilter, path: string): PathFilter {
  let node = filter
  for (const part of toBytePath(path).split('/').filter(Boolean)) {
    const next = node.children.get(part) ?? emptyFilter()
    node.children.set(part, next)
    node = next
  }
  return node
}

/** The filter for what is below `name`; undefined when nothing there is looked at. */
const descend = (filter: PathFilter, name: string): PathFilter | undefined =>
  filter.whole ? filter : (filter.children.get(name) ?? filter.others)

/** Reads trees, and compares two by their ids: what is equal is not opened. */
export interface Trees extends TreeStore {
  /** Files under the filter's paths, in byte order; submodules are left out. */
  list(tree: Oid | undefined, filter: PathFilter): readonly Entry[]
  /** What differs under the filter's paths, in byte order. */
  diff(before: Oid | undefined, after: Oid | undefined, filter: PathFilter): readonly FileChange[]
}

/** Bytes of trees that stay in memory: in a history each is looked at twice. */
const CACHED_BYTES = 8 * 1024 * 1024
const NO_TREE = Buffer.alloc(0)

export function openTrees(objects: Objects): Trees {
  const cache = createSizedMap<Oid, Buffer>(CACHED_BYTES, (content) => content.length + 100)
  const bytesOf = (oid: Oid | undefined): Buffer => {
    if (oid === undefined) return NO_TREE
    const known = cache.get(oid)
    if (known !== undefined) return known
    const content = objects.read(oid, 'tree')
    cache.set(oid, content)
    return content
  }
  const readTree = (oid: Oid): readonly TreeEntry[] => parseTree(bytesOf(oid))

  const list = (tree: Oid, filter: PathFilter, prefix: string, into: Entry[]): void => {
    for (const { name, mode, oid } of readTree(tree)) {
      const below = descend(filter, name)
      if (below === undefined || isGitlinkMode(mode)) continue
      if (isTreeMode(mode)) list(oid, below, `${prefix}${name}/`, into)
      else if (below.whole) into.push({ path: fromBytePath(prefix + name), blob: oid, mode })
    }
  }

  const diff = (
    old: Oid | undefined,
    now: Oid | undefined,
    filter: PathFilter,
    prefix: string,
    into: FileChange[],
  ): void => {
    for (const [left, right] of differingEntries(bytesOf(old), bytesOf(now))) {
      const { name, mode } = (left ?? right) as TreeEntry
      const below = descend(filter, name)
      if (below === undefined) continue
      if (isTreeMode(mode)) diff(left?.oid, right?.oid, below, `${prefix}${name}/`, into)
      else if (below.whole && (isFile(left) || isFile(right)))
        into.push(formatChange(`${prefix}${name}` as BytePath, right))
    }
  }

  return {
    readTree,
    writeTree: (entries) => objects.write('tree', formatTree(entries)),
    list: (tree, filter) => {
      const entries: Entry[] = []
      if (tree !== undefined) list(tree, filter, '', entries)
      return entries
    },
    diff: (before, after, filter) => {
      const changes: FileChange[] = []
      if (before !== after) diff(before, after, filter, '', changes)
      return changes
    },
  }
}

const isFile = (entry: TreeEntry | undefined): entry is TreeEntry => entry !== undefined && !isGitlinkMode(entry.mode)

function formatChange(path: BytePath, after: TreeEntry | undefined): FileChange {
  const file = isFile(after) ? after : undefined
  return { path: fromBytePath(path), blob: file?.oid, mode: file?.mode ?? '000000' }
}
