import { setFlagsFromString } from 'node:v8'
import { isPromptctlError, PromptctlError } from '../core/errors.js'
import type { Environment } from '../core/slug.js'
import type { Token } from '../core/tokens.js'
import { sharedBranchOf } from '../registry/branches.js'
import { createTipReader, type Followed, findFollowed } from '../registry/follow.js'
import type { Repository } from '../registry/ports.js'
import { type Registry, requireEnvironment } from '../registry/registry.js'
import { createApp } from './app.js'
import type { ServerContext } from './context.js'
import { EVALUATION_MS } from './deadline.js'
import { createFollower, poll } from './follower.js'
import { createHealth } from './health.js'
import { allowedHosts, isLoopback } from './hosts.js'
import { listen } from './listen.js'
import { createLog } from './log.js'
import { createMetrics } from './metrics.js'
import { reportMoves } from './moves.js'
import { retryOutbox } from './outbox.js'
import { createSource } from './source.js'
import { openTokens } from './token-file.js'
import { sleep, watch } from './watch.js'

export interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly environment: Environment | undefined
  /** The shared branch by another name; undefined: as the configuration and the remote say. */
  readonly branch: string | undefined
  /** Milliseconds between two questions to the remote; undefined: it is not asked again and again. */
  readonly poll?: number | undefined
  /** A write reaches the remote before it is acknowledged. */
  readonly push?: boolean
  /** The repository is a clone that --clone made: the server's own. */
  readonly isOwn?: boolean
  readonly allowedHosts: readonly string[]
  readonly cors: readonly string[]
}

/** What serving needs of the process around it. */
export interface ServeSurroundings {
  readonly registry: Registry
  /** The text of the file of tokens; undefined where there is none. */
  readonly readTokens: (() => Promise<{ readonly text: string; readonly file: string }>) | undefined
  /** Signs the webhooks that announce a push to the remote; undefined: none is taken. */
  readonly refreshSecret?: string | undefined
  /** Ends the server. */
  readonly signal: AbortSignal
  readonly now: () => number
  readonly write: (text: string) => void
  /** Called when the socket listens. */
  readonly onListening?: (url: string) => void
}

/** Requests that have come and were not read yet are in flight, too: connections are taken for so much longer. */
const ARRIVE_MS = 100

/** A delivery that is under way at the end is tried again later, by whoever comes; it is waited for no longer. */
const LONGEST_TRY_MS = 3_000

/**
 * V8 lets garbage grow to several times of what is used before it looks, in percent of that; a process that only answers
 * makes little. Measured with 10,000 prompts: 286 MiB in place of 417, and the same time.
 */
const GROW_LESS = '--heap-growing-percent=50'

/** Serves until the signal comes, and resolves when everything was answered. Throws what keeps it from starting. */
export async function serve(options: ServeOptions, surroundings: ServeSurroundings): Promise<void> {
  const { registry, readTokens, signal, now } = surroundings
  setFlagsFromString(GROW_LESS)
  if (options.environment !== undefined) requireEnvironment(registry.config, options.environment)
  if (!isLoopback(options.host) && readTokens === undefined) throw needsTokens(options.host)
  const log = createLog(surroundings.write, now)
  const ref = await findRef(registry, options.branch)
  const followed = await chooseFollowed(registry, ref, options, surroundings)
  if (options.branch !== undefined) await assertThere(registry, ref, followed)
  const readTip = followed === undefined ? undefined : createTipReader(registry, followed)
  const source = createSource({ registry, now, ref, readTip })
  const metrics = createMetrics(source, now)
  const health = createHealth(log, metrics)
  const tokens = readTokens === undefined ? undefined : await openTokens(readTokens, health, signal)
  const server: ServerContext = {
    source,
    follower: followed === undefined ? undefined : createFollower({ source, health }, followed),
    pushes: options.push ?? false,
    refreshSecret: surroundings.refreshSecret,
    tokens: (): readonly Token[] | undefined => tokens?.current,
    environment: options.environment,
    evaluationMs: EVALUATION_MS,
    log,
    metrics,
    health,
    now,
  }
  const app = await createApp({ server, hosts: allowedHosts(options.host, options.allowedHosts), cors: options.cors })
  const { url, drain } = await listen(app, options)
  log.write('info', 'listening', { url, ref: source.ref })
  log.flush()
  surroundings.onListening?.(url)
  reportMoves(server)
  const outbox = registry.config.webhooks.length === 0 ? undefined : retryOutbox(server, signal)
  const polling = options.poll === undefined ? undefined : poll(server, options.poll, signal)
  await watch(server, signal)
  await polling
  await sleep(ARRIVE_MS)
  health.drain()
  log.write('info', 'draining')
  await drain()
  await atMost(LONGEST_TRY_MS, outbox)
  await tokens?.closed
  log.write('info', 'ended')
  log.flush()
}

