import { fastifySwagger } from '@fastify/swagger'
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaValidationError,
  fastify,
} from 'fastify'
import { quoteName } from '../core/slug.js'
import { type About, addAccessLog } from './access-log.js'
import { collectMethods } from './allow.js'
import { type Caller, createAuthenticator } from './auth.js'
import { answerClientError } from './client-error.js'
import type { ServerContext } from './context.js'
import { addCors } from './cors.js'
import { createHostCheck } from './hosts.js'
import { API } from './openapi.js'
import { HttpError, PROBLEM_TYPE, problemOf } from './problem.js'
import { registerOperations } from './routes/operations.js'
import { registerPrompts } from './routes/prompts.js'
import { registerTemplates } from './routes/templates.js'
import { STATUS_BUG } from './status.js'
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
    http: { maxHeaderSize: HEADER_LIMIT, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    schemaErrorFormatter: formatSchemaError,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => sendProblem(server, error, {}, reply as unknown as FastifyReply),
  })
  // Bodies are JSON; fastify reads plain text too.
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('caller')
  app.decorateRequest('about', undefined)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler((error, request, reply) => sendProblem(server, error, request.headers, reply))
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(server, new HttpError(404, 'not_found', 'There is nothing at this address'), {}, reply),
  )
  addChecks(app, createHostCheck(hosts))
  addCors(app, cors)
  addAccessLog(app, server)
  await app.register(fastifySwagger, { openapi: API })
  const refuseOtherMethods = collectMethods(app)
  registerOperations(app, server)
  await app.register(async (api) => {
    addAuthentication(api, server)
    registerTemplates(api, server)
    registerPrompts(api, server)
    registerWrites(api, server)
  })
  refuseOtherMethods()
  return app
}

function addChecks(app: FastifyInstance, checkHost: (header: string | undefined) => void): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    checkHost(request.headers.host)
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

/** `querystring must NOT have additional properties: env`, `body must be object` */
function formatSchemaError(errors: readonly FastifySchemaValidationError[], where: string): Error {
  const [{ instancePath = '', message = 'is not valid', params = {} } = {}] = errors
  const property =
    typeof params['additionalProperty'] === 'string' ? `: ${quoteName(params['additionalProperty'])}` : ''
  return new HttpError(400, 'usage', `${where}${instancePath} ${message}${property}`)
}

/** The one place that words a failure for HTTP. A bug goes to the log; what a caller did wrong does not. */
function sendProblem(
  { log }: ServerContext,
  error: unknown,
  headers: FastifyRequest['headers'],
  reply: FastifyReply,
): FastifyReply {
  const problem = problemOf(error, { isConditional: headers['if-match'] !== undefined })
  if (problem.status >= STATUS_BUG) log.write('error', 'a request failed', failureOf(error))
  if (error instanceof HttpError) reply.headers(error.headers)
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(problem)))
}

/** For the log of whoever runs the server: the stack says where. Messages of ours name things, never values. */
function failureOf(error: unknown): { readonly reason: string; readonly stack?: string | undefined } {
  if (!(error instanceof Error)) return { reason: 'something was thrown that is no error' }
  return { reason: error.message, stack: error.stack?.split('\n').slice(1, 8).join('\n') }
}
