import { PromptctlError } from '../core/errors.js'
import type { Change } from '../core/lifecycle/change.js'
import { isUuid } from '../core/reference.js'
import { type Environment, isSlug, type Slug, suffixOf } from '../core/slug.js'
import { readFilePrompt } from './file-prompt.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { planningView } from './view.js'

/**
 * Throws `conflict` when a change brings an alias that another prompt of the environment has, or goes by as its slug or id, or two
 * changes share one.
 */
export async function assertAliasesFree(
  registry: Registry,
  head: Oid | undefined,
  environment: Environment,
  changes: readonly Change[],
): Promise<void> {
  const owners = new Map<string, string>()
  for (const { slug, origin } of changes) {
    for (const alias of origin.prompt.aliases ?? []) {
      const owner = owners.get(alias)
      if (owner !== undefined) throw taken(alias, slug, owner)
      owners.set(alias, slug)
    }
  }
  if (owners.size === 0) return
  const view = await planningView(registry, head)
  const changed = new Set(changes.map(({ slug }) => slug))
  const slugs = await view.slugs(environment)
  assertNoneNames(new Set([...slugs, ...changed]), owners)
  for (const slug of slugs) {
    if (changed.has(slug)) continue
    const prompt = await readFilePrompt(view, environment, slug, 'aliases')
    if (prompt === undefined || prompt.state === 'archived') continue
    for (const alias of prompt.aliases ?? []) {
      const claimant = owners.get(alias)
      if (claimant !== undefined) throw taken(alias, claimant, slug)
    }
  }
}

/** A UUID counts by its first 8 digits, which are the slug's last. */
function assertNoneNames(slugs: ReadonlySet<Slug>, owners: ReadonlyMap<string, string>): void {
  for (const [alias, claimant] of owners) {
    if (!isSlug(alias) && !isUuid(alias)) continue
    const named = [...slugs].find((slug) => slug === alias || (isUuid(alias) && suffixOf(slug) === alias.slice(0, 8)))
    if (named !== undefined && named !== claimant) throw taken(alias, claimant, named)
  }
}

const taken = (alias: string, slug: string, owner: string): PromptctlError =>
  new PromptctlError('conflict', `The alias ${alias} of ${slug} belongs to ${owner} already`, {
    hint: 'An alias is unique in an environment: take it out of one of them.',
    details: { alias, slug, owner, rule: 'duplicate_alias' },
  })
