import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../context.js'
import { FOR_ALL } from '../openapi.js'
import { HEALTHY, inText, NOT_READY, READY } from '../schemas.js'

const DESCRIPTION = { description: 'OpenAPI 3.1', type: 'object', additionalProperties: true }

/** Health, readiness, metrics and the description of the API: open to all, because they tell no prompt. */
export function registerOperations(app: FastifyInstance, server: ServerContext): void {
  const { health, metrics, source } = server
  app.get(
    '/healthz',
    { schema: { summary: 'The process answers', security: FOR_ALL, response: { 200: HEALTHY } } },
    async () => ({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    { schema: { summary: 'Prompts are served', security: FOR_ALL, response: { 200: READY, 503: NOT_READY } } },
    async (_request, reply) => {
      const { loaded } = source
      const isReady = loaded !== undefined && !health.draining
      const degraded = health.failing.length === 0 ? 'ready' : 'degraded'
      const status = health.draining ? 'draining' : loaded === undefined ? 'loading' : degraded
      reply.code(isReady ? 200 : 503).header('cache-control', 'no-store')
      return { status, failing: health.failing, commit: loaded?.tip ?? null }
    },
  )
  app.get(
    '/metrics',
    {
      schema: {
        summary: "Metrics in Prometheus' text format",
        security: FOR_ALL,
        response: { 200: inText('text/plain', 'Metrics') },
      },
    },
    async (_request, reply) => {
      reply.type(metrics.registry.contentType)
      return metrics.registry.metrics()
    },
  )
  let description: string | undefined
  app.get(
    '/openapi.json',
    { schema: { summary: 'This description', security: FOR_ALL, response: { 200: DESCRIPTION } } },
    async (_request, reply) => {
      description ??= JSON.stringify(app.swagger())
      return reply.type('application/json; charset=utf-8').send(description)
    },
  )
}
