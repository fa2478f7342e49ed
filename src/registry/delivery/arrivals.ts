import type { Version } from '../../core/ledger.js'
import { compareBytes, formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../../core/paths.js'
import type { Slug } from '../../core/slug.js'
import { provisionalCommits } from '../branches.js'
import { readVersionsOf } from '../history.js'
import { type LogEntry, logEntry } from '../log.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'

/**
 * The versions that came with the commits after `after`, up to `tip`, oldest first. Undefined when `after` is not on the
 * first-parent chain of `tip`: then nobody can say what is new.
 */
export async function readArrivals(registry: Registry, after: Oid, tip: Oid): Promise<readonly LogEntry[] | undefined> {
  const { repository, prefix } = await registry.git()
  if (!(await repository.isOnChain(after, tip))) return undefined
  // Newest first, as history has them.
  const commits = new Map<Oid, number>()
  const slugs = new Set<Slug>()
  for await (const { commit, changes } of repository.history({ tip, after, paths: [`${prefix}${PROMPTS_DIR}`] })) {
    commits.set(commit, commits.size)
    for (const { path } of changes) {
      const where = parsePromptPath(path.slice(prefix.length))
      if (where !== undefined) slugs.add(where.slug)
    }
  }
  if (slugs.size === 0) return []
  const [versions, provisional] = await Promise.all([
    readVersionsOf(registry, tip, [...slugs]),
    provisionalCommits(registry, tip),
  ])
  return [...versions.values()]
    .flat()
    .filter(({ commit }) => commits.has(commit))
    .sort((a, b) => orderOf(b, commits) - orderOf(a, commits) || compareBytes(pathOf(a), pathOf(b)))
    .map((version) => logEntry(version, provisional))
}

const orderOf = ({ commit }: Version, commits: ReadonlyMap<Oid, number>): number => commits.get(commit) ?? 0
const pathOf = ({ environment, slug }: Version): string => formatPromptPath(environment, slug)
