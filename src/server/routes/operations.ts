import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../context.js'

/** Health, readiness, metrics and the description of the API: open to all, because they tell no prompt. */
export function registerOperations(app: FastifyInstance, server: ServerContext): void {
  const { health, metrics, source } = server
  app.get('/healthz', { schema: { summary: 'The process answers' } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { summary: 'Prompts are served' } }, async (_request, reply) => {
    const { loaded } = source
    const isReady = loaded !== undefined && !health.draining
    const degraded = health.failing.length === 0 ? 'ready' : 'degraded'
    const status = health.draining ? 'draining' : loaded === undefined ? 'loading' : degraded
    reply.code(isReady ? 200 : 503).header('cache-control', 'no-store')
    return { status, failing: health.failing, commit: loaded?.tip ?? null }
  })
  app.get('/metrics', { schema: { summary: "Metrics in Prometheus' text format" } }, async (_request, reply) => {
    reply.type(metrics.registry.contentType)
    return metrics.registry.metrics()
  })
  let description: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    description ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(description)
  })
}
