import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { type DeliverySummary, enqueueAndDeliver, eventsBetween, eventsForRange, requireShared } from './notify.js'
import type { Oid, PushedRange } from './ports.js'
import type { Registry } from './registry.js'

/**
 * Sends the events of a range of the shared branch; git's zeros stand for a branch that was not there, or is no more.
 * Throws `not_found` for a commit that is not here, `conflict` for one that the shared branch is known not to hold.
 */
export async function notifyRange(
  registry: Registry,
  range: { readonly old: string; readonly new: string },
  options: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const tip = await findCommit(registry, range.new)
  if (tip === undefined) return enqueueAndDeliver(registry, [], options)
  const old = await findCommit(registry, range.old)
  await requireShared(registry, tip)
  return enqueueAndDeliver(registry, await eventsBetween(registry, { old, new: tip }), options)
}

/** As git writes a branch that is not there: before it was made, or after it was deleted. */
const isNothing = (revision: string): boolean => /^0{40}(?:0{24})?$/.test(revision)

/** Undefined for git's zeros. Throws `not_found` for a commit that is not here. */
async function findCommit(registry: Registry, revision: string): Promise<Oid | undefined> {
  if (isNothing(revision)) return undefined
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(revision)
  if (commit !== undefined) return commit
  throw new PromptctlError('not_found', `There is no commit ${quoteName(revision)} here`, {
    hint: 'In CI the whole history is needed: fetch-depth: 0. After a forced push, name a commit that both histories hold.',
  })
}

/** Opens every registry in the tree of a commit. */
export type OpenAt = (commit: Oid) => Promise<{
  readonly registries: readonly (() => Promise<Registry>)[]
  close(): Promise<void>
}>

/**
 * Sends the events of what git says on the standard input of a post-receive hook: for every registry in the tip that was
 * pushed, with the configuration that it has there. One that is wrong keeps no other from being heard, and is thrown at
 * the end.
 */
export async function notifyReceived(
  lines: string,
  openAt: OpenAt,
  options: { readonly wait: boolean },
): Promise<readonly DeliverySummary[]> {
  const summaries: DeliverySummary[] = []
  const failures: PromptctlError[] = []
  for (const range of parseReceived(lines)) {
    const { registries, close } = await openAt(range.new)
    try {
      for (const open of registries) {
        await notifyOne(open, range, options).then((summary) => summaries.push(summary), keepFailure(failures))
      }
    } finally {
      await close()
    }
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
  return summaries
}

async function notifyOne(
  open: () => Promise<Registry>,
  range: PushedRange,
  options: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const registry = await open()
  return enqueueAndDeliver(registry, await eventsForRange(registry, range), options)
}

const keepFailure =
  (failures: PromptctlError[]) =>
  (error: unknown): void => {
    if (!isPromptctlError(error)) throw error
    failures.push(error)
  }

/** One branch of a push, as git tells the hooks that receive it; undefined where it is not there. */
export interface ReceivedLine {
  readonly ref: string
  readonly old: Oid | undefined
  readonly new: Oid | undefined
}

/** The branches in git's `old new ref` lines; tags and the like are left out. */
export function parseReceivedLines(text: string): readonly ReceivedLine[] {
  return text.split('\n').flatMap((line) => {
    const [, old, tip, ref] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/heads\/.+)$/.exec(line) ?? []
    if (old === undefined || tip === undefined || ref === undefined) return []
    return [{ ref, old: isNothing(old) ? undefined : (old as Oid), new: isNothing(tip) ? undefined : (tip as Oid) }]
  })
}

/** Those that are there afterwards. */
const parseReceived = (text: string): readonly PushedRange[] =>
  parseReceivedLines(text).flatMap(({ new: tip, ...rest }) => (tip === undefined ? [] : [{ ...rest, new: tip }]))
