import { PromptctlError } from '../../core/errors.js'
import type { Entry, Oid } from '../../registry/ports.js'
import { readMessage } from '../commit-text.js'
import {
  type CommitObject,
  differingEntries,
  FOLDER,
  findInTree,
  isFile,
  parseCommit,
  parseTree,
  type TreeEntry,
} from './object-format.js'
import type { ObjectReader, RawObject } from './object-reader.js'

/** Trees that stay in memory: at most so many bytes in all, as git has them; an entry of a prompt takes some 70. */
const CACHED_TREE_BYTES = 8 << 20
const CACHED_COMMITS = 1000
/** Looking ahead is for a few files; many share their folders, and one more round trip does not count. */
const MAX_PRIMED = 50
/** A path that can be part of what cat-file is asked, whatever its syntax. */
const PLAIN_PATH = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/

interface KeptTree {
  readonly object: RawObject
  /** Made when they are asked for: many trees are only looked into for one file. */
  entries?: readonly TreeEntry[]
}

/** Commits and trees, read through one ObjectReader. They are immutable, so the last ones are remembered. */
export class ObjectStore {
  readonly #reader: ObjectReader
  readonly #trees = new Map<Oid, KeptTree>()
  readonly #commits = new Map<Oid, CommitObject>()
  #cachedBytes = 0

  constructor(reader: ObjectReader) {
    this.#reader = reader
  }

  /** Objects will be read soon. */
  warmUp(): void {
    this.#reader.warmUp()
  }

