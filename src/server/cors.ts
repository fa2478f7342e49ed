import type { FastifyInstance } from 'fastify'

const ALLOWED = 'authorization, content-type, if-match, if-none-match, last-event-id'
const EXPOSED = 'etag'

/** Lets pages of these origins read answers; with none, nothing is said and browsers keep them apart. */
export function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    const isAllowed = origin !== undefined && (origins.includes('*') || origins.includes(origin))
    reply.header('vary', 'Origin')
    if (isAllowed) {
      reply.header('access-control-allow-origin', origins.includes('*') ? '*' : origin)
      reply.header('access-control-expose-headers', EXPOSED)
    }
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return done()
    if (isAllowed) {
      reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT')
      reply.header('access-control-allow-headers', ALLOWED)
      reply.header('access-control-max-age', '600')
    }
    reply.code(204).send()
  })
}
