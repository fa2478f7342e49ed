import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createAuthenticator } from './auth.js'
import type { ServerContext } from './context.js'
import { FOR_PUSHES } from './openapi.js'
import { HttpError } from './problem.js'
import { PROBLEMS, REFRESHED, REFRESHING } from './schemas.js'

/** GitHub gives up on a webhook after 10 s. */
const ANSWER_MS = 8_000

/**
 * POST /api/v1/refresh: looks at the branch at once, and asks the remote where one is followed. For a token that may write
 * somewhere, and for the push webhooks of GitHub (an HMAC of the body) and GitLab (the secret itself).
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
 * https://docs.gitlab.com/user/project/integrations/webhooks/
 */
export function registerRefresh(app: FastifyInstance, server: ServerContext): void {
  const authenticate = createAuthenticator(server.tokens)
  const { source, refreshSecret } = server
  app.register(async (api) => {
    // What is signed are the bytes, of whatever type.
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    const schema = {
      summary: 'Asks the remote at once',
      security: FOR_PUSHES,
      response: { 200: REFRESHED, 202: REFRESHING, ...PROBLEMS },
    }
    api.post('/api/v1/refresh', { schema }, async (request, reply) => {
      if (!isSigned(request, refreshSecret)) request.caller = authenticate(request.headers)
      if (request.caller !== undefined) assertMayWrite(server, request)
      const isDone = await within(ANSWER_MS, server.follower?.refresh() ?? source.refresh())
      reply.code(isDone ? 200 : 202).header('cache-control', 'no-store')
      return { commit: source.loaded?.tip ?? null }
    })
  })
}

function isSigned({ headers, body }: FastifyRequest, secret: string | undefined): boolean {
  if (secret === undefined) return false
  const signature = headers['x-hub-signature-256']
  const token = headers['x-gitlab-token']
  if (signature !== undefined) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
    const expected = `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`
    if (typeof signature === 'string' && isSame(signature, expected)) return true
  } else if (token === undefined) return false
  else if (typeof token === 'string' && isSame(token, secret)) return true
  throw new HttpError(401, 'unauthorized', 'That is not signed with the secret of this server')
}

/** Compared in constant time, whatever their lengths. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest())
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}

function assertMayWrite({ source }: ServerContext, { caller }: FastifyRequest): void {
  if (source.registry.config.environments.some((environment) => caller.may('write', environment))) return
  const why =
    caller.name === undefined ? 'needs a token that may write, or a signature' : 'is for tokens that may write'
  throw new HttpError(
    caller.name === undefined ? 401 : 403,
    caller.name === undefined ? 'unauthorized' : 'forbidden',
    `This ${why}`,
  )
}

/** False when it takes longer; it goes on then, and its failure is told by the server's health. */
async function within(ms: number, action: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), ms)
  })
  try {
    return await Promise.race([action.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
