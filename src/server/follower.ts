import type { Followed } from '../registry/follow.js'
import { followRemote } from '../registry/follow.js'
import type { ServerContext } from './context.js'
import { sleep } from './watch.js'

/** Brings what the remote has to what is served. */
export interface Follower {
  readonly followed: Followed
  /**
   * Asks the remote, and resolves when what it has is served; one question at a time, and who asks while one is under way
   * waits for the next. Throws what fetching threw; what was served goes on being served.
   */
  refresh(): Promise<void>
}

/** Two questions begin at least this far apart, however many ask. */
const APART_MS = 1_000

/** Asks nothing yet. */
export function createFollower(server: Pick<ServerContext, 'source' | 'health'>, followed: Followed): Follower {
  const { source, health } = server
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  let rest: Promise<void> | undefined

  const ask = async (): Promise<void> => {
    const mine = new Promise<void>((done) => setTimeout(done, APART_MS).unref()).then(() => {
      if (rest === mine) rest = undefined
    })
    rest = mine
    try {
      await followRemote(source.registry, followed)
      health.worked('fetch')
    } catch (error) {
      health.failed('fetch', error)
      throw error
    }
    await source.refresh()
  }

  const begin = (): Promise<void> => {
    const mine = ask().finally(() => {
      if (current === mine) current = undefined
    })
    current = mine
    return mine
  }

  const wait = async (): Promise<void> => {
    await current?.catch(() => undefined)
    await rest
    next = undefined
    return begin()
  }

  return {
    followed,
    refresh: () => {
      if (current === undefined && next === undefined && rest === undefined) return begin()
      next ??= wait()
      return next
    },
  }
}

/**
 * Asks the remote at once and then again and again, until the signal: that waits for no answer. What fails is told by the
 * server's health.
 */
export async function poll({ follower }: ServerContext, everyMs: number, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }))
  while (!signal.aborted) {
    // A failure was counted and logged where it happened.
    await Promise.race([follower?.refresh().catch(() => undefined), ended])
    await sleep(everyMs, signal)
  }
}
