import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { liveIn } from '../core/ledger.js'
import { type Change, type Moment, type Standing, withdrawalOf } from '../core/lifecycle/change.js'
import { planPromotion, requireLive } from '../core/lifecycle/promotion.js'
import { PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { assertAliasesFree } from './aliases.js'
import {
  type Applied,
  applyPlan,
  type ChangeRecord,
  type Plan,
  type Planner,
  type Skipped,
  unchangedRecord,
} from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readVersionsOf } from './history.js'
import { assertPartialsLive, missingPartials } from './partials.js'
import type { Oid } from './ports.js'
import { assertClean, assertExpected, type Expectation } from './preconditions.js'
import { type Registry, requireEnvironment } from './registry.js'
import { resolveSlugs } from './resolve.js'
import { readStandings, readVersionDocument } from './standing.js'

export interface PromoteRequest extends PushableRequest {
  readonly names: readonly string[]
  readonly all: boolean
  readonly to: Environment
  readonly from: Environment | undefined
  readonly overwrite: boolean
  readonly again: boolean
  readonly restore: boolean
  readonly withPartials: boolean
  readonly expect: Expectation | undefined
}

/** From where to where, and whether that is towards the last environment. */
interface Route {
  readonly from: Environment
  readonly to: Environment
  readonly forwards: boolean
}

/** Publishes in one environment what is live in another, in one commit. */
export async function promote(opened: Registry, request: PromoteRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  const named = request.all ? undefined : await resolveSlugs(registry, request.names)
  const plan: Planner = (current, head, moment) =>
    planAll(current, head, moment, request, chooseRoute(current, request), named)
  return applyPlan(registry, plan, { ...request, verb: 'promote', session })
}

function chooseRoute({ config }: Registry, { to, from, names }: PromoteRequest): Route {
  requireEnvironment(config, to)
  const { environments, promotion } = config
  const target = environments.indexOf(to)
  const source = from === undefined ? environments[target - 1] : requireEnvironment(config, from)
  if (source === undefined) {
    throw new PromptctlError('usage', `${to} is the first environment, so --from has to say where to promote from`)
  }
  if (source === to) throw new PromptctlError('usage', `${to} cannot be promoted to itself`)
  const forwards = environments.indexOf(source) < target
  if (forwards && promotion !== 'free' && environments[target - 1] !== source) {
    const between = environments[environments.indexOf(source) + 1]
    throw new PromptctlError(
      'illegal_transition',
      `This registry promotes in order, and ${source} is not the one before ${to}`,
      {
        hint: `First: promptctl promote ${names.join(' ') || '--all'} --to ${between}`,
        details: { from: source, to },
      },
    )
  }
  return { from: source, to, forwards }
}

async function planAll(
  registry: Registry,
  head: Oid | undefined,
  moment: Moment,
  request: PromoteRequest,
  route: Route,
  named: readonly Slug[] | undefined,
): Promise<Plan> {
  const slugs = new Set(named ?? (await slugsAt(registry, head, route.from)))
  for (;;) {
    const plan = await planFor(registry, head, moment, request, route, { slugs: [...slugs], named })
    const missing = request.withPartials
      ? await missingPartials(registry, head, route.to, plan.changes)
      : new Map<Slug, Slug>()
    const taken = [...missing.keys()].filter((partial) => !slugs.has(partial))
    if (taken.length === 0) {
      await assertPartialsLive(registry, head, route.to, plan)
      return plan
    }
    for (const partial of taken) slugs.add(partial)
  }
}

/** What to promote: besides `named`, which is undefined with --all, the partials that are taken along. */
interface Selection {
  readonly slugs: readonly Slug[]
  readonly named: readonly Slug[] | undefined
}

async function planFor(
  registry: Registry,
  head: Oid | undefined,
  moment: Moment,
  request: PromoteRequest,
  route: Route,
  { slugs, named }: Selection,
): Promise<Plan> {
  const isAll = named === undefined
  const versions = await readVersionsOf(registry, head, slugs)
  const standingsIn = (environment: Environment) =>
    readStandings(
      registry,
      head,
      slugs.map((slug) => ({ slug, environment })),
      (slug) => versions.get(slug) ?? [],
    )
  const [sources, targets] = await Promise.all([standingsIn(route.from), standingsIn(route.to)])
  const changes: Change[] = []
  const unchanged: ChangeRecord[] = []
  const skipped: Skipped[] = []
  for (const [index, source] of sources.entries()) {
    const target = targets[index]
    if (target === undefined) throw new Error(`${source.slug} has no target standing`)
    const isNamed = named?.includes(target.slug) === true
    if (isNamed) assertExpected(target, request.expect)
    try {
      const again = request.again && isNamed
      const change = await planOne(registry, source, target, moment, { ...request, ...route, again })
      if (change !== undefined) changes.push(change)
      else if (isAll) skipped.push({ slug: source.slug, reason: `in ${route.to} already` })
      else unchanged.push(unchangedRecord(target))
    } catch (error) {
      const reason = isAll ? reasonToSkip(error, source, target) : undefined
      if (reason === undefined) throw error
      skipped.push({ slug: source.slug, reason })
    }
  }
  const touched = isAll ? changes.map(({ slug }) => slug) : slugs
  await assertClean(
    registry,
    touched.flatMap((slug) => [route.from, route.to].map((environment) => ({ slug, environment }))),
  )
  await assertAliasesFree(registry, head, route.to, changes)
  return { changes, unchanged, skipped, versions }
}

async function planOne(
  registry: Registry,
  source: Standing,
  target: Standing,
  moment: Moment,
  options: PromoteRequest & Route,
): Promise<Change | undefined> {
  if (source.versions.length === 0) {
    throw new PromptctlError('not_found', `There is no prompt ${source.slug} at HEAD`, {
      hint: 'promptctl list shows what there is.',
    })
  }
  const version = requireLive(source, target.environment)
  const live = liveIn(target.versions, target.environment)
  const [document, targetLive] = await Promise.all([
    readVersionDocument(registry, version),
    live === undefined ? undefined : readVersionDocument(registry, live),
  ])
  return planPromotion({ version, document }, target, targetLive, moment, options)
}

/** With --all, what stands in the way of one prompt does not stop the others; the message says what was passed over. */
function reasonToSkip(error: unknown, { versions, environment }: Standing, target: Standing): string | undefined {
  if (liveIn(versions, environment) === undefined) return `not live in ${environment}`
  if (!isPromptctlError(error)) return undefined
  const reason = error.details?.['reason']
  if (reason === 'rolled_back') return 'rolled back there; promote it by name with --again'
  const withdrawal = error.code === 'illegal_transition' ? withdrawalOf(target) : undefined
  return withdrawal === undefined ? undefined : `${withdrawal} there`
}

async function slugsAt(registry: Registry, head: Oid | undefined, environment: Environment): Promise<readonly Slug[]> {
  if (head === undefined) return []
  const { repository, prefix } = await registry.git()
  const entries = await repository.listTree(head, `${prefix}${PROMPTS_DIR}/${environment}`)
  return entries.flatMap(({ path }) => parsePromptPath(path.slice(prefix.length))?.slug ?? [])
}
