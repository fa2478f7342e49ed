import type { Server as HttpServer } from 'node:http'
import { isIPv6, Server as NetServer, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { PromptctlError } from '../core/errors.js'
import { sleep } from './watch.js'

/** An app on a socket. */
export interface Listening {
  readonly url: string
  /**
   * Takes nothing new, and resolves when what is in flight has been answered; connections that are still busy after 25 s are
   * cut. To be called as soon as the server's health is draining: each answer ends its connection then.
   */
  drain(): Promise<void>
}

/** Puts the app on a socket. Throws `unavailable`, such as for a port that is taken. */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<Listening> {
  const closeQuiet = collectConnections(app.server)
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
  return { url: `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`, drain: () => drain(app, closeQuiet) }
}

/** The longest that requests in flight may take after the server was told to end. */
const DRAIN_MS = 25_000
/** Who asks again and again is told meanwhile, by an answer, that the connection ends: it is not cut under a request. */
const SETTLE_MS = 250

async function drain(app: FastifyInstance, closeQuiet: () => void): Promise<void> {
  const { server } = app
  const settled = new AbortController()
  server.once('close', () => settled.abort())
  // Takes no more connections, and leaves those that are there: the method of http closes the idle ones.
  NetServer.prototype.close.call(server)
  await sleep(SETTLE_MS, settled.signal)
  const again = setInterval(closeQuiet, SETTLE_MS)
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  try {
    await app.close()
  } finally {
    clearInterval(again)
    clearTimeout(timer)
  }
}

/** Gives what closes connections without a request; one over which nothing came yet is not idle to Node, which waits for it. */
function collectConnections(server: HttpServer): () => void {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return () => {
    server.closeIdleConnections()
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }
}
