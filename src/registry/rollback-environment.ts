import { PromptctlError } from '../core/errors.js'
import { liveIn, type Version } from '../core/ledger.js'
import { planArchive } from '../core/lifecycle/archive.js'
import type { Change, Standing } from '../core/lifecycle/change.js'
import { PROMPTS_DIR } from '../core/paths.js'
import type { Environment } from '../core/slug.js'
import { type Applied, applyPlan, type Plan } from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readAllVersions } from './history.js'
import { commitForPoint } from './point-in-time.js'
import type { Oid } from './ports.js'
import { type Registry, requireEnvironment } from './registry.js'
import { keepOrRefuseEdits, restoreChange } from './rollback.js'
import { readStandings, readVersionDocument } from './standing.js'

export interface EnvironmentRollbackRequest extends PushableRequest {
  readonly environment: Environment
  /** A commit on the branch's first-parent history, or a time, as a user wrote it. */
  readonly to: string
  readonly keepEdits: boolean
}

/**
 * Makes an environment serve what it served at a commit or time, in one commit: every blob that was live there then is
 * restored, and what was not there yet is archived.
 */
export async function rollbackEnvironment(opened: Registry, request: EnvironmentRollbackRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  return applyPlan(registry, (current, head) => planAll(current, head, request), {
    ...request,
    verb: 'rollback',
    session,
  })
}

async function planAll(
  registry: Registry,
  head: Oid | undefined,
  { environment, to, keepEdits }: EnvironmentRollbackRequest,
): Promise<Plan> {
  requireEnvironment(registry.config, environment)
  if (head === undefined) throw new PromptctlError('not_found', 'This repository has no commit yet')
  const then = await commitForPoint(registry, head, to)
  const versions = await readAllVersions(registry, head)
  const later = await commitsAfter(registry, head, then, environment)
  const slugs = [...versions]
    .filter(([, list]) => list.some((v) => v.environment === environment))
    .map(([slug]) => slug)
  const standings = await readStandings(
    registry,
    head,
    slugs.map((slug) => ({ slug, environment })),
    (slug) => versions.get(slug) ?? [],
  )
  const changes: Change[] = []
  for (const standing of standings) {
    const change = await planOne(registry, standing, liveThen(standing, later))
    if (change !== undefined) changes.push(change)
  }
  return { changes: await keepOrRefuseEdits(registry, changes, keepEdits), unchanged: [], skipped: [], versions }
}

async function planOne(registry: Registry, standing: Standing, then: Version | undefined): Promise<Change | undefined> {
  const now = liveIn(standing.versions, standing.environment)
  if (then?.blob === now?.blob) return undefined
  if (then !== undefined) return restoreChange(registry, standing, then)
  // A file that cannot be read stands on top of what is live: what is live is archived.
  const head = standing.head ?? (now === undefined ? undefined : await readVersionDocument(registry, now))
  return planArchive({ ...standing, head })
}

/** The version that was live before any of the commits in `later`. */
function liveThen({ versions, environment }: Standing, later: ReadonlySet<Oid>): Version | undefined {
  const before = versions.filter(({ commit }) => !later.has(commit))
  const newest = before.findLast(
    (version) => version.environment === environment && version.state !== 'draft' && version.state !== 'invalid',
  )
  return newest?.state === 'published' ? newest : undefined
}

async function commitsAfter(
  registry: Registry,
  head: Oid,
  then: Oid,
  environment: Environment,
): Promise<ReadonlySet<Oid>> {
  const { repository, prefix } = await registry.git()
  const commits = new Set<Oid>()
  const paths = [`${prefix}${PROMPTS_DIR}/${environment}`]
  for await (const { commit } of repository.history({ tip: head, after: then, paths })) commits.add(commit)
  return commits
}
