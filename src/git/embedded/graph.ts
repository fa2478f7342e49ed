import { join } from 'node:path'
import { createSizedMap } from '../../core/bounded-map.js'
import type { Oid } from '../../registry/ports.js'
import { type Commit, parseCommit } from './commit-object.js'
import { readIfThere } from './disk.js'
import type { Objects } from './objects.js'

/** Commits and how they hang together. In a shallow clone the history ends where the clone does. */
export interface Graph {
  readonly isShallow: boolean
  /** Throws `unavailable` when it is missing or no commit. */
  commit(oid: Oid): Promise<Commit>
  /** Parents as git sees them: none at the edge of a shallow clone. */
  parents(commit: Commit): readonly Oid[]
  /** The first-parent chain, newest first. */
  chain(tip: Oid): AsyncGenerator<Commit>
  mergeBase(a: Oid, b: Oid): Promise<Oid | undefined>
}

/** Commits are small: some 400 bytes each. */
const MAX_COMMITS = 50_000

export function openGraph(commonDir: string, objects: Objects): Graph {
  const shallow = new Set(readIfThere(join(commonDir, 'shallow'))?.toString('utf8').split('\n').filter(Boolean))
  const commits = createSizedMap<Oid, Commit>(MAX_COMMITS, () => 1)
  const commit = async (oid: Oid): Promise<Commit> => {
    const known = commits.get(oid)
    if (known !== undefined) return known
    const parsed = parseCommit(oid, objects.read(oid, 'commit'))
    commits.set(oid, parsed)
    return parsed
  }
  const parents = ({ oid, parents }: Commit): readonly Oid[] => (shallow.has(oid) ? [] : parents)
  return {
    isShallow: shallow.size > 0,
    commit,
    parents,
    chain: async function* (tip) {
      for (let oid: Oid | undefined = tip; oid !== undefined; ) {
        const current: Commit = await commit(oid)
        yield current
        oid = parents(current)[0]
      }
    },
    mergeBase: (a, b) => findMergeBase({ commit, parents }, a, b),
  }
}

const OURS = 1
const THEIRS = 2
const BOTH = OURS | THEIRS
/** Below a common ancestor that was found: painted on, so that older ones are not taken for the best. */
const STALE = 4

/**
 * The best common ancestor, as `git merge-base` prints first: both sides are painted down, newest commit first, until
 * only what is below a common ancestor is left. With several, those that another one reaches are dropped.
 */
async function findMergeBase(graph: Pick<Graph, 'commit' | 'parents'>, a: Oid, b: Oid): Promise<Oid | undefined> {
  if (a === b) return a
  const candidates = await paintDown(graph, a, [b])
  for (const candidate of candidates) {
    const others = candidates.filter((other) => other !== candidate)
    if (others.length === 0 || !(await isReached(graph, candidate, others))) return candidate
  }
  return undefined
}

/** Common ancestors of `a` and any of `others`, newest first; some may be ancestors of others where clocks were wrong. */
async function paintDown(
  graph: Pick<Graph, 'commit' | 'parents'>,
  a: Oid,
  others: readonly Oid[],
): Promise<readonly Oid[]> {
  const paint = new Map<Oid, number>()
  const queue: Commit[] = []
  const found: Commit[] = []
  const add = async (oid: Oid, color: number): Promise<void> => {
    const before = paint.get(oid) ?? 0
    if ((before & color) === color) return
    paint.set(oid, before | color)
    insert(queue, await graph.commit(oid))
  }
  await add(a, OURS)
  for (const other of others) await add(other, THEIRS)
  while (queue.some(({ oid }) => ((paint.get(oid) ?? 0) & STALE) === 0)) {
    const current = queue.pop()
    if (current === undefined) break
    let color = paint.get(current.oid) ?? 0
    if (color === BOTH) {
      found.push(current)
      color |= STALE
      paint.set(current.oid, color | STALE)
    }
    for (const parent of graph.parents(current)) await add(parent, color)
  }
  const best = found.filter(({ oid }, index) => found.findIndex((other) => other.oid === oid) === index)
  return best.sort((x, y) => y.committedAt - x.committedAt).map(({ oid }) => oid)
}

async function isReached(graph: Pick<Graph, 'commit' | 'parents'>, oid: Oid, from: readonly Oid[]): Promise<boolean> {
  const seen = new Set<Oid>(from)
  const stack = [...from]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === oid) return true
    for (const parent of graph.parents(await graph.commit(next))) {
      if (!seen.has(parent)) {
        seen.add(parent)
        stack.push(parent)
      }
    }
  }
  return false
}

/** Keeps the queue sorted by date, the newest last, where `pop` takes it. */
function insert(queue: Commit[], commit: Commit): void {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((queue[middle]?.committedAt ?? 0) < commit.committedAt) low = middle + 1
    else high = middle
  }
  queue.splice(low, 0, commit)
}
