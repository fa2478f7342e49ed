import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Identity, Oid, Repository } from '../../registry/ports.js'
import type { IndexRepair } from '../recover.js'
import { advance } from './advance.js'
import { commitFiles, workTreeOf } from './commit.js'
import { type Remotes, readLocalRemotes, readRemotes } from './config.js'
import { listDifferences } from './differences.js'
import { commitAt, distance, mergeBase, streamHistory } from './history.js'
import { readIdentity } from './identity.js'
import { listIndex, listStatus, unmergedPaths } from './index-status.js'
import { type Location, locate } from './location.js'
import type { Native } from './native.js'
import { ObjectReader } from './object-reader.js'
import { ObjectStore } from './objects.js'
import { findOperation } from './operation.js'
import { type GitContext, type ProcessEnv, readText } from './process.js'
import { RefReader } from './refs.js'
import { fetchBranch, pushBranch } from './remote.js'
import { replay } from './replay.js'
import { repairIndex, stageFiles } from './stage.js'

export interface NativeOptions {
  readonly env: ProcessEnv
  /** The directory that the process was started in, which inherited GIT_* variables are about; `dir` by default. */
  readonly base?: string | undefined
  /** Aborting interrupts a commit that is under way: its files are put back, and it fails. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the repository around `dir` with the git command. Throws `not_found` where there is none, `unavailable` when git
 * cannot be run or does not trust the repository, `unsupported` when git is too old.
 */
export async function openNative(dir: string, options: NativeOptions): Promise<Repository & IndexRepair> {
  const location = await locate(dir, options.env, options.base)
  const context: GitContext = { cwd: location.workTree ?? location.gitDir, env: location.env, signal: options.signal }
  const reader = new ObjectReader(context)
  const native: Native = {
    location,
    context,
    store: new ObjectStore(reader),
    refs: new RefReader(context, location),
    blobId: (content) => blobId(location, content),
  }
  return { ...reads(native), ...history(native), ...writes(native), close: () => reader.close() }
}

/** `blob <size>\0<content>`, hashed as the repository hashes. */
function blobId({ objectFormat }: Location, content: Uint8Array): Oid {
  return createHash(objectFormat).update(`blob ${content.length}\0`).update(content).digest('hex') as Oid
}

function reads(native: Native) {
  const { location, context, refs, store } = native
  return {
    engine: 'native' as const,
    version: async () => (await readText(context, ['--version'])).trim(),
    gitDir: location.gitDir,
    commonDir: location.commonDir,
    workTree: location.workTree,
    head: () => refs.head(),
    resolveCommit: (revision: string) => refs.resolve(revision),
    readRef: (name: string) => refs.readRef(name),
    remote: (branch: string | undefined, name?: string) => chooseRemote(native, branch, name),
    hooksDir: async () => {
      const folder = await readText(context, ['rev-parse', '--path-format=absolute', '--git-path', 'hooks'])
      return folder.replace(/\n$/, '')
    },
    isShallow: async () => (statSync(join(location.commonDir, 'shallow'), { throwIfNoEntry: false })?.size ?? 0) > 0,
    ...identityOf(native),
    operationUnderWay: async () => findOperation(location.gitDir),
    unmerged: () => unmergedPaths(context),
    listTree: async (commit: Oid, dir: string) => store.list((await store.commit(commit)).tree, dir),
    entriesAt: async (commit: Oid, paths: readonly string[]) => store.entriesAt(commit, paths),
    listIndex: (dir: string) => listIndex(context, dir),
    differences: (from: Oid | undefined, to: Oid | 'index', dir: string) => listDifferences(native, from, to, dir),
    readBlobs: (blobs: Iterable<Oid>) => readBlobs(store, blobs),
    messages: async (commits: Iterable<Oid>) => store.messages([...commits]),
    blobId: native.blobId,
    status: async (dir: string) => {
      workTreeOf(native)
      return listStatus(context, dir, native.blobId)
    },
  }
}

/** `warmUp` asks git ahead of time; that answer is given once, because a server lives longer than a configuration. */
function identityOf({ context, store }: Native) {
  let early: Promise<Identity> | undefined
  return {
    identity: (): Promise<Identity> => {
      const asked = early ?? readIdentity(context)
      early = undefined
      return asked
    },
    warmUp: (): void => {
      early = readIdentity(context)
      early.catch(() => undefined) // Told to whoever asks for it.
      store.warmUp()
    },
  }
}

function history({ context }: Native) {
  return {
    history: (query: Parameters<Repository['history']>[0]) => streamHistory(context, query),
    isOnChain: async (commit: Oid, tip: Oid) => (await distance(context, commit, tip)) !== undefined,
    distance: (commit: Oid, tip: Oid) => distance(context, commit, tip),
    mergeBase: (a: Oid, b: Oid) => mergeBase(context, a, b),
    commitAt: (tip: Oid, seconds: number) => commitAt(context, tip, seconds),
  }
}

function writes(native: Native) {
  return {
    commit: (request: Parameters<Repository['commit']>[0]) => commitFiles(native, request),
    stage: (files: Parameters<Repository['stage']>[0]) => stageFiles(native, files),
    fetch: (remote: string, branch: string) => fetchBranch(native, remote, branch),
    push: (request: Parameters<Repository['push']>[0]) => pushBranch(native, request),
    advance: (from: Oid | undefined, to: Oid, reason: string, branch?: string) =>
      advance(native, from, to, reason, branch),
    replay: (tip: Oid, onto: Oid) => replay(native, tip, onto),
    repairIndex: (entries: readonly Entry[], absent: readonly string[]) => repairIndex(native, entries, absent),
  }
}

async function readBlobs(store: ObjectStore, blobs: Iterable<Oid>): Promise<ReadonlyMap<Oid, Uint8Array>> {
  const unique = [...new Set(blobs)]
  return new Map(await Promise.all(unique.map(async (oid) => [oid, await store.blob(oid)] as const)))
}

async function chooseRemote({ context, location, refs }: Native, branch: string | undefined, asked?: string) {
  const local = readLocalRemotes(location)
  const known = local === undefined ? undefined : pickRemote(local, asked ?? local.tracked.get(branch ?? ''))
  const name = known ?? chooseAmong(await readRemotes(context), branch, asked)
  return name === undefined ? undefined : { name, head: await refs.remoteHead(name) }
}

function chooseAmong(remotes: Remotes, branch: string | undefined, asked: string | undefined): string | undefined {
  if (asked !== undefined) return pickRemote(remotes, asked)
  const tracked = branch === undefined ? undefined : remotes.tracked.get(branch)
  return pickRemote(remotes, tracked) ?? pickRemote(remotes, 'origin') ?? pickRemote(remotes, onlyOne(remotes.names))
}

/** A name that looks like an option is no remote, whatever the configuration says. */
const pickRemote = ({ names }: Remotes, name: string | undefined): string | undefined =>
  name !== undefined && name !== '' && !name.startsWith('-') && names.includes(name) ? name : undefined

const onlyOne = (names: readonly string[]): string | undefined => (names.length === 1 ? names[0] : undefined)
