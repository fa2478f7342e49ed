import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { type Candidate, chooseName, closestNames, isUuid, matchNames } from '../core/reference.js'
import { type Environment, isSlug, quoteName, type Slug } from '../core/slug.js'
import { readTip } from './branches.js'
import { readFilePrompt } from './file-prompt.js'
import type { Registry } from './registry.js'
import { commitView, type View, workTreeView } from './view.js'

/** The files that commands read when no version is asked for: the work tree, or in a bare repository the shared branch. */
export async function readView(registry: Registry): Promise<View> {
  if (registry.workTree !== undefined) return workTreeView(registry, registry.workTree)
  const { repository, prefix } = await registry.git()
  const tip = await readTip(registry)
  if (tip === undefined) throw new PromptctlError('not_found', 'This repository has no commit yet')
  return commitView(repository, prefix, tip)
}

/**
 * The slug that a name means on the command line: a slug, a unique prefix, an 8-digit suffix, a UUID or an alias, in
 * any environment. Throws `ambiguous` and `not_found`. Where `deleted` allows it, history is asked for a name that no file
 * has; a full slug is given back as it is, because whoever needs its versions reads them anyway.
 */
export async function resolveSlug(registry: Registry, name: string, { deleted = false } = {}): Promise<Slug> {
  const view = await readView(registry)
  if (isSlug(name) && (await existsSomewhere(registry, view, name))) return name
  const homes = await readHomes(registry, view)
  const chosen = (await chooseIn(view, homes, name)) ?? (deleted ? await chooseGone(registry, homes, name) : undefined)
  if (chosen !== undefined) return chosen
  throw notFound(name, homes.keys())
}

async function chooseIn(view: View, homes: Homes, name: string): Promise<Slug | undefined> {
  const matches = matchNames(name, homes.keys())
  return matches.length > 1 || isUuid(name)
    ? chooseName(name, await readCandidates(view, homes, matches, name))
    : (matches[0] ?? chooseName(name, await readAliased(view, homes, name)))
}

async function chooseGone(registry: Registry, homes: Homes, name: string): Promise<Slug | undefined> {
  if (isSlug(name)) return name
  // Compiling a file starts quickly because it loads nothing of this.
  const { readPastView } = await import('./past-view.js')
  const past = await readPastView(registry, (slug) => !homes.has(slug))
  return chooseIn(past, await readHomes(registry, past), name)
}

/** As resolveSlug, for several; a prompt that is named twice is taken once. */
export async function resolveSlugs(registry: Registry, names: readonly string[]): Promise<readonly Slug[]> {
  const slugs = new Set<Slug>()
  for (const name of names) slugs.add(await resolveSlug(registry, name, { deleted: true }))
  return [...slugs]
}

type Homes = ReadonlyMap<Slug, readonly Environment[]>

async function existsSomewhere(registry: Registry, view: View, slug: Slug): Promise<boolean> {
  for (const environment of registry.config.environments) {
    if (await exists(view, environment, slug)) return true
  }
  return false
}

/** A symbolic link in place of the file is there, too: what is live of the prompt can still be asked for. */
async function exists(view: View, environment: Environment, slug: Slug): Promise<boolean> {
  try {
    return (await view.read(environment, slug)) !== undefined
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return true
    throw error
  }
}

/** Every slug that has a file, with the environments that it has one in. */
async function readHomes(registry: Registry, view: View): Promise<Homes> {
  const homes = new Map<Slug, Environment[]>()
  for (const environment of registry.config.environments) {
    for (const slug of await view.slugs(environment)) {
      const known = homes.get(slug)
      if (known === undefined) homes.set(slug, [environment])
      else known.push(environment)
    }
  }
  return homes
}

async function readCandidates(
  view: View,
  homes: Homes,
  matches: readonly Slug[],
  name: string,
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const slug of matches) {
    for (const environment of homes.get(slug) ?? []) {
      const prompt = await readFilePrompt(view, environment, slug)
      if (isUuid(name) && prompt?.id !== name) continue
      candidates.push({ slug, archived: prompt?.state === 'archived' })
    }
  }
  return candidates
}

async function readAliased(view: View, homes: Homes, name: string): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const [slug, environments] of homes) {
    for (const environment of environments) {
      const prompt = await readFilePrompt(view, environment, slug, name)
      if (prompt?.aliases?.includes(name)) candidates.push({ slug, archived: prompt.state === 'archived' })
    }
  }
  return candidates
}

function notFound(name: string, slugs: Iterable<Slug>): PromptctlError {
  const close = closestNames(name, slugs)
  return new PromptctlError('not_found', `There is no prompt ${quoteName(name)}`, {
    hint: close.length > 0 ? `Did you mean ${close.join(' or ')}?` : 'promptctl list shows what there is.',
    details: { name, ...(close.length > 0 ? { closest: close } : {}) },
  })
}
