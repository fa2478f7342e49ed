import type { Oid } from '../../registry/ports.js'
import type { CommitJob } from './commit-job.js'
import type { Native } from './native.js'
import type { CommitObject } from './object-format.js'

/** What became of a commit that git says it made. */
export interface MadeCommit {
  readonly commit: Oid
  readonly parent: Oid | undefined
  /** Files of ours that it holds with other bytes, and files that it changed beside ours. */
  readonly altered: readonly string[]
  /** Files of ours that somebody else's commit changed between the expected one and this. */
  readonly overtaken: readonly string[]
}

/** A branch that got this many commits while one was made has not merely moved. */
const MAX_STEPS = 10_000

/**
 * Finds the job's commit between the tip and the expected commit (others may stand below it and above it), and compares
 * it with what was asked for. Undefined when it is not there.
 */
export async function examineCommit(job: CommitJob): Promise<MadeCommit | undefined> {
  const { native, request, paths } = job
  const tip = (await native.refs.head()).commit
  if (tip !== undefined) await native.store.prime(tip, paths.slice(0, 50))
  const chain = await commitsSince(native, tip, request.expected)
  const touching = await asyncFilter(chain, async (link) => (await touched(native, link, paths)).length > 0)
  let made: CommitObject | undefined
  for (const link of touching) if (made === undefined && (await alteredPaths(job, link)).length === 0) made = link
  made ??= touching[0]
  if (made === undefined) return undefined
  const below = touching.slice(touching.indexOf(made) + 1)
  return {
    commit: made.commit,
    parent: made.parents[0],
    altered: [...(await alteredPaths(job, made)), ...(await foreignPaths(job, made))],
    overtaken: (await Promise.all(below.map((link) => touched(native, link, paths)))).flat(),
  }
}

/** Newest first; empty when the expected commit is not below the tip. */
async function commitsSince({ store }: Native, tip: Oid | undefined, expected: Oid | undefined) {
  const chain: CommitObject[] = []
  let at = tip
  while (at !== undefined && at !== expected && chain.length < MAX_STEPS) {
    const link: CommitObject = await store.commit(at)
    chain.push(link)
    at = link.parents[0]
  }
  return at === expected ? chain : []
}

async function touched({ store }: Native, { tree, parents }: CommitObject, paths: readonly string[]) {
  const [before, after] = await Promise.all([
    parents[0] === undefined ? [] : store.entriesAt(parents[0], paths),
    store.entries(tree, paths),
  ])
  const old = new Map(before.map((entry) => [entry.path, `${entry.mode} ${entry.blob}`]))
  const changed = after.filter(({ path, mode, blob }) => old.get(path) !== `${mode} ${blob}`)
  const present = new Set(after.map(({ path }) => path))
  return [...changed, ...before.filter(({ path }) => !present.has(path))].map(({ path }) => path)
}

async function alteredPaths({ native, paths, blobs }: CommitJob, { tree }: CommitObject): Promise<readonly string[]> {
  const found = new Map((await native.store.entries(tree, paths)).map(({ path, blob }) => [path, blob]))
  return paths.filter((path) => found.get(path) !== blobs.get(path))
}

async function foreignPaths({ native, paths }: CommitJob, { tree, parents }: CommitObject): Promise<readonly string[]> {
  const { store } = native
  const before = parents[0] === undefined ? undefined : (await store.commit(parents[0])).tree
  const ours = new Set(paths)
  return (await store.changedPaths(before, tree)).filter((path) => !ours.has(path))
}

async function asyncFilter<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const verdicts = await Promise.all(items.map(test))
  return items.filter((_, index) => verdicts[index])
}
