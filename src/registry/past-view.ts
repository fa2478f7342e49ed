import { compareBytes, formatPromptPath } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import { readTip } from './branches.js'
import { createQuery } from './history.js'
import { readAllRows } from './ledger/ledger.js'
import type { Registry } from './registry.js'
import { commitView, readBlob, type View } from './view.js'

/**
 * The files of prompts that are `gone` from the disk, each as history had it last: where their names are looked up. In a
 * shallow clone that is what HEAD has; while there is no commit, nothing.
 */
export async function readPastView(registry: Registry, isGone: (slug: Slug) => boolean): Promise<View> {
  const tip = await readTip(registry)
  if (tip === undefined) return { read: async () => undefined, slugs: async () => [] }
  const git = await registry.git()
  if (await git.repository.isShallow()) return commitView(git.repository, git.prefix, tip)
  const rows = await readAllRows(git, await createQuery(registry, tip))
  const gone = [...rows.keys()].filter(isGone).sort(compareBytes)
  const blobOf = (environment: string, slug: Slug) =>
    rows.get(slug)?.findLast((row) => row.environment === environment && row.blob !== undefined && !row.link)?.blob
  return {
    read: async (environment, slug) =>
      readBlob(git.repository, formatPromptPath(environment, slug), blobOf(environment, slug)),
    slugs: async (environment) => gone.filter((slug) => blobOf(environment, slug) !== undefined),
  }
}
