import type { Entry, Head, HistoryQuery, Oid, Repository } from '../../registry/ports.js'
import { readMessage } from '../commit-text.js'
import type { IndexRepair } from '../recover.js'
import { fromBytePath, isWithin, toBytePath } from './byte-path.js'
import { compareEntries } from './differences.js'
import { readHistory } from './history.js'
import { findIdentity } from './identity.js'
import { openIgnore } from './ignore.js'
import { readIndex } from './index-change.js'
import type { IndexEntry } from './index-file.js'
import { loadGit, objectId } from './objects.js'
import type { Parts } from './parts.js'
import { fetchBranch, pushBranch } from './push.js'
import { bareError, hooksFolder, needsGit } from './refusals.js'
import { findRemote } from './remote.js'
import { readReference, resolveRevision } from './revision.js'
import { readStatus } from './status.js'
import { isGitlinkMode } from './tree.js'
import { createFilter } from './trees.js'
import { findUnderWay } from './under-way.js'
import { moveBranch, repairIndex, writeCommit, writeStage } from './write.js'

/** Puts the parts together as the port. Whatever a parameter holds, no process is started. */
export function createRepository(parts: Parts): Repository & IndexRepair {
  const { layout, objects, graph, trees, config, env } = parts
  const treeOf = async (commit: Oid): Promise<Oid> => (await graph.commit(commit)).tree
  const list = async (commit: Oid | undefined, paths: readonly string[]) =>
    trees.list(commit && (await treeOf(commit)), createFilter(paths))

  const listIndex = (dir: string): readonly Entry[] =>
    indexBelow(parts, dir)
      .filter((entry) => !isUnmerged(entry) && !entry.isIntent && !isGitlinkMode(entry.mode))
      .map(({ path, oid, mode }) => ({ path: fromBytePath(path), blob: oid, mode }))

  return {
    engine: 'embedded',
    version: async () => `isomorphic-git ${(await loadGit()).version()}`,
    gitDir: layout.gitDir,
    commonDir: layout.commonDir,
    workTree: layout.workTree,
    head: async () => readHead(parts),
    resolveCommit: (revision) => resolveRevision(parts, revision),
    readRef: async (name) => readReference(parts, name),
    remote: async (branch, name) => findRemote(parts, branch, name),
    hooksDir: async () => hooksFolder(layout, config(), env),
    isShallow: async () => graph.isShallow,
    identity: async () => findIdentity(config(), env, 'author'),
    warmUp: () => undefined,
    operationUnderWay: async () => findUnderWay(layout.gitDir),
    unmerged: async () => [
      ...new Set(
        indexBelow(parts, '')
          .filter(isUnmerged)
          .map(({ path }) => fromBytePath(path)),
      ),
    ],

    history: (query: HistoryQuery) => readHistory(parts, query),
    isOnChain: async (commit, tip) => {
      for await (const { oid } of graph.chain(tip)) if (oid === commit) return true
      return false
    },
    distance: async (commit, tip) => {
      let count = 0
      for await (const { oid } of graph.chain(tip)) {
        if (oid === commit) return count
        count += 1
      }
      return undefined
    },
    mergeBase: (a, b) => graph.mergeBase(a, b),
    commitAt: async (tip, seconds) => {
      for await (const { oid, committedAt } of graph.chain(tip)) if (committedAt <= seconds) return oid
      return undefined
    },
    listTree: (commit, dir) => list(commit, dir === '' ? [] : [dir]),
    entriesAt: async (commit, paths) => {
      const found = new Map((paths.length === 0 ? [] : await list(commit, paths)).map((entry) => [entry.path, entry]))
      return paths.flatMap((path) => found.get(path) ?? [])
    },
    listIndex: async (dir) => listIndex(dir),
    differences: async (from, to, dir) => {
      const at = async (commit: Oid) => list(commit, dir === '' ? [] : [dir])
      return compareEntries(from === undefined ? [] : await at(from), to === 'index' ? listIndex(dir) : await at(to))
    },
    readBlobs: async (blobs) => {
      const read = new Map<Oid, Uint8Array>()
      for (const oid of blobs) if (!read.has(oid)) read.set(oid, objects.read(oid, 'blob'))
      return read
    },
    messages: async (commits) => new Map([...commits].map((oid) => [oid, readMessage(objects.read(oid, 'commit'))])),
    blobId: (content) => objectId('blob', content),
    status: async (dir) => {
      const { workTree } = layout
      if (workTree === undefined) throw bareError(layout.gitDir)
      return readStatus({
        workTree,
        dir,
        head: await list(readHead(parts).commit, dir === '' ? [] : [dir]),
        entries: indexBelow(parts, dir).filter(({ mode }) => !isGitlinkMode(mode)),
        indexWrittenAt: readIndex(parts.indexPath).writtenAt,
        ignore: openIgnore({ workTree, commonDir: layout.commonDir, config: config(), env }),
        modeCounts: config().isTrue('core.filemode', true),
      })
    },

    commit: (request) => writeCommit(parts, request),
    stage: (files) => writeStage(parts, files),
    fetch: async (remote, branch) => fetchBranch(parts, remote, branch),
    push: async (request) => pushBranch(parts, request),
    advance: (from, to, reason, branch) => moveBranch(parts, { from, to, reason, branch }),
    replay: async () => {
      throw needsGit('put commits on top of others')
    },
    repairIndex: (entries, absent) => repairIndex(parts, entries, absent),
    close: async () => objects.close(),
  }
}

function readHead({ refs }: Parts): Head {
  const head = refs.read('HEAD')
  if (head === undefined) return { branch: undefined, commit: undefined }
  if ('oid' in head) return { branch: undefined, commit: head.oid }
  return { branch: head.target.replace(/^refs\/heads\//, ''), commit: refs.resolve(head.target) }
}

const indexBelow = ({ indexPath }: Parts, dir: string): readonly IndexEntry[] =>
  readIndex(indexPath).index.entries.filter(({ path }) => isWithin(path, toBytePath(dir)))

const isUnmerged = ({ stage }: IndexEntry): boolean => stage !== 0
