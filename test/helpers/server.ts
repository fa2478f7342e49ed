import type { FastifyInstance } from 'fastify'
import { afterEach } from 'vitest'
import type { Environment } from '../../src/core/slug.js'
import { hashToken, parseScope, type Token } from '../../src/core/tokens.js'
import { openRegistry } from '../../src/open.js'
import { createApp } from '../../src/server/app.js'
import type { ServerContext } from '../../src/server/context.js'
import { EVALUATION_MS } from '../../src/server/deadline.js'
import { createHealth } from '../../src/server/health.js'
import { allowedHosts } from '../../src/server/hosts.js'
import { createLog } from '../../src/server/log.js'
import { createMetrics } from '../../src/server/metrics.js'
import { createSource } from '../../src/server/source.js'
import type { TestRegistry } from './registry.js'

export interface TestServerOptions {
  /** By token, its scopes: `{ 'secret-one': ['read:production'] }`; the name is `t-secret-one`. Undefined: no tokens. */
  readonly tokens?: Readonly<Record<string, readonly string[]>>
  readonly environment?: string
  readonly cors?: readonly string[]
  readonly ref?: string
  /** False leaves it as it is before the first load. */
  readonly load?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly evaluationMs?: number
}

/** A server in this process, without a socket, over a real repository; closed after the test. */
export interface TestServer {
  readonly app: FastifyInstance
  readonly server: ServerContext
  /** Takes away a token, or gives other ones. */
  setTokens(tokens: NonNullable<TestServerOptions['tokens']>): void
  /** The lines of the log, parsed. */
  lines(): readonly Readonly<Record<string, unknown>>[]
  /** The log as it was written. */
  text(): string
}

const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

export async function openServer(
  { dir, repo }: Pick<TestRegistry, 'dir' | 'repo'>,
  {
    tokens,
    environment,
    cors = [],
    ref = 'refs/heads/main',
    load = true,
    env,
    evaluationMs = EVALUATION_MS,
  }: TestServerOptions = {},
): Promise<TestServer> {
  const registry = await openRegistry({ directory: dir, env: { ...repo.env, ...env }, now: Date.now })
  let text = ''
  const now = Date.now
  const log = createLog((more) => {
    text += more
  }, now)
  const source = createSource({ registry, ref, now })
  const metrics = createMetrics(source, now)
  let list = tokens === undefined ? undefined : Object.entries(tokens).map(createToken)
  const server: ServerContext = {
    source,
    tokens: () => list,
    environment: environment as Environment | undefined,
    evaluationMs,
    log,
    metrics,
    health: createHealth(log, metrics),
    now,
  }
  const app = await createApp({ server, hosts: allowedHosts('127.0.0.1', []), cors })
  opened.push(registry, app)
  if (load) await source.refresh()
  const written = (): string => {
    log.flush()
    return text
  }
  return {
    app,
    server,
    setTokens: (others) => {
      list = Object.entries(others).map(createToken)
    },
    text: written,
    lines: () =>
      written()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

const createToken = ([secret, scopes]: [string, readonly string[]]): Token => ({
  name: `t-${secret}`,
  hash: hashToken(secret),
  scopes: scopes.map(parseScope),
})
