import { isIPv6 } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { PromptctlError } from '../core/errors.js'
import { sleep } from './watch.js'

/** The longest that requests in flight may take after the server was told to end. */
const DRAIN_MS = 25_000

/** Puts the app on a socket; gives its URL. Throws `unavailable`, such as for a port that is taken. */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new PromptctlError('unavailable', `Cannot listen on ${host} port ${port}${code}`, {
      hint: 'Choose another one with --port; 0 takes any that is free.',
      cause: error,
    })
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`
}

/** Requests that have arrived and were not read yet are in flight, too: connections are only then seen to be idle. */
const SETTLE_MS = 100

/** Takes nothing new and answers what is in flight; connections that are still busy after 25 s are cut. */
export async function drain(app: FastifyInstance): Promise<void> {
  await sleep(SETTLE_MS)
  const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