async function atMost(ms: number, action: Promise<void> | undefined): Promise<void> {
  const rest = new AbortController()
  await Promise.race([action, sleep(ms, rest.signal)])
  rest.abort()
}

async function findRef(registry: Registry, asked: string | undefined): Promise<string> {
  const branch = asked ?? (await sharedBranchOf(registry))
  if (branch !== undefined) return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`
  throw new PromptctlError('unsupported', 'HEAD is detached, so there is no branch to serve', {
    hint: 'Name it with --ref <branch>.',
  })
}

/**
 * Throws `not_found` for a branch that is neither here nor at the remote: it would never be served. One that HEAD is on, and that
 * has no commit yet, may get its first.
 */
async function assertThere(registry: Registry, ref: string, followed: Followed | undefined): Promise<void> {
  const { repository } = await registry.git()
  const branch = ref.replace(/^refs\/heads\//, '')
  if ((await repository.readRef(ref)) !== undefined || (await repository.head()).branch === branch) return
  if (await isAtRemote(repository, branch, followed)) return
  throw new PromptctlError('not_found', `There is no branch ${branch}, here or at the remote`, {
    hint: 'git branch --all lists those that are.',
  })
}

/** Asks the remote where it is followed; one that is away may have the branch. */
async function isAtRemote(repository: Repository, branch: string, followed: Followed | undefined): Promise<boolean> {
  if (followed === undefined) {
    const remote = await repository.remote(branch)
    return remote !== undefined && (await repository.readRef(`refs/remotes/${remote.name}/${branch}`)) !== undefined
  }
  try {
    return (await repository.fetch(followed.shared.remote, branch)) !== undefined
  } catch (error) {
    if (isPromptctlError(error, 'unavailable')) return true
    throw error
  }
}

/** Who polls, pushes, or is told of pushes by webhooks, follows the remote; else what is here is served, whatever is there. */
async function chooseFollowed(
  registry: Registry,
  ref: string,
  { poll: everyMs, push = false, isOwn = false }: ServeOptions,
  { refreshSecret }: ServeSurroundings,
): Promise<Followed | undefined> {
  const branch = ref.replace(/^refs\/heads\//, '')
  if (push || isOwn || everyMs !== undefined) {
    if (ref.startsWith('refs/heads/')) return findFollowed(registry, branch, isOwn)
    throw new PromptctlError('usage', `${ref} is no branch that a remote could be asked for`, {
      hint: 'Name the branch itself: --ref main.',
    })
  }
  const { repository } = await registry.git()
  const isTold = refreshSecret !== undefined && (await repository.remote(branch)) !== undefined
  return isTold ? findFollowed(registry, branch, false) : undefined
}

const needsTokens = (host: string): PromptctlError =>
  new PromptctlError('usage', `Serving on ${host} needs tokens, because others reach it`, {
    hint: 'promptctl token create makes one; --tokens <file> names the file with its line.',
  })
