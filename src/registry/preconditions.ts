import { PromptctlError } from '../core/errors.js'
import { newestIn, type Version } from '../core/ledger.js'
import type { Standing } from '../core/lifecycle/change.js'
import { formatPromptPath } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import type { PromptPlace } from './standing.js'

/**
 * What a caller takes for the newest version in the environment: its number (0 where there is none), its commit, or any there
 * is; `none` is what nothing fulfils.
 */
export type Expectation = number | { readonly commit: Oid } | 'any' | 'none'

/** Throws `conflict` unless the newest version in the environment is the expected one. Undefined expects nothing. */
export function assertExpected({ slug, environment, versions }: Standing, expected: Expectation | undefined): void {
  const newest = newestIn(versions, environment)
  if (expected === undefined || isExpected(newest, expected)) return
  const number = newest?.version ?? 0
  const other = typeof expected === 'number' ? `, not at ${expected}` : ', which is not what was expected'
  throw new PromptctlError('conflict', `${slug} is at version ${number} in ${environment}${other}`, {
    hint: describeNext(slug, versions, expected, number),
    details: { slug, environment, expected, version: number },
  })
}

function isExpected(newest: Version | undefined, expected: Expectation): boolean {
  if (typeof expected === 'number') return (newest?.version ?? 0) === expected
  if (expected === 'any') return newest !== undefined
  return expected !== 'none' && newest?.commit === expected.commit
}

function describeNext(slug: Slug, versions: readonly Version[], expected: Expectation, newest: number): string {
  if (typeof expected !== 'number') return 'Read it again, and decide on what it is now.'
  const isThere = (number: number): boolean => versions.some(({ version }) => version === number)
  if (isThere(expected) && isThere(newest)) return `See what changed: promptctl diff ${slug} ${expected} ${newest}`
  return versions.length === 0 ? 'It has no version yet.' : `promptctl log ${slug} lists its versions.`
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
