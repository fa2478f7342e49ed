import { type Change, type Moment, type Standing, withdrawalOf } from '../core/lifecycle/change.js'
import { planPublish } from '../core/lifecycle/publish.js'
import { formatPromptPath } from '../core/paths.js'
import { isSealed, type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { assertAliasesFree } from './aliases.js'
import {
  type Applied,
  applyPlan,
  type ChangeRecord,
  type Plan,
  type Planner,
  readMoment,
  settlePlan,
  stagePlan,
  unchangedRecord,
} from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readTip } from './branches.js'
import { createGate, hasGates } from './gate.js'
import { readVersionsOf } from './history.js'
import { assertPartialsLive } from './partials.js'
import type { FileWrite, Oid } from './ports.js'
import { assertExpected, type Expectation } from './preconditions.js'
import { chooseEnvironment, type Registry, requireWorkTree } from './registry.js'
import { requireFile } from './require-file.js'
import { resolveSlugs } from './resolve.js'
import { readStandings } from './standing.js'
import { planningView } from './view.js'

export interface PublishRequest extends PushableRequest {
  /** Names as people type them; empty with `all`. */
  readonly names: readonly string[]
  readonly all: boolean
  readonly environment: Environment | undefined
  readonly restore: boolean
  /** The newest version in the environment that the caller knows of. */
  readonly expect: Expectation | undefined
  /** Seals and stages, and makes no commit: how a merge that conflicts in the seal is finished. */
  readonly stage: boolean
}

/** Publishes prompts as they are in the work tree, in one commit. */
export async function publish(opened: Registry, request: PublishRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  if (request.stage) requireWorkTree(registry)
  const named = request.all ? undefined : await resolveSlugs(registry, request.names)
  const plan: Planner = (current, head, moment) => planAll(current, head, moment, request, named)
  const isStaged = request.stage && !request.dryRun
  return isStaged ? stage(registry, plan) : applyPlan(registry, plan, { ...request, verb: 'publish', session })
}

async function planAll(
  registry: Registry,
  head: Oid | undefined,
  moment: Moment,
  request: PublishRequest,
  named: readonly Slug[] | undefined,
): Promise<Plan> {
  const environment = chooseEnvironment(registry, request.environment)
  const view = await planningView(registry, head)
  const slugs = named ?? (await view.slugs(environment))
  const documents = new Map<Slug, PromptDocument>()
  for (const slug of slugs) {
    const { bytes, path } = await requireFile(registry, view, head, { slug, environment })
    documents.set(slug, parsePrompt(bytes, path))
  }
  const unpublished = request.all ? await leaveOutPublished(registry, head, environment, documents) : documents
  const asked = [...unpublished.keys()]
  const versions = await readVersionsOf(registry, head, asked)
  const standings = await readStandings(
    registry,
    head,
    asked.map((slug) => ({ slug, environment })),
    (slug) => versions.get(slug) ?? [],
  )
  const { environments, promotion } = registry.config
  const options = { ...request, promotion, environments }
  const changes: Change[] = []
  const unchanged: ChangeRecord[] = []
  const repairs: FileWrite[] = []
  const { prefix } = await registry.git()
  const skipped = slugs.filter((slug) => !unpublished.has(slug)).map((slug) => ({ slug, reason: 'published already' }))
  for (const standing of standings) {
    assertExpected(standing, request.expect)
    const document = unpublished.get(standing.slug)
    if (document === undefined) throw new Error(`${standing.slug} was asked for and not read`)
    const withdrawal = withdrawalOf(standing) ?? (document.prompt.state === 'archived' ? 'archived' : undefined)
    if (request.all && !request.restore && withdrawal !== undefined) {
      skipped.push({ slug: standing.slug, reason: withdrawal })
      continue
    }
    const change = planPublish(standing, document, moment, options)
    if (change !== undefined) changes.push(change)
    else {
      unchanged.push(unchangedRecord(standing))
      repairs.push(...repairOf(standing, document, prefix))
    }
  }
  await assertAliasesFree(registry, head, environment, changes)
  await assertPartialsLive(registry, head, environment, { changes, skipped })
  return { changes, unchanged, skipped, versions, repairs }
}

/** A file that says of itself only what its path says otherwise is what HEAD has, and becomes that again. */
function repairOf({ slug, environment, head }: Standing, { source }: PromptDocument, prefix: string): FileWrite[] {
  if (head === undefined || source.text === head.source.text) return []
  const path = `${prefix}${formatPromptPath(environment, slug)}`
  return [{ path, content: new TextEncoder().encode(head.source.text) }]
}

/** Without what equals HEAD's file and is published and sealed: for it no history has to be read. */
async function leaveOutPublished(
  registry: Registry,
  head: Oid | undefined,
  environment: Environment,
  documents: ReadonlyMap<Slug, PromptDocument>,
): Promise<ReadonlyMap<Slug, PromptDocument>> {
  if (head === undefined) return documents
  const { repository, prefix } = await registry.git()
  const blobs = new Map(
    (await repository.listTree(head, `${prefix}prompts/${environment}`)).map(({ path, blob }) => [path, blob]),
  )
  const encoder = new TextEncoder()
  return new Map(
    [...documents].filter(([slug, { prompt, seal, source }]) => {
      if (prompt.state !== 'published' || !isSealed(prompt, seal)) return true
      const path = `${prefix}${formatPromptPath(environment, slug)}`
      return blobs.get(path) !== repository.blobId(encoder.encode(source.text))
    }),
  )
}

/** As applyPlan, but the index is what is written. */
async function stage(registry: Registry, plan: Planner): Promise<Applied> {
  const { exclusively } = await registry.git()
  const gate = createGate('index')
  const decide = async () => {
    const head = await readTip(registry)
    const settled = await settlePlan(registry, await plan(registry, head, await readMoment(registry, undefined)), head)
    return gate.pass(registry, settled, head)
  }
  if (hasGates(registry)) await decide()
  return exclusively(async () => stagePlan(registry, await decide()))
}
