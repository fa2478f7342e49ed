import { PromptctlError } from '../core/errors.js'
import { liveIn, type Version } from '../core/ledger.js'
import { type Change, createChange, type Standing } from '../core/lifecycle/change.js'
import { planRollback } from '../core/lifecycle/rollback.js'
import { formatPromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { type Applied, applyPlan, type ChangeRecord, type Plan, unchangedRecord } from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readVersionsOf } from './history.js'
import type { Oid } from './ports.js'
import { assertClean, assertExpected, dirtyPaths, type Expectation } from './preconditions.js'
import { findAskedEnvironment, type Registry } from './registry.js'
import { resolveSlug } from './resolve.js'
import { readStandings, readVersionBytes, readVersionDocument } from './standing.js'

export interface RollbackRequest extends PushableRequest {
  /** One or more prompts; without a version, the published content before the one that is live. */
  readonly targets: readonly RollbackTarget[]
  readonly environment: Environment | undefined
  readonly restore: boolean
  readonly keepEdits: boolean
  readonly expect: Expectation | undefined
}

export interface RollbackTarget {
  readonly name: string
  /** A number, or the commit of a version as a user wrote it. */
  readonly at?: { readonly version: number } | { readonly commit: string }
}

/** A target whose name is resolved. */
interface Aim {
  readonly slug: Slug
  readonly at: RollbackTarget['at']
}

/** Restores older published blobs, all in one commit. Never gated. */
export async function rollback(opened: Registry, request: RollbackRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  const aims: Aim[] = []
  for (const { name, at } of request.targets) {
    const slug = await resolveSlug(registry, name, { deleted: true })
    if (aims.some((aim) => aim.slug === slug)) throw new PromptctlError('usage', `${slug} is named twice`)
    aims.push({ slug, at })
  }
  return applyPlan(registry, (current, head) => planAll(current, head, request, aims), {
    ...request,
    verb: 'rollback',
    session,
  })
}

async function planAll(
  registry: Registry,
  head: Oid | undefined,
  request: RollbackRequest,
  aims: readonly Aim[],
): Promise<Plan> {
  const versions = await readVersionsOf(
    registry,
    head,
    aims.map(({ slug }) => slug),
  )
  const places = aims.map(({ slug }) => ({
    slug,
    environment: chooseRollbackEnvironment(registry, slug, versions.get(slug) ?? [], request.environment),
  }))
  const standings = await readStandings(registry, head, places, (slug) => versions.get(slug) ?? [])
  const changes: Change[] = []
  const unchanged: ChangeRecord[] = []
  for (const [index, standing] of standings.entries()) {
    assertExpected(standing, request.expect)
    const target = planRollback(standing, numberOf(standing, aims[index]?.at), request.restore)
    if (target === undefined) unchanged.push(unchangedRecord(standing))
    else changes.push(await restoreChange(registry, standing, target))
  }
  const edited = await keepOrRefuseEdits(registry, changes, request.keepEdits)
  if (!request.keepEdits) await assertClean(registry, unchanged, KEEP_EDITS)
  return { changes: edited, unchanged, skipped: [], versions }
}

/** The change that brings back exactly the blob of `target`. */
export async function restoreChange(registry: Registry, standing: Standing, target: Version): Promise<Change> {
  const [content, document] = await Promise.all([
    readVersionBytes(registry, target),
    readVersionDocument(registry, target),
  ])
  return createChange(standing, document, {
    action: 'rolled_back',
    state: 'published',
    content,
    restores: { version: target.version, commit: target.commit },
  })
}

/** --env, else PROMPTCTL_ENV, else the one environment where the prompt is live, else the one where it was published. */
function chooseRollbackEnvironment(
  registry: Registry,
  slug: Slug,
  versions: readonly Version[],
  flag: Environment | undefined,
): Environment {
  if (versions.length === 0) {
    throw new PromptctlError('not_found', `There is no prompt ${slug} in the history`, {
      hint: 'promptctl list shows what there is.',
    })
  }
  const asked = findAskedEnvironment(registry, flag)
  if (asked !== undefined) return asked
  const { environments, defaultEnvironment } = registry.config
  const live = environments.filter((environment) => liveIn(versions, environment) !== undefined)
  const published = environments.filter((environment) =>
    versions.some((version) => version.environment === environment && version.state === 'published'),
  )
  const candidates = live.length > 0 ? live : published
  if (candidates.length > 1) {
    throw new PromptctlError(
      'usage',
      `${slug} is in ${candidates.join(', ')}, so --env has to say where to roll back`,
      {
        hint: `promptctl rollback ${slug} --env ${candidates.at(-1)}`,
        details: { slug, environments: candidates },
      },
    )
  }
  return candidates[0] ?? defaultEnvironment
}

function numberOf({ slug, versions, environment }: Standing, at: RollbackTarget['at']): number | undefined {
  if (at === undefined) return undefined
  if ('version' in at) return at.version
  const named = versions.filter(({ commit }) => commit.startsWith(at.commit))
  const version = named.find((candidate) => candidate.environment === environment) ?? named[0]
  if (version !== undefined) return version.version
  throw new PromptctlError('not_found', `${slug} has no version in commit ${at.commit}`, {
    hint: `promptctl log ${slug} lists them.`,
  })
}

const KEEP_EDITS = 'Commit them, or leave them in the work tree with --keep-edits.'

/** Refuses to overwrite edits that are not committed, or marks the changes that leave them in the work tree. */
export async function keepOrRefuseEdits(
  registry: Registry,
  changes: readonly Change[],
  keepEdits: boolean,
): Promise<readonly Change[]> {
  if (!keepEdits) {
    await assertClean(registry, changes, KEEP_EDITS)
    return changes
  }
  const dirty = await dirtyPaths(registry, changes)
  return changes.map((change) =>
    dirty.has(formatPromptPath(change.environment, change.slug)) ? { ...change, keepEdits: true } : change,
  )
}