  /** Undefined when there is no such commit (or it is something else). */
  async findCommit(commit: Oid): Promise<CommitObject | undefined> {
    const known = this.#commits.get(commit)
    if (known !== undefined) return known
    const object = await this.#reader.read(commit)
    if (object?.type !== 'commit') return undefined
    const parsed = parseCommit(commit, object)
    if (this.#commits.size >= CACHED_COMMITS) this.#commits.clear()
    this.#commits.set(commit, parsed)
    return parsed
  }

  /**
   * Reads a commit and the trees on the way to `paths` in one round trip, where going from tree to tree takes one each.
   * What is not there is left for the real reader to find out.
   */
  async prime(commit: Oid, paths: readonly string[]): Promise<void> {
    const folders = new Set(paths.filter((path) => PLAIN_PATH.test(path)).flatMap(parentFolders))
    const names = [`${commit}^{tree}`, ...[...folders].map((folder) => `${commit}:${folder}`)]
    const [, ...trees] = await Promise.all([this.findCommit(commit), ...names.map((name) => this.#reader.read(name))])
    for (const object of trees) if (object?.type === 'tree') this.#remember(object.oid as Oid, object)
  }

  /** The files of exactly these paths at a commit, in their order. */
  async entriesAt(commit: Oid, paths: readonly string[]): Promise<readonly Entry[]> {
    if (!this.#commits.has(commit) && paths.length <= MAX_PRIMED) await this.prime(commit, paths)
    return this.entries((await this.commit(commit)).tree, paths)
  }

  async commit(commit: Oid): Promise<CommitObject> {
    const found = await this.findCommit(commit)
    if (found === undefined) throw unreadable('commit', commit)
    return found
  }

  async messages(commits: readonly Oid[]): Promise<ReadonlyMap<Oid, string>> {
    const objects = await Promise.all(commits.map((commit) => this.#reader.read(commit)))
    return new Map(
      objects.map((object, index) => {
        const commit = commits[index] as Oid
        if (object?.type !== 'commit') throw unreadable('commit', commit)
        return [commit, readMessage(object.content)]
      }),
    )
  }

  async tree(oid: Oid): Promise<readonly TreeEntry[]> {
    const kept = await this.#keptTree(oid)
    kept.entries ??= parseTree(kept.object.content, oid.length / 2)
    return kept.entries
  }

  async #keptTree(oid: Oid): Promise<KeptTree> {
    const kept = this.#trees.get(oid)
    if (kept !== undefined) return kept
    const object = await this.#reader.read(oid)
    if (object?.type !== 'tree') throw unreadable('tree', oid)
    return this.#remember(oid, object)
  }

  async #entry(tree: Oid, name: string): Promise<TreeEntry | undefined> {
    const { object, entries } = await this.#keptTree(tree)
    return entries === undefined ? findInTree(object, tree.length / 2, name) : entries.find((one) => one.name === name)
  }

  /** Entries of both trees, with all that differ among them. */
  async #differing(before: Oid | undefined, after: Oid | undefined) {
    if (before === undefined) return [[], after === undefined ? [] : await this.tree(after)] as const
    if (after === undefined) return [await this.tree(before), []] as const
    const [old, young] = await Promise.all([this.#keptTree(before), this.#keptTree(after)])
    return differingEntries(old.object, young.object, before.length / 2)
  }

  async blob(oid: Oid): Promise<Uint8Array> {
    const object = await this.#reader.read(oid)
    if (object?.type !== 'blob') throw unreadable('blob', oid)
    return object.content
  }

  /** What is at `path` ('' is the tree itself), or undefined. */
  async find(tree: Oid, path: string): Promise<TreeEntry | undefined> {
    let found: TreeEntry = { name: '', mode: FOLDER, oid: tree }
    for (const part of path === '' ? [] : path.split('/')) {
      if (found.mode !== FOLDER) return undefined
      const next = await this.#entry(found.oid, part)
      if (next === undefined) return undefined
      found = next
    }
    return found
  }

  /** Every file below `dir`, or the file that `dir` is, in byte order of the paths. */
  async list(tree: Oid, dir: string): Promise<readonly Entry[]> {
    const start = await this.find(tree, dir)
    return start === undefined ? [] : this.#below(start, dir)
  }

  /** The files of exactly these paths, in their order. */
  async entries(tree: Oid, paths: readonly string[]): Promise<readonly Entry[]> {
    const found = await Promise.all(
      paths.map(async (path) => {
        const entry = await this.find(tree, path)
        return entry === undefined || !isFile(entry) ? [] : [{ path, blob: entry.oid, mode: entry.mode }]
      }),
    )
    return found.flat()
  }

  /** The paths of the files that differ between two trees; undefined is the empty tree. */
  async changedPaths(before: Oid | undefined, after: Oid | undefined, dir = ''): Promise<readonly string[]> {
    if (before === after) return []
    const [old, young] = await this.#differing(before, after)
    const others = new Map(old.map((entry) => [entry.name, entry]))
    const changed: Promise<readonly string[]>[] = []
    for (const entry of young) {
      changed.push(this.#changedEntry(others.get(entry.name), entry, dir))
      others.delete(entry.name)
    }
    for (const entry of others.values()) changed.push(this.#changedEntry(entry, undefined, dir))
    return (await Promise.all(changed)).flat()
  }

  async #changedEntry(before: TreeEntry | undefined, after: TreeEntry | undefined, dir: string) {
    if (before?.oid === after?.oid && before?.mode === after?.mode) return []
    const path = join(dir, (after ?? before)?.name ?? '')
    const isChangedFile = (before !== undefined && before.mode !== FOLDER) || (after && after.mode !== FOLDER)
    const folders = [before, after].map((entry) => (entry?.mode === FOLDER ? entry.oid : undefined))
    const below = await this.changedPaths(folders[0], folders[1], path)
    return isChangedFile ? [path, ...below] : below
  }

  async #below(entry: TreeEntry, path: string): Promise<readonly Entry[]> {
    if (isFile(entry)) return [{ path, blob: entry.oid, mode: entry.mode }]
    if (entry.mode !== FOLDER) return []
    const children = await this.tree(entry.oid)
    const lists: Promise<readonly Entry[]>[] = []
    const files: (Entry | number)[] = []
    for (const child of children) {
      if (isFile(child)) files.push({ path: join(path, child.name), blob: child.oid, mode: child.mode })
      else files.push(lists.push(this.#below(child, join(path, child.name))) - 1)
    }
    const nested = await Promise.all(lists)
    return files.flatMap((item) => (typeof item === 'number' ? (nested[item] ?? []) : item))
  }

  #remember(oid: Oid, object: RawObject): KeptTree {
    const known = this.#trees.get(oid)
    if (known !== undefined) return known
    this.#cachedBytes += object.content.length
    if (this.#cachedBytes > CACHED_TREE_BYTES) {
      this.#trees.clear()
      this.#cachedBytes = object.content.length
    }
    const kept = { object }
    this.#trees.set(oid, kept)
    return kept
  }
}

/** `a` and `a/b` for `a/b/c`. */
const parentFolders = (path: string): readonly string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))

const join = (dir: string, name: string): string => (dir === '' ? name : `${dir}/${name}`)

const unreadable = (type: string, oid: Oid): PromptctlError =>
  new PromptctlError('unavailable', `The ${type} ${oid} cannot be read`, {
    hint: 'Run git fsck to see what is missing.',
    details: { oid },
  })
