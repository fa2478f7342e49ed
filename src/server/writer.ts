import { isPromptctlError, PromptctlError } from '../core/errors.js'
import type { Identity } from '../core/history.js'
import type { Applied } from '../registry/apply.js'
import type { PushableRequest } from '../registry/apply-push.js'
import { sharedBranchOf } from '../registry/branches.js'
import { asConfigured } from '../registry/configured.js'
import { createGate, hasGates } from '../registry/gate.js'
import { notifyCommit } from '../registry/notify.js'
import { onCommits, type Registry } from '../registry/registry.js'
import type { Caller } from './auth.js'
import type { ServerContext } from './context.js'
import { withDeadline } from './deadline.js'

/** What every write is asked beside its own: who it is by, whether it has to reach a remote, and what is known already. */
export type Given = Pick<PushableRequest, 'author' | 'push' | 'mirror' | 'dryRun' | 'gate'>

type Action = (registry: Registry, given: Given) => Promise<Applied>

/** Changes a registry: one write after the other, and each is served when it resolves. */
export interface Writer {
  /** `action` may be asked twice: before its turn for what gates will say, in a dry run, and then in earnest. */
  write(caller: Caller, action: Action): Promise<Applied>
  /** Looks for something, and where it is not found once more after asking the remote: another server may have made it. */
  find<T>(look: () => Promise<T>): Promise<T>
}

/** More than this many writes that wait are refused: each takes a part of a second, or with a remote some. */
const MOST_WAITING = 64

export function createWriter(server: ServerContext): Writer {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return {
    find: (look) => findAfresh(server, look),
    write: async (caller, action) => {
      if (waiting >= MOST_WAITING) throw tooMany()
      waiting += 1
      try {
        const registry = withDeadline(onCommits(server.source.registry), server.evaluationMs)
        const write: Write = { registry, author: authorOf(caller), gate: createGate(), action }
        await rehearse(server, write)
        const mine = last.then(() => writeOne(server, write))
        last = mine.catch(() => undefined)
        return await mine
      } finally {
        waiting -= 1
      }
    },
  }
}

/** One write, from its rehearsal to its turn. */
interface Write extends Required<Pick<Given, 'author' | 'gate'>> {
  readonly registry: Registry
  readonly action: Action
}

/**
 * Lets models answer what a gate will ask before the write takes its turn: nobody waits for them then, least of all a
 * rollback. What fails here fails again in turn, or what came meanwhile has mended it.
 */
async function rehearse(server: ServerContext, { registry, author, gate, action }: Write): Promise<void> {
  const configured = await requireWritable(server, registry)
  if (hasGates(configured)) await action(configured, { author, gate, dryRun: true }).catch(() => undefined)
}

async function writeOne(server: ServerContext, { registry: opened, author, gate, action }: Write): Promise<Applied> {
  const { source, follower, health, pushes = false } = server
  const registry = await requireWritable(server, opened)
  const given = { author, gate, push: pushes, mirror: follower?.followed.mirror }
  const applied = await findAfresh(server, () => action(registry, given)).catch((error: unknown) => {
    throw forCallers(error)
  })
  // From here on the write stands, whatever fails.
  if (applied.commit !== undefined && applied.push === undefined) {
    await notifyCommit(registry, applied.commit).then(
      () => health.worked('outbox'),
      (error: unknown) => health.failed('outbox', error),
    )
  }
  await source.refresh().then(
    () => health.worked('load'),
    (error: unknown) => health.failed('load', error),
  )
  return applied
}

async function findAfresh<T>({ follower, pushes }: ServerContext, look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (!pushes || follower === undefined || !isPromptctlError(error, 'not_found')) throw error
    await follower.refresh()
    return look()
  }
}

/** What a remote that is away says to whoever runs the server is no use to a caller. */
function forCallers(error: unknown): unknown {
  const remote = isPromptctlError(error, 'unavailable') ? error.details?.['remote'] : undefined
  if (remote === undefined || !isPromptctlError(error)) return error
  return new PromptctlError('unavailable', `The remote could not be written: ${error.message}`, {
    hint: 'Nothing is left committed here. Read the prompt before you try again: the remote may have taken the write before the connection broke.',
    details: { remote },
    cause: error,
  })
}

/**
 * The registry as it is configured now. Throws `unsupported` where a write would not be served, or would not get to the
 * remote that is.
 */
async function requireWritable({ source, follower, pushes }: ServerContext, opened: Registry): Promise<Registry> {
  const registry = await asConfigured(opened)
  if (follower !== undefined && !pushes) {
    throw new PromptctlError('unsupported', 'This server follows a remote and does not push, so it takes no writes', {
      hint: 'Start it with --push.',
    })
  }
  const { repository } = await registry.git()
  const shared = await sharedBranchOf(registry)
  const branch = repository.workTree === undefined ? shared : (await repository.head()).branch
  if (branch !== undefined && branch === shared && source.ref === `refs/heads/${branch}`) return registry
  throw new PromptctlError(
    'unsupported',
    `What is served is ${source.ref}, and a commit would be on ${branch ?? 'no branch'}`,
    {
      hint: 'Serve the shared branch, and where there is a work tree have it checked out.',
    },
  )
}

/** The address of a token's name can be nobody's: https://www.rfc-editor.org/rfc/rfc2606#section-2 */
function authorOf({ name }: Caller): Identity {
  if (name === undefined) throw new Error('a write without a token')
  return { name, email: name.includes('@') ? name : `${name}@tokens.promptctl.invalid` }
}

const tooMany = (): PromptctlError =>
  new PromptctlError('unavailable', 'Too many writes are waiting', { hint: 'Try again in a moment.' })
