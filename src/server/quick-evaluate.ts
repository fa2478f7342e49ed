import type { FastifyInstance } from 'fastify'
import type { Changes } from '../core/yaml/edit.js'
import { quickEvaluate } from '../registry/quick-evaluate.js'
import { onCommits } from '../registry/registry.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import { changesOf } from './changes.js'
import type { ServerContext } from './context.js'
import { withDeadline } from './deadline.js'
import { FOR_WRITERS } from './openapi.js'
import { PROBLEMS } from './schemas.js'
import { chooseWritable } from './write-environment.js'
import { EVALUATED, ID_PARAMS, QUICK_EVALUATE, WRITE_QUERY } from './write-schemas.js'

interface Route {
  Params: { readonly id: string }
  Querystring: { readonly environment?: string }
  Body: {
    readonly environment?: string
    readonly version?: number
    readonly providers?: readonly string[]
    readonly [key: string]: Changes[string] | number
  }
}

/**
 * Runs a prompt's test set against a version, or against content that is not published yet. It changes nothing; it may call
 * models, which cost money, and so takes who may write there.
 */
export function registerQuickEvaluate(app: FastifyInstance, server: ServerContext): void {
  app.post<Route>(
    '/api/v1/templates/:id/quick-evaluate',
    {
      schema: {
        summary: 'Tries content with the test set of its prompt, before it is published',
        security: FOR_WRITERS,
        params: ID_PARAMS,
        body: QUICK_EVALUATE,
        querystring: WRITE_QUERY,
        response: { 200: EVALUATED, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const environment = chooseWritable(server, request)
      const registry = withDeadline(onCommits(server.source.registry), server.evaluationMs)
      const { environment: _, version, providers, ...content } = request.body
      const slug = await resolveExactly(registry, request.params.id, environment)
      request.about = { environment, slug }
      reply.header('cache-control', 'no-store')
      return quickEvaluate(registry, {
        slug,
        environment,
        version,
        providers,
        changes: changesOf(content as Changes),
      })
    },
  )
}
