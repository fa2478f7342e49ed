import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { newestIn } from '../core/ledger.js'
import type { Moment } from '../core/lifecycle/change.js'
import { PROMPTS_DIR } from '../core/paths.js'
import { readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import {
  type Applied,
  type ApplyOptions,
  assertIdle,
  commitPlan,
  isHeadMoved,
  MAY_PUBLISH,
  type Plan,
  type Planner,
  type PushSession,
  readMoment,
  unchanged,
} from './apply.js'
import { readTip } from './branches.js'
import { asConfigured, asConfiguredAt } from './configured.js'
import { createGate, hasGates, type PassedPlan } from './gate.js'
import { type Base, goForward, type Target } from './go-forward.js'
import { readVersionsOf, requireHistory } from './history.js'
import type { Oid, PushedRange } from './ports.js'
import { pushRange, reportPush, tooBusy } from './push-range.js'
import type { Registry } from './registry.js'
import { displayBranch, requireSharedBranch, type SharedBranch } from './shared-branch.js'

/** What a command that takes --push is asked. */
export interface PushableRequest extends Omit<ApplyOptions, 'verb' | 'session'> {
  readonly push?: boolean | undefined
  /** With `push`: what is here and not there is given up. For a clone that is a server's own. */
  readonly mirror?: boolean | undefined
}

/** After this many tips that moved meanwhile it is a `conflict`. */
const ATTEMPTS = 5

/** What a command that takes --push works on, once it is known where it begins. */
export interface Session {
  /** As the remote's tip configures it; without --push the one that was opened. */
  readonly registry: Registry
  /** Undefined without --push and in a dry run, which plans on what is here. */
  readonly session: PushSession | undefined
}

/**
 * What a command that takes --push begins with, before it looks at any file: with it, fetches, and goes forward to the
 * remote's tip. Throws `conflict` and `renumbers` when commits here and there have parted, `conflict` when edits are in the
 * way, `invalid_config`, and what the remote says.
 */
export async function openSession(registry: Registry, request: PushableRequest): Promise<Session> {
  const { push, mirror, dryRun, author } = request
  const git = await registry.git()
  if (!push || dryRun) {
    if (author === undefined) git.repository.warmUp()
    return { registry, session: undefined }
  }
  const shared = await requireSharedBranch(registry)
  await requireHistory(registry)
  await assertIdle(git)
  const fetching = git.repository.fetch(shared.remote, shared.branch).catch((error: unknown) => {
    throw sayNothingChanged(error)
  })
  const [there, moment] = await Promise.all([fetching, readMoment(registry, author), warmUp(registry)])
  // Where nothing has moved there is nothing to do; applyAndPush looks again under the lock.
  if ((await readTip(registry)) !== there) await git.exclusively(() => goForward(registry, { shared, there, mirror }))
  const configured = await asConfigured(registry)
  return {
    registry: configured,
    session: { apply: (plan, options) => applyAndPush(configured, plan, options, { shared, there, mirror, moment }) },
  }
}

/** While the remote answers: starts the process that reads objects, and loads what parses prompts. Its answers are not used. */
async function warmUp(registry: Registry): Promise<void> {
  const { repository } = await registry.git()
  const commit = await readTip(registry)
  if (commit !== undefined) await repository.entriesAt(commit, [PROMPTS_DIR])
  readPrompt(new TextEncoder().encode('title: any\n'), '')
}

/** As applyPlan, and pushes the commit: both happen, or neither. What was committed here before is pushed along. */
async function applyAndPush(registry: Registry, plan: Planner, options: ApplyOptions, target: Begun): Promise<Applied> {
  const git = await registry.git()
  const { gate = createGate() } = options
  if (hasGates(registry) && MAY_PUBLISH.has(options.verb)) {
    // As in applyPlan: not while others wait for the lock.
    const head = await readTip(registry)
    await gate.pass(registry, await plan(registry, head, target.moment), head)
  }
  const gated = async (current: Registry, head: Oid | undefined) =>
    gate.pass(current, await plan(current, head, target.moment), head)
  const { base, applied, range, pushed } = await git.exclusively(() => tryUntilPushed(registry, gated, options, target))
  if (range === undefined) return applied
  return { ...applied, push: await reportPush(base, target.shared, range, { wait: false, pushed }) }
}

interface Sent {
  /** As it is configured where the plan began. */
  readonly base: Registry
  readonly applied: Applied
  /** Undefined when there was nothing to push. */
  readonly range: PushedRange | undefined
  readonly pushed: number | null
}

interface Begun extends Target {
  /** The command's, however often it is planned anew. */
  readonly moment: Moment
}

async function tryUntilPushed(
  registry: Registry,
  plan: (registry: Registry, head: Oid | undefined) => Promise<PassedPlan>,
  options: ApplyOptions,
  { shared, there: first, mirror }: Begun,
): Promise<Sent> {
  const git = await registry.git()
  let there = first
  let seen: Seen = []
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const base = await goForward(registry, { shared, there, mirror })
    await assertIdle(git)
    if (base.head !== undefined) await assertNotOvertaken(registry, base.head, seen)
    const current = await asConfiguredAt(registry, base.head)
    const decided = await plan(current, base.head)
    if (attempt === 1) seen = lookAt(decided)
    try {
      return await tryOnce(current, decided, base, options, { shared, there })
    } catch (error) {
      if (isPromptctlError(error) && error.details?.['reason'] === REMOTE_MOVED) {
        there = await git.repository.fetch(shared.remote, shared.branch)
      } else if (!isHeadMoved(error)) throw error
    }
  }
  throw tooBusy(shared)
}

