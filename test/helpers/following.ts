import { afterEach, expect } from 'vitest'
import { formatTokenLine, hashToken, parseScope } from '../../src/core/tokens.js'
import { openCloned, openRegistry } from '../../src/open.js'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { type ServeOptions, type ServeSurroundings, serve } from '../../src/server/serve.js'
import { isolatedEnv, type ProcessEnv } from './repo.js'

/** A token that may do everything, and one that may read. */
export const TOKEN = 'a-token-for-all'
export const READER = 'a-token-to-read'

export interface FollowingOptions extends Partial<ServeOptions> {
  /** A bare clone of this is made in `dir` where it is missing; undefined: `dir` is served as it is. */
  readonly clone?: string
  readonly dir: string
  readonly env: ProcessEnv
  readonly refreshSecret?: string
  /** Null: without tokens; without it those of TOKEN and READER. */
  readonly readTokens?: ServeSurroundings['readTokens'] | null
}

/** A server on a socket of its own, in this process; stopped after the test. */
export interface Following {
  readonly url: string
  lines(): readonly Readonly<Record<string, unknown>>[]
  write(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Written>
  get<T>(path: string): Promise<T>
  stop(): Promise<void>
}

export interface Written {
  readonly status: number
  readonly body: ChangeRecord & { readonly code?: string; readonly detail?: string }
}

const running: Following[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
})

export const tokenFile = (): string =>
  [
    formatTokenLine({ name: 'ci', hash: hashToken(TOKEN), scopes: ['read:*', 'write:*'].map(parseScope) }),
    formatTokenLine({ name: 'app', hash: hashToken(READER), scopes: [parseScope('read:*')] }),
  ].join('\n')

export async function startFollowing({
  clone,
  dir,
  env,
  refreshSecret,
  readTokens = async () => ({ text: tokenFile(), file: 'tokens' }),
  ...more
}: FollowingOptions): Promise<Following> {
  const place = { directory: dir, base: dir, env, now: Date.now }
  const registry = await (clone === undefined ? openRegistry(place) : openCloned(place, clone))
  const own = clone === undefined ? {} : { push: true, isOwn: true }
  const base = { host: '127.0.0.1', port: 0, environment: undefined, branch: undefined, allowedHosts: [], cors: [] }
  const stopping = new AbortController()
  let text = ''
  let ended: Promise<void> | undefined
  const url = await new Promise<string>((done, fail) => {
    ended = serve(
      { ...base, ...own, ...more },
      {
        registry,
        refreshSecret,
        readTokens: readTokens ?? undefined,
        signal: stopping.signal,
        now: Date.now,
        write: (written) => {
          text += written
        },
        onListening: done,
      },
    )
    ended.catch(fail)
  })
  const started: Following = {
    url,
    ...callsTo(url),
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: async () => {
      stopping.abort()
      await ended
      await registry.close()
    },
  }
  running.push(started)
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { interval: 20 }).toBe(200)
  return started
}

/** The same calls, for a server of any process. */
export function callsTo(url: string): Pick<Following, 'write' | 'get'> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  return {
    write: async (method, path, body = {}, more = {}) => {
      const answer = await fetch(`${url}/api/v1/templates${path}`, {
        method,
        headers: { ...headers, 'content-type': 'application/json', ...more },
        body: JSON.stringify(body),
      })
      return { status: answer.status, body: (await answer.json()) as Written['body'] }
    },
    get: async <T>(path: string) => (await (await fetch(`${url}${path}`, { headers })).json()) as T,
  }
}

/** Nobody is configured there, as on a server. */
export const serverEnv = (home: string, more: ProcessEnv = {}): ProcessEnv => ({ ...isolatedEnv(home), ...more })
