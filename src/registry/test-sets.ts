import { PromptctlError } from '../core/errors.js'
import { formatTestSetPath, TEST_SETS_DIR } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import { readFileAt } from './file-at.js'
import type { Oid, PathAndBytes } from './ports.js'
import type { Registry } from './registry.js'

/**
 * A prompt's test set to try it with: the work tree's, or that of `head` where there is no work tree, or a server answers.
 * Undefined when there is none. A gate goes by another: see reviewed.ts.
 */
export async function readTestSet(
  registry: Registry,
  head: Oid | undefined,
  slug: Slug,
): Promise<PathAndBytes | undefined> {
  const path = formatTestSetPath(slug)
  if (registry.workTree !== undefined) {
    const bytes = registry.workTree.read(path)
    return bytes === undefined ? undefined : { path, bytes }
  }
  if (head === undefined) return undefined
  const { repository, prefix } = await registry.git()
  const file = await readFileAt(repository, head, `${prefix}${path}`)
  return file === undefined ? undefined : { path, bytes: file.bytes }
}

/** As readTestSet; throws `not_found`. */
export async function requireTestSet(registry: Registry, head: Oid | undefined, slug: Slug): Promise<PathAndBytes> {
  const set = await readTestSet(registry, head, slug)
  if (set !== undefined) return set
  throw new PromptctlError('not_found', `${slug} has no test set: there is no ${formatTestSetPath(slug)}`, {
    hint: 'It holds the cases that the prompt is tried with: tests, each with vars and assert.',
    details: { slug, set: formatTestSetPath(slug) },
  })
}

/** The names in evals/, without what is no YAML file, in byte order. */
export async function listTestSets(registry: Registry, head: Oid | undefined): Promise<readonly string[]> {
  const names = registry.workTree === undefined ? await namesAt(registry, head) : registry.workTree.names(TEST_SETS_DIR)
  return names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length))
}

async function namesAt(registry: Registry, head: Oid | undefined): Promise<readonly string[]> {
  if (head === undefined) return []
  const { repository, prefix } = await registry.git()
  const folder = `${prefix}${TEST_SETS_DIR}`
  return (await repository.listTree(head, folder)).map(({ path }) => path.slice(folder.length + 1))
}
