import type { FastifyInstance, HTTPMethods } from 'fastify'
import { HttpError } from './problem.js'

/** Those that fastify routes; others are rare, and a route for each would cost a server a tenth of a second at its start. */
const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY']

/** What the routes of an app take. */
export interface RouteMethods {
  /** Adds what answers 405 for the usual methods that a route does not have; to be called after routes are added. */
  refuseOthers(): void
  /** Throws 405 for a request that no route took although its address is one of theirs: its method is an unusual one. */
  assertNoRoute(request: { readonly method: string; readonly url: string }): void
}

/** To be called before routes are added. */
export function collectMethods(app: FastifyInstance): RouteMethods {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one)
    methods.set(url, known)
  })
  const allowed = new Map<string, string>()
  return {
    refuseOthers: () => {
      for (const [url, known] of [...methods]) {
        if (url === '*') continue
        const allow = [...known].sort().join(', ')
        allowed.set(url, allow)
        app.route({
          method: METHODS.filter((method) => !known.has(method)),
          url,
          schema: { hide: true },
          exposeHeadRoute: false,
          // Before the body is looked at: its type may be wrong as well.
          onRequest: ({ method }) => {
            throw notAllowed(method, allow)
          },
          handler: async () => undefined,
        })
      }
    },
    assertNoRoute: ({ method, url }) => {
      const path = url.replace(/\?.*$/s, '')
      for (const [route, allow] of allowed) if (patternOf(route).test(path)) throw notAllowed(method, allow)
    },
  }
}

/** `/api/v1/templates/:id/versions` */
const patternOf = (route: string): RegExp => new RegExp(`^${route.replace(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}$`)

const notAllowed = (method: string, allow: string): HttpError =>
  new HttpError(405, 'usage', `${method} is not for this address, which takes ${allow}`, { allow })