async function tryOnce(
  registry: Registry,
  plan: PassedPlan,
  { head, ahead }: Base,
  options: ApplyOptions,
  { shared, there }: Target,
): Promise<Sent> {
  const { repository } = await registry.git()
  const rangeTo = (tip: Oid): PushedRange => ({ ref: shared.ref, old: there, new: tip })
  if (plan.repairs !== undefined && plan.repairs.length > 0) await repository.stage(plan.repairs)
  if (plan.changes.length === 0) {
    const range = head === undefined || head === there ? undefined : rangeTo(head)
    if (range !== undefined) await send(registry, shared, range)
    return { base: registry, applied: unchanged(plan), range, pushed: ahead }
  }
  const confirm = async (commit: Oid): Promise<void> => {
    await send(registry, shared, rangeTo(commit)).catch((error: unknown) => {
      throw sayTakenBack(error, shared)
    })
  }
  const applied = await commitPlan(registry, plan, head, { ...options, confirm })
  const range = applied.commit === undefined ? undefined : rangeTo(applied.commit)
  return { base: registry, applied, range, pushed: ahead === null ? null : ahead + 1 }
}

const REMOTE_MOVED = 'remote_moved'

/** Pushes the range; throws `conflict` with that reason when the remote's branch is somewhere else. */
async function send(registry: Registry, shared: SharedBranch, range: PushedRange): Promise<void> {
  const outcome = await pushRange(registry, shared, range).catch((error: unknown) => {
    if (!isPromptctlError(error, 'unavailable')) throw error
    return askAgain(registry, shared, range, error)
  })
  if (outcome.kind !== 'moved') return
  throw new PromptctlError('conflict', `${displayBranch(shared)} moved`, { details: { reason: REMOTE_MOVED } })
}

/** When the connection broke, the remote may have taken the push all the same: its branch tells. */
async function askAgain(registry: Registry, shared: SharedBranch, range: PushedRange, why: PromptctlError) {
  const { repository } = await registry.git()
  const tip = await repository.fetch(shared.remote, shared.branch).catch((error: unknown) => {
    if (isPromptctlError(error, 'unavailable')) throw why
    throw error
  })
  if (tip !== undefined && (await repository.isOnChain(range.new, tip))) return { kind: 'accepted' as const }
  throw why
}

/** The newest versions, in the environments that a plan is about. */
type Seen = readonly { readonly slug: Slug; readonly environment: Environment; readonly version: number | null }[]

const lookAt = ({ changes, versions }: Plan): Seen =>
  changes.flatMap(({ slug, environment, source }) =>
    [environment, ...(source === undefined ? [] : [source.environment])].map((where) => ({
      slug,
      environment: where,
      version: newestIn(versions.get(slug) ?? [], where)?.version ?? null,
    })),
  )

/** Throws `conflict` when a prompt got another version meanwhile than the one that the first plan was made on. */
async function assertNotOvertaken(registry: Registry, head: Oid, seen: Seen): Promise<void> {
  const versions = await readVersionsOf(registry, head, [...new Set(seen.map(({ slug }) => slug))])
  for (const { slug, environment, version } of seen) {
    const now = newestIn(versions.get(slug) ?? [], environment)
    if (now === undefined || now.version === version) continue
    const before = version === null ? 'no version' : `version ${version}`
    throw new PromptctlError(
      'conflict',
      `${slug} got version ${now.version} in ${environment} meanwhile, by ${now.author.name}; this was planned on ${before}`,
      {
        hint: `Nothing of this was committed. See theirs: promptctl log ${slug}`,
        details: { slug, environment, expected: version, version: now.version, commit: now.commit },
      },
    )
  }
}

/** A remote that cannot be asked before anything was done. */
const sayNothingChanged = (error: unknown): unknown =>
  isPromptctlError(error, 'unavailable')
    ? reword(
        error,
        error.message,
        'Nothing was changed. Without --push it is done here alone, and promptctl push sends it later.',
      )
    : error

/** A push that failed after the commit was made, which is then taken back. */
function sayTakenBack(error: unknown, shared: SharedBranch): unknown {
  if (!isPromptctlError(error) || error.details?.['reason'] === REMOTE_MOVED) return error
  const look = `The remote may have taken it before the connection broke: look with git fetch ${shared.remote} before you try again.`
  const hint = error.code === 'unavailable' ? look : error.hint
  return reword(error, `${error.message}; the commit was taken back, and the files are as they were`, hint)
}

const reword = (error: PromptctlError, message: string, hint: string | undefined): PromptctlError =>
  new PromptctlError(error.code, message, { hint, details: error.details, cause: error })
