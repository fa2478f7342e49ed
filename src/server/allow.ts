import type { FastifyInstance, HTTPMethods } from 'fastify'
import { HttpError } from './problem.js'

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

/**
 * Answers 405 with Allow for the methods that a route does not have; to be called before routes are added, and what it gives
 * back after.
 */
export function collectMethods(app: FastifyInstance): () => void {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one)
    methods.set(url, known)
  })
  return () => {
    for (const [url, known] of [...methods]) {
      if (url === '*') continue
      const allow = [...known].sort().join(', ')
      app.route({
        method: METHODS.filter((method) => !known.has(method)),
        url,
        schema: { hide: true },
        exposeHeadRoute: false,
        // Before the body is looked at: its type may be wrong as well.
        onRequest: (request) => {
          throw new HttpError(405, 'usage', `${request.method} is not for this address, which takes ${allow}`, {
            allow,
          })
        },
        handler: async () => undefined,
      })
    }
  }
}
