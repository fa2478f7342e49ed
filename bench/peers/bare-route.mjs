// What a server of prompts is measured against: fastify with one route that parses a body, checks a token, logs a line and
// answers so many bytes; and one that answers 304. Prints its port. Usage: bare-route.mjs <token> <bytes>
import { createHash, timingSafeEqual } from 'node:crypto'
import { fastify, LogController } from 'fastify'

const [token, bytes] = process.argv.slice(2)
const digest = (text) => createHash('sha256').update(text).digest()
const expected = digest(token)
const body = JSON.stringify({ compiled: 'x'.repeat(Number(bytes) - '{"compiled":""}'.length) })

const app = fastify({ logger: true, logController: new LogController({ disableRequestLogging: true }) })
app.addHook('onRequest', (request, reply, done) => {
  const secret = request.headers.authorization?.slice('Bearer '.length) ?? ''
  if (timingSafeEqual(digest(secret), expected)) done()
  else reply.code(401).send()
})
app.addHook('onResponse', (request, reply, done) => {
  request.log.info({
    method: request.method,
    url: request.routeOptions.url,
    status: reply.statusCode,
    ms: reply.elapsedTime,
  })
  done()
})
app.post('/compiled/:slug', (_request, reply) => {
  reply.type('application/json').send(body)
})
app.get('/record/:slug', (_request, reply) => {
  reply.type('application/json').send(body)
})
app.get('/unchanged/:slug', (request, reply) => {
  reply.header('etag', request.headers['if-none-match']).code(304).send()
})

await app.listen({ host: '127.0.0.1', port: 0 })
process.stderr.write(`${app.server.address().port}\n`)
