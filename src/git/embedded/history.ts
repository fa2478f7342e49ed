import type { HistoryCommit, HistoryQuery } from '../../registry/ports.js'
import type { Parts } from './parts.js'
import { createFilter, createNameFilter } from './trees.js'

/** The port's `history`: walks first parents, and opens only the trees that differ on the way to the asked-for paths. */
export async function* readHistory(
  { graph, trees }: Pick<Parts, 'graph' | 'trees'>,
  { tip, after, paths }: HistoryQuery,
): AsyncGenerator<HistoryCommit> {
  const filter = 'name' in paths ? createNameFilter(paths) : createFilter(paths)
  for await (const commit of graph.chain(tip)) {
    if (commit.oid === after) return
    const [first] = graph.parents(commit)
    const before = first === undefined ? undefined : (await graph.commit(first)).tree
    const changes = trees.diff(before, commit.tree, filter)
    const { oid, author, committedAt, subject } = commit
    if (changes.length > 0) yield { commit: oid, author, committedAt, subject, changes }
  }
}
