import { PromptctlError } from '../core/errors.js'
import { createDeliveries, createEvent, type TemplateEvent } from '../core/event.js'
import type { HistoryCommit } from '../core/history.js'
import { compareBytes, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import { sharedBranchOf } from './branches.js'
import { readVersionsOf } from './history.js'
import type { DeliveryOutcome, Oid, PushedRange } from './ports.js'
import type { Registry } from './registry.js'

/** What became of the events of a range. */
export interface DeliverySummary {
  /** How many versions the range holds. */
  readonly events: number
  /** Deliveries in the outbox: one for each event and endpoint that wants it. */
  readonly queued: number
  /** Of the first attempts; empty unless they were waited for. */
  readonly outcomes: readonly DeliveryOutcome[]
  /** True when a process was started that delivers what is left. */
  readonly background: boolean
  /** Variables that hold no secret, of endpoints that want one of the events: nothing was queued for them. */
  readonly missingSecrets: readonly string[]
}

/**
 * The events of a push: what eventsBetween says, when the reference is the shared branch. Another branch, a tag, and any
 * push where no webhook is configured, has none.
 */
export async function eventsForRange(registry: Registry, range: PushedRange): Promise<readonly TemplateEvent[]> {
  if (registry.config.webhooks.length === 0) return []
  const branch = await sharedBranchOf(registry)
  return range.ref === `refs/heads/${branch}` ? eventsBetween(registry, range) : []
}

/**
 * The versions that the shared branch gains when it moves from `old` to `new`, in the order of its history: those whose
 * commit is on the first-parent history of `new` and not on that of `old`, also when it was forced. A new branch (`old`
 * undefined) gains all of them: their ids are those of the first time, so who was told before knows them again. Throws
 * `unsupported` in a shallow clone.
 */
export async function eventsBetween(
  registry: Registry,
  range: Pick<PushedRange, 'old' | 'new'>,
): Promise<readonly TemplateEvent[]> {
  const added = await readAdded(registry, range)
  const versions = await readVersionsOf(registry, range.new, [...added.slugs])
  const { prefix } = await registry.git()
  const age = new Map([...added.commits].map((commit, index) => [commit, index]))
  return [...versions.values()]
    .flatMap((all) =>
      all
        .filter(({ commit }) => age.has(commit))
        .map((version) => createEvent(version, all, { registry: registry.config.name, prefix })),
    )
    .sort((a, b) => ageOf(age, b) - ageOf(age, a) || compareBytes(a.path, b.path))
}

const ageOf = (age: ReadonlyMap<Oid, number>, { version }: TemplateEvent): number => age.get(version.commit) ?? 0

/** The commits that the range adds, newest first, and the prompts that they changed. */
async function readAdded(registry: Registry, { old, new: tip }: Pick<PushedRange, 'old' | 'new'>) {
  const { prefix } = await registry.git()
  const commits = new Set<Oid>()
  const slugs = new Set<Slug>()
  for (const { commit, changes } of await readGained(registry, old, tip)) {
    commits.add(commit)
    for (const { path } of changes) {
      const slug = parsePromptPath(path.slice(prefix.length))?.slug
      if (slug !== undefined) slugs.add(slug)
    }
  }
  return { commits, slugs }
}

/** What the first-parent history of `tip` has and that of `old` has not, newest first. */
async function readGained(registry: Registry, old: Oid | undefined, tip: Oid): Promise<readonly HistoryCommit[]> {
  if (old === undefined) return readHistory(registry, tip)
  const { repository } = await registry.git()
  // Nearly always it is ahead: both questions at once spare the second one's wait.
  const [isAhead, above] = await Promise.all([repository.isOnChain(old, tip), readHistory(registry, tip, old)])
  if (isAhead) return above
  const [whole, known] = await Promise.all([readHistory(registry, tip), readHistory(registry, old)])
  const before = new Set(known.map(({ commit }) => commit))
  return whole.filter(({ commit }) => !before.has(commit))
}

async function readHistory(registry: Registry, tip: Oid, after?: Oid): Promise<readonly HistoryCommit[]> {
  const { repository, prefix } = await registry.git()
  const commits: HistoryCommit[] = []
  for await (const commit of repository.history({ tip, after, paths: [`${prefix}${PROMPTS_DIR}`] }))
    commits.push(commit)
  return commits
}

/**
 * Writes the events to the outbox, one delivery for each endpoint that wants it, and starts the background process.
 * With `wait` the first attempts are made here, and only what is left goes to the background. A dead endpoint is told in
 * the outcomes and an unset secret in `missingSecrets`; neither throws. Throws `unavailable` when the disk says no.
 */
export async function enqueueAndDeliver(
  registry: Registry,
  events: readonly TemplateEvent[],
  { wait }: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const nothing = { events: events.length, queued: 0, outcomes: [], background: false, missingSecrets: [] }
  if (registry.config.webhooks.length === 0) return nothing
  const notifier = await registry.notifier()
  const wanted = events.flatMap((event) => createDeliveries(event, registry.config.webhooks))
  const deliveries = wanted.filter(({ secretEnv }) => notifier.hasSecret(secretEnv))
  if (deliveries.length > 0) await notifier.enqueue(deliveries)
  const outcomes = wait ? await notifier.deliver({ ids: deliveries.map(({ id }) => id) }) : []
  const isLeft = (!wait && deliveries.length > 0) || (await notifier.list()).some(({ state }) => state === 'pending')
  return {
    events: events.length,
    queued: deliveries.length,
    outcomes,
    background: isLeft && notifier.startBackground(),
    missingSecrets: [...new Set(wanted.map(({ secretEnv }) => secretEnv))].filter((name) => !notifier.hasSecret(name)),
  }
}

/** Sends the events of a commit that a server acknowledged. */
export async function notifyCommit(registry: Registry, commit: Oid): Promise<DeliverySummary> {
  const { repository } = await registry.git()
  const parent = await repository.resolveCommit(`${commit}^1`)
  const events =
    registry.config.webhooks.length === 0 ? [] : await eventsBetween(registry, { old: parent, new: commit })
  return enqueueAndDeliver(registry, events, { wait: false })
}

/** The variables that should hold secrets of endpoints and do not; each once. */
export async function missingSecretsOf(registry: Registry): Promise<readonly string[]> {
  if (registry.config.webhooks.length === 0) return []
  const notifier = await registry.notifier()
  const names = new Set(registry.config.webhooks.map(({ secretEnv }) => secretEnv))
  return [...names].filter((name) => !notifier.hasSecret(name))
}

/** For who was asked to wait or to notify: throws `unavailable` when a secret is not set. `push` only says so. */
export async function requireSecrets(registry: Registry): Promise<void> {
  const missing = await missingSecretsOf(registry)
  if (missing.length > 0) throw missingSecretsError(missing)
}

/** `unavailable`, naming the variables. */
export const missingSecretsError = (missing: readonly string[]): PromptctlError =>
  new PromptctlError('unavailable', `The secret of a webhook is not set: ${missing.join(', ')}`, {
    hint: 'Set it in the environment; promptctl webhook secret makes a new one.',
    details: { missing_secrets: missing },
  })

/**
 * Around a push: `rememberPush` before it, `settlePush` after the remote has accepted it, `forgetPush` when it has not.
 * A push that is killed in between is found by the next `settlePush` or `webhook deliver`, so no event is lost. The
 * events are read from here on, because git's push leaves time for that.
 */
export async function rememberPush(registry: Registry, range: PushedRange): Promise<void> {
  if (registry.config.webhooks.length === 0) return
  await (await registry.notifier()).remember(range)
  const events = eventsForRange(registry, range)
  // Who settles the push hears of a failure; who gives it up need not.
  events.catch(() => undefined)
  readAhead.set(registry, { range, events })
}

/** What rememberPush has begun to read. */
const readAhead = new WeakMap<Registry, { range: PushedRange; events: Promise<readonly TemplateEvent[]> }>()

const eventsOf = (registry: Registry, range: PushedRange): Promise<readonly TemplateEvent[]> => {
  const begun = readAhead.get(registry)
  return begun !== undefined && isSameRange(begun.range, range) ? begun.events : eventsForRange(registry, range)
}

const isSameRange = (a: Partial<PushedRange>, b: Partial<PushedRange>): boolean =>
  a.ref === b.ref && a.old === b.old && a.new === b.new

/** See rememberPush. */
export async function forgetPush(registry: Registry, range: PushedRange): Promise<void> {
  if (registry.config.webhooks.length > 0) await (await registry.notifier()).forget(range)
}

/**
 * Sends the events of a range that the remote has accepted, and of those that earlier pushes left behind; see
 * rememberPush and enqueueAndDeliver.
 */
export async function settlePush(
  registry: Registry,
  range: PushedRange,
  options: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const accepted = await acceptedRanges(registry, range)
  const events = new Map<string, TemplateEvent>()
  for (const one of accepted) addEvents(events, await eventsForRange(registry, one))
  addEvents(events, await eventsOf(registry, range))
  const summary = await enqueueAndDeliver(registry, [...events.values()], options)
  for (const one of [...accepted, range]) await forgetPush(registry, one)
  return summary
}

/** A version that two ranges hold counts once. */
function addEvents(events: Map<string, TemplateEvent>, more: readonly TemplateEvent[]): void {
  for (const event of more) events.set(`${event.version.commit} ${event.path}`, event)
}

/** Ranges that were remembered and never settled, whose end the remote's branch holds now that it is at `pushed.new`. */
async function acceptedRanges(
  registry: Registry,
  pushed: Pick<PushedRange, 'new'> & Partial<PushedRange>,
): Promise<readonly PushedRange[]> {
  if (registry.config.webhooks.length === 0) return []
  const [{ repository }, notifier] = await Promise.all([registry.git(), registry.notifier()])
  const accepted: PushedRange[] = []
  for (const range of await notifier.remembered()) {
    if (isSameRange(range, pushed)) continue
    // Commits that were rewritten and collected as garbage were never shared.
    if ((await repository.resolveCommit(range.new)) === undefined) await notifier.forget(range)
    else if (await repository.isOnChain(range.new, pushed.new)) accepted.push(range)
  }
  return accepted
}

/** Writes the events of pushes that were killed half-way, as far as the remote's branch is known to hold them. */
export async function recoverPushes(registry: Registry): Promise<DeliverySummary | undefined> {
  const tip = await knownSharedTip(registry)
  const ranges = tip === undefined ? [] : await acceptedRanges(registry, { new: tip })
  if (ranges.length === 0) return undefined
  const events = await Promise.all(ranges.map((range) => eventsForRange(registry, range)))
  const summary = await enqueueAndDeliver(registry, events.flat(), { wait: true })
  for (const range of ranges) await forgetPush(registry, range)
  return summary
}

/** The end of the shared branch where it counts: at the remote as far as it is known, else here. */
async function knownSharedTip(registry: Registry): Promise<Oid | undefined> {
  const { repository } = await registry.git()
  const branch = await sharedBranchOf(registry)
  if (branch === undefined) return undefined
  const remote = repository.workTree === undefined ? undefined : await repository.remote(branch)
  return repository.readRef(remote === undefined ? `refs/heads/${branch}` : `refs/remotes/${remote.name}/${branch}`)
}

/** Throws `conflict` for a commit that the shared branch is known not to hold: its numbers may still change. */
export async function requireShared(registry: Registry, commit: Oid): Promise<void> {
  const { repository } = await registry.git()
  const tip = await knownSharedTip(registry)
  if (tip === undefined || (await repository.isOnChain(commit, tip))) return
  throw new PromptctlError('conflict', `The shared branch does not hold ${commit.slice(0, 12)}`, {
    hint: 'Its version numbers are not final before it is pushed or merged. When it was: git fetch.',
    details: { commit },
  })
}
