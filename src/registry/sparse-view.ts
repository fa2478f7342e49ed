import { compareBytes, formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { readTip } from './branches.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { isLink, readBlob, type View } from './view.js'

/**
 * The files that a sparse checkout leaves out, as HEAD has them: in HEAD, and not changed for git, although they may not be
 * on the disk. Those that are on the disk are among them, and the same there.
 */
export function unchangedView(registry: Registry): View {
  const known = new Map<Environment, Promise<ReadonlyMap<Slug, Oid>>>()
  const unchangedIn = (environment: Environment): Promise<ReadonlyMap<Slug, Oid>> => {
    const found = known.get(environment) ?? readUnchanged(registry, environment)
    known.set(environment, found)
    return found
  }
  return {
    read: async (environment, slug) => {
      const { repository } = await registry.git()
      return readBlob(repository, formatPromptPath(environment, slug), (await unchangedIn(environment)).get(slug))
    },
    slugs: async (environment) => [...(await unchangedIn(environment)).keys()].sort(compareBytes),
  }
}

async function readUnchanged(registry: Registry, environment: Environment): Promise<ReadonlyMap<Slug, Oid>> {
  const { repository, prefix } = await registry.git()
  const tip = await readTip(registry)
  if (tip === undefined) return new Map()
  const dir = `${prefix}${PROMPTS_DIR}/${environment}`
  const [entries, changed] = await Promise.all([repository.listTree(tip, dir), repository.status(dir)])
  const isChanged = new Set(changed.map(({ path }) => path))
  const unchanged = new Map<Slug, Oid>()
  for (const entry of entries) {
    const where =
      isLink(entry) || isChanged.has(entry.path) ? undefined : parsePromptPath(entry.path.slice(prefix.length))
    if (where !== undefined) unchanged.set(where.slug, entry.blob)
  }
  return unchanged
}
