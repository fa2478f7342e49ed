import { fastifySwagger } from '@fastify/swagger'
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaValidationError,
  fastify,
} from 'fastify'
import { isPromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { type About, createAccessLog } from './access-log.js'
import { collectMethods } from './allow.js'
import { JSON_TYPE } from './answers.js'
import { type Caller, createAuthenticator } from './auth.js'
import { answerClientError, answerExpectation } from './client-error.js'
import type { ServerContext } from './context.js'
import { addCors } from './cors.js'
import { createHostCheck } from './hosts.js'
import { acceptEmptyJson } from './json-body.js'
import { formatLangfuseError, LANGFUSE_PREFIX } from './langfuse-error.js'
import { API } from './openapi.js'
import { createPinned } from './pinned.js'
import { HttpError, PROBLEM_TYPE, problemOf } from './problem.js'
import { registerRefresh } from './refresh.js'
import { registerEvents } from './routes/events.js'
import { registerLangfuse } from './routes/langfuse.js'
import { registerOperations } from './routes/operations.js'
import { registerPrompts } from './routes/prompts.js'
import { registerTemplates } from './routes/templates.js'
import { PATTERN_WORDS } from './schemas.js'
import { STATUS, STATUS_BUG } from './status.js'
import { registerWrites } from './writes.js'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    about: About | undefined
  }
}

export interface AppOptions {
  readonly server: ServerContext
  /** What the Host header may say; undefined: anything. */
  readonly hosts: ReadonlySet<string> | undefined
  /** The origins whose pages may read answers; `*` is any. */
  readonly cors: readonly string[]
}

export const BODY_LIMIT = 256 * 1024
const HEADER_LIMIT = 16 * 1024
/** A slug has 69 characters, an alias at most 300; each may be escaped. */
const LONGEST_PARAMETER = 900

/** The server without a socket: `listen.ts` gives it one, tests use `inject`. */
export async function createApp({ server, hosts, cors }: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 15_000,
    // Requests that came before the end are answered as ever.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: () => '',
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // Nothing is changed on the way in: text stays text, and what is unknown is refused.
    ajv: { customOptions: { coerceTypes: false, useDefaults: false, removeAdditional: false } },
    http: {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      // Node's own answer has no body.
      requireHostHeader: false,
    },
    schemaErrorFormatter: formatSchemaError,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) =>
      sendProblem(server, error, request as unknown as FastifyRequest, reply as unknown as FastifyReply),
  })
  app.server.on('checkExpectation', answerExpectation)
  acceptEmptyJson(app)
  app.decorateRequest('caller')
  app.decorateRequest('about', undefined)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler((error, request, reply) => sendProblem(server, error, request, reply))
  addChecks(app, createHostCheck(hosts))
  endConnections(app, server)
  addCors(app, cors)
  const record = createAccessLog(server)
  app.addHook('onResponse', (request, reply, done) => {
    record(request, reply)
    done()
  })
  await app.register(fastifySwagger, API)
  const methods = collectMethods(app)
  app.setNotFoundHandler((request) => {
    methods.assertNoRoute(request)
    throw new HttpError(404, 'not_found', 'There is nothing at this address')
  })
  registerOperations(app, server)
  registerRefresh(app, server)
  await app.register(async (api) => {
    addAuthentication(api, server)
    const pinned = createPinned(server)
    registerTemplates(api, server)
    registerPrompts(api, server, pinned)
    registerEvents(api, server, record)
    registerLangfuse(api, server, pinned)
    registerWrites(api, server)
  })
  methods.refuseOthers()
  return app
}

const NO_HOST = 'A request of HTTP/1.1 has to say its Host'

function addChecks(app: FastifyInstance, checkHost: (header: string | undefined) => void): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    const { host } = request.headers
    if (host === undefined && request.raw.httpVersion === '1.1') throw new HttpError(400, 'usage', NO_HOST)
    checkHost(host)
    done()
  })
}

/** While draining, each answer ends its connection: fastify sees to that only where a request begins after its close. */
function endConnections(app: FastifyInstance, { health }: ServerContext): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (health.draining) reply.header('connection', 'close')
    done()
  })
}

function addAuthentication(api: FastifyInstance, { tokens }: ServerContext): void {
  const authenticate = createAuthenticator(tokens)
  api.addHook('onRequest', (request, _reply, done) => {
    request.caller = authenticate(request.headers)
    done()
  })
}

/** `querystring must NOT have additional properties: "env"`, `body must be object`, `querystring/tag is there twice` */
function formatSchemaError(errors: readonly FastifySchemaValidationError[], where: string): Error {
  const [{ keyword = '', instancePath = '', message: said = 'is not valid', params = {} } = {}] = errors
  const { allowedValues, pattern } = params
  const isTwice = where === 'querystring' && keyword === 'type'
  const words = typeof pattern === 'string' ? PATTERN_WORDS[pattern] : undefined
  const message = Array.isArray(allowedValues) ? `must be one of ${allowedValues.join(', ')}` : (words ?? said)
  const property =
    typeof params['additionalProperty'] === 'string' ? `: ${quoteName(params['additionalProperty'])}` : ''
  return new HttpError(400, 'usage', `${where}${instancePath} ${isTwice ? 'is there twice' : message}${property}`)
}

/** In seconds: until prompts are loaded, a lock is free or a remote answers again. */
const RETRY_AFTER_S = 2

/** The one place that words a failure for HTTP. A bug goes to the log; what a caller did wrong does not. */
function sendProblem(
  { log }: ServerContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemOf(error, { isConditional: request.headers['if-match'] !== undefined })
  if (problem.status === STATUS_BUG) log.write('error', 'a request failed', failureOf(error))
  if (problem.status === STATUS.unavailable) {
    log.seldom('warn', 'a request could not be answered', failureOf(error))
    reply.header('retry-after', RETRY_AFTER_S)
  }
  if (error instanceof HttpError) reply.headers(error.headers)
  const isLangfuse = request.url.startsWith(LANGFUSE_PREFIX)
  const body = JSON.stringify(isLangfuse ? formatLangfuseError(problem) : problem)
  // As bytes, because fastify gives text a charset, which this type does not have.
  return (
    reply
      .code(problem.status)
      // A proxy may keep a 404 that says nothing of it, and what is missing now may be published in a second.
      .header('cache-control', 'no-store')
      .type(isLangfuse ? JSON_TYPE : PROBLEM_TYPE)
      .send(Buffer.from(body))
  )
}

/** For the log of whoever runs the server. The message of an error that is not ours may hold a value; its stack does not. */
function failureOf(error: unknown): Readonly<Record<string, unknown>> {
  if (isPromptctlError(error)) return { code: error.code, reason: error.message }
  if (!(error instanceof Error)) return { reason: 'something was thrown that is no error' }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line))
  return { reason: error.name, stack: frames.slice(0, 8).join('\n') }
}
