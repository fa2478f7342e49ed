import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { sharedBranchOf } from './branches.js'
import { type DeliverySummary, enqueueAndDeliver, eventsBetween, requireShared } from './notify.js'
import type { Oid } from './ports.js'
import {
  isNothing,
  openSharing,
  parseReceivedLines,
  type ReceivedLine,
  type Receiving,
  type RegistryAt,
} from './received.js'
import type { Registry } from './registry.js'

/**
 * Sends the events of a range of the shared branch; git's zeros stand for a branch that was not there, or is no more. With
 * `ref`, such as `refs/heads/main`, nothing when that is another branch or a tag. Throws `not_found` for a commit that is
 * not here, `conflict` for one that the shared branch is known not to hold.
 */
export async function notifyRange(
  registry: Registry,
  range: { readonly old: string; readonly new: string; readonly ref: string | undefined },
  options: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const isOther = range.ref !== undefined && range.ref !== `refs/heads/${await sharedBranchOf(registry)}`
  const tip = isOther ? undefined : await findCommit(registry, range.new)
  if (tip === undefined) return enqueueAndDeliver(registry, [], options)
  const old = await findCommit(registry, range.old)
  await requireShared(registry, tip)
  return enqueueAndDeliver(registry, await eventsBetween(registry, { old, new: tip }), options)
}

/** Undefined for git's zeros. Throws `not_found` for a commit that is not here. */
async function findCommit(registry: Registry, revision: string): Promise<Oid | undefined> {
  if (isNothing(revision)) return undefined
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(revision)
  if (commit !== undefined) return commit
  throw new PromptctlError('not_found', `There is no commit ${quoteName(revision)} here`, {
    hint: 'In CI the whole history is needed: fetch-depth: 0. After a forced push, git fetch origin <commit> first, or name one that both histories hold.',
  })
}

/**
 * Sends the events of what git says on the standard input of a post-receive hook: for every registry in the tip of its
 * shared branch, with the configuration that it has there. One that is wrong keeps no other from being heard, and is thrown
 * at the end.
 */
export async function notifyReceived(
  text: string,
  receiving: Receiving,
  options: { readonly wait: boolean },
): Promise<readonly DeliverySummary[]> {
  const lines = parseReceivedLines(text)
  const isShared = await openSharing(receiving, lines)
  const summaries: DeliverySummary[] = []
  const failures: PromptctlError[] = []
  for (const line of lines) {
    for (const registry of await receiving.registriesAt(line.new)) {
      if (!(await isShared(registry.prefix, line))) continue
      await notifyOne(registry, line, options).then((summary) => summaries.push(summary), keepFailure(failures))
    }
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
  return summaries
}

async function notifyOne(
  { open }: RegistryAt,
  { old, new: tip }: ReceivedLine,
  options: { readonly wait: boolean },
): Promise<DeliverySummary> {
  const registry = await open()
  const hasEvents = tip !== undefined && registry.config.webhooks.length > 0
  return enqueueAndDeliver(registry, hasEvents ? await eventsBetween(registry, { old, new: tip }) : [], options)
}

const keepFailure =
  (failures: PromptctlError[]) =>
  (error: unknown): void => {
    if (!isPromptctlError(error)) throw error
    failures.push(error)
  }
