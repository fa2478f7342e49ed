import { PromptctlError } from '../core/errors.js'
import { newestIn } from '../core/ledger.js'
import type { Standing } from '../core/lifecycle/change.js'
import { formatPromptPath } from '../core/paths.js'
import type { Registry } from './registry.js'
import type { PromptPlace } from './standing.js'

/** Throws `conflict` unless `expected` is the newest version in the environment. Undefined expects nothing. */
export function assertExpected({ slug, environment, versions }: Standing, expected: number | undefined): void {
  if (expected === undefined) return
  const newest = newestIn(versions, environment)?.version ?? 0
  if (newest === expected) return
  throw new PromptctlError('conflict', `${slug} is at version ${newest} in ${environment}, not at ${expected}`, {
    hint: `See what changed: promptctl diff ${slug} ${expected} ${newest}`,
    details: { slug, environment, expected, version: newest },
  })
}

/** Above this many files one `git status` of the whole folder is cheaper than one a file. */
const FEW = 4

/** The paths below the registry's root, among those of `places`, that differ from HEAD in the index or the work tree. */
export async function dirtyPaths(registry: Registry, places: readonly PromptPlace[]): Promise<ReadonlySet<string>> {
  const { repository, prefix } = await registry.git()
  if (repository.workTree === undefined) return new Set()
  const paths = new Set(places.map(({ environment, slug }) => formatPromptPath(environment, slug)))
  const asked = paths.size <= FEW ? [...paths] : [...new Set(places.map(({ environment }) => `prompts/${environment}`))]
  const found = await Promise.all(asked.map((path) => repository.status(`${prefix}${path}`)))
  return new Set(
    found
      .flat()
      .map(({ path }) => path.slice(prefix.length))
      .filter((path) => paths.has(path)),
  )
}

/** Throws `conflict` when a file has edits that are not committed: they would be lost. */
export async function assertClean(registry: Registry, places: readonly PromptPlace[], hint?: string): Promise<void> {
  const dirty = [...(await dirtyPaths(registry, places))]
  if (dirty.length === 0) return
  throw new PromptctlError('conflict', `${dirty.join(', ')} ${dirty.length === 1 ? 'has' : 'have'} uncommitted edits`, {
    hint: hint ?? 'Publish or commit them, or take them back with git restore.',
    details: { files: dirty, reason: 'uncommitted_edits' },
  })
}
