import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createSizedMap } from '../../core/bounded-map.js'
import type { PreparedPrompt, Values } from '../../core/compile.js'
import { isPromptctlError } from '../../core/errors.js'
import type { Oid } from '../../core/history.js'
import { readPlacedPrompt } from '../../registry/delivery/placed-prompt.js'
import type { ServedPrompt } from '../../registry/delivery/snapshot.js'
import { formatCompiled, JSON_TYPE, sendRecord } from '../answers.js'
import type { ServerContext } from '../context.js'
import { chooseReadable, readableBy } from '../environment.js'
import { isForEver, type Pinned } from '../pinned.js'
import { COMPILED, DELIVERED, DELIVERY_QUERY, NAME, PROBLEMS, tagged, VALUES } from '../schemas.js'

interface Delivery {
  Params: { readonly slug: string }
  Querystring: { readonly environment?: string; readonly version?: string }
}

interface Found {
  readonly served: ServedPrompt
  /** Where its partials were live. */
  readonly commit: Oid
}

/** Delivery: what is live in an environment, as a record and compiled. */
export function registerPrompts(app: FastifyInstance, server: ServerContext, pinned: Pinned): void {
  const shared = { params: NAME('slug'), querystring: DELIVERY_QUERY }
  app.get<Delivery>(
    '/api/v1/prompts/:slug',
    { schema: { summary: 'What is live, with its variables', ...shared, response: tagged(DELIVERED) } },
    (request, reply) => {
      const { version } = request.query
      if (version === undefined) {
        sendRecord(request, reply, findLive(server, request).served, 'revalidated')
        return
      }
      return findPinned(server, pinned, request, version).then(({ served }) =>
        sendRecord(request, reply, served, isForEver(version, served) ? 'immutable' : 'revalidated'),
      )
    },
  )
  app.post<Delivery & { Body: Values | undefined }>(
    '/api/v1/prompts/:slug/compiled',
    {
      schema: {
        summary: 'The prompt with these values filled in',
        ...shared,
        body: VALUES,
        response: { 200: COMPILED, ...PROBLEMS },
      },
      // A prompt that needs nothing needs no body either.
      preValidation: (request, _reply, done) => {
        if (request.body === undefined) request.body = {}
        done()
      },
    },
    // Without a promise where none is needed: it costs as much as compiling.
    (request, reply) => {
      const { version } = request.query
      if (version === undefined) return sendCompiled(server, request, reply, findLive(server, request))
      return findPinned(server, pinned, request, version).then((found) => sendCompiled(server, request, reply, found))
    },
  )
}

function sendCompiled(
  server: ServerContext,
  request: FastifyRequest<{ Body: Values | undefined }>,
  reply: FastifyReply,
  found: Found,
): FastifyReply | Promise<never> {
  const values = request.body ?? {}
  let compiled: unknown
  try {
    compiled = found.served.prepared.compile(values)
  } catch (error) {
    return placed(server, found, values, error).then((better) => {
      throw better
    })
  }
  return reply.header('content-type', JSON_TYPE).send(formatCompiled(found.served, compiled))
}

function findLive(server: ServerContext, request: FastifyRequest<Delivery>): Found {
  const environment = chooseReadable(server, request, request.query.environment)
  const served = server.source.find(environment, request.params.slug)
  return tell(request, { served, commit: server.source.requireLoaded().tip })
}

/** A version tells its environment itself; one that is asked for besides must fit, and one that may not be read is not there. */
async function findPinned(
  server: ServerContext,
  pinned: Pinned,
  request: FastifyRequest<Delivery>,
  version: string,
): Promise<Found> {
  const { environment: asked } = request.query
  const allowed = asked === undefined ? readableBy(server, request.caller) : [chooseReadable(server, request, asked)]
  const served = await pinned.find(request.params.slug, version, allowed)
  return tell(request, { served, commit: served.delivered.commit ?? server.source.requireLoaded().tip })
}

function tell(request: FastifyRequest, found: Found): Found {
  const { environment, slug, version } = found.served
  request.about = { environment, slug, version }
  return found
}

/** So many prompts that are compiled from their files are kept, for the places in an error: who errs once does so again. */
const MOST_PLACED = 100
const placedPrompts = createSizedMap<ServedPrompt, Promise<PreparedPrompt>>(MOST_PLACED, () => 1)

/** The error with the places of the file, which is compiled once more for it; as it was, where that gives no better one. */
async function placed({ source, health }: ServerContext, { served, commit }: Found, values: Values, error: unknown) {
  if (!isPromptctlError(error) || error.details === undefined) return error
  try {
    const known = placedPrompts.get(served) ?? readPlacedPrompt(source.registry, served.delivered, commit)
    placedPrompts.set(served, known)
    const again = await known
    again.compile(values)
  } catch (better) {
    if (isPromptctlError(better, error.code)) return better
    placedPrompts.delete(served)
    health.failed('load', better)
  }
  return error
}
