import { planArchive } from '../core/lifecycle/archive.js'
import type { Change } from '../core/lifecycle/change.js'
import type { Environment, Slug } from '../core/slug.js'
import { type Applied, applyPlan, type Plan, type Skipped } from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readVersionsOf } from './history.js'
import { assertNotIncluded } from './partials.js'
import type { Oid } from './ports.js'
import { assertClean, assertExpected, type Expectation } from './preconditions.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { resolveSlugs } from './resolve.js'
import { readStandings } from './standing.js'
import { planningView } from './view.js'

export interface ArchiveRequest extends PushableRequest {
  readonly names: readonly string[]
  readonly all: boolean
  readonly environment: Environment | undefined
  readonly expect: Expectation | undefined
}

/** Takes prompts out of service in one environment, in one commit. */
export async function archive(opened: Registry, request: ArchiveRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  const named = request.all ? undefined : await resolveSlugs(registry, request.names)
  return applyPlan(registry, (current, head) => planAll(current, head, request, named), {
    ...request,
    verb: 'archive',
    session,
  })
}

async function planAll(
  registry: Registry,
  head: Oid | undefined,
  request: ArchiveRequest,
  named: readonly Slug[] | undefined,
): Promise<Plan> {
  const environment = chooseEnvironment(registry, request.environment)
  const slugs = named ?? (await (await planningView(registry, head)).slugs(environment))
  const places = slugs.map((slug) => ({ slug, environment }))
  const versions = await readVersionsOf(registry, head, slugs)
  const standings = await readStandings(registry, head, places, (slug) => versions.get(slug) ?? [])
  const changes: Change[] = []
  const skipped: Skipped[] = []
  for (const standing of standings) {
    assertExpected(standing, request.expect)
    if (request.all && (standing.head === undefined || standing.head.prompt.state === 'archived')) {
      skipped.push({ slug: standing.slug, reason: standing.head === undefined ? 'not committed' : 'archived already' })
    } else changes.push(planArchive(standing))
  }
  await assertClean(registry, changes)
  await assertNotIncluded(registry, head, environment, new Set(changes.map(({ slug }) => slug)))
  return { changes, unchanged: [], skipped, versions }
}
