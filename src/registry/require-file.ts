import { PromptctlError } from '../core/errors.js'
import { newestIn } from '../core/ledger.js'
import { illegalTransition } from '../core/lifecycle/change.js'
import { wayBack } from '../core/lifecycle/rollback.js'
import { formatPromptPath } from '../core/paths.js'
import { readVersionsOf } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import type { PromptPlace } from './standing.js'
import type { RawPrompt, View } from './view.js'

/**
 * The file of a prompt that is to be published or edited. Throws `illegal_transition` where the prompt was deleted, and
 * `not_found` where there is none, or where only the work tree lacks it.
 */
export async function requireFile(
  registry: Registry,
  view: View,
  head: Oid | undefined,
  place: PromptPlace,
): Promise<RawPrompt> {
  const raw = await view.read(place.environment, place.slug)
  if (raw !== undefined) return raw
  throw await explainMissing(registry, head, place)
}

async function explainMissing(registry: Registry, head: Oid | undefined, place: PromptPlace): Promise<PromptctlError> {
  const { slug, environment } = place
  const path = formatPromptPath(environment, slug)
  const { repository, prefix } = await registry.git()
  const inHead = head === undefined ? [] : await repository.entriesAt(head, [`${prefix}${path}`])
  if (registry.workTree !== undefined && inHead.length > 0) {
    const isStaged = (await repository.status(`${prefix}${path}`)).some(({ staged }) => staged)
    return new PromptctlError('not_found', `${path} is missing from the work tree`, {
      hint: `git restore ${isStaged ? '--staged --worktree ' : ''}${path} brings it back.`,
      details: { slug, environment },
    })
  }
  const versions = (await readVersionsOf(registry, head, [slug])).get(slug) ?? []
  if (newestIn(versions, environment)?.state === 'deleted') {
    return illegalTransition(place, `${slug} is deleted in ${environment}`, wayBack({ ...place, versions }))
  }
  const elsewhere = 'promptctl status shows where it is; --env chooses an environment.'
  return new PromptctlError('not_found', `${slug} has no file in ${environment}`, {
    hint:
      environment === registry.config.environments[0] || versions.length === 0
        ? elsewhere
        : `promptctl promote ${slug} --to ${environment} brings what is live before it; ${elsewhere}`,
    details: { slug, environment },
  })
}
