import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isPromptctlError, PromptctlError } from '../../core/errors.js'
import type { Environment } from '../../core/slug.js'
import { readArrivals } from '../../registry/delivery/arrivals.js'
import type { LogEntry } from '../../registry/log.js'
import type { Oid } from '../../registry/ports.js'
import type { AccessLog } from '../access-log.js'
import { createAuthenticator } from '../auth.js'
import type { ServerContext } from '../context.js'
import { chooseReadable, readableBy } from '../environment.js'
import { HttpError } from '../problem.js'
import { ENVIRONMENT_QUERY, inText, PROBLEMS } from '../schemas.js'

interface Listen {
  Querystring: { readonly environment?: string }
}

interface Listener {
  readonly request: FastifyRequest<Listen>
  readonly response: ServerResponse
  readonly environments: ReadonlySet<Environment>
  /** Up to where it was told. */
  told: Oid
  isTelling: boolean
}

const HEARTBEAT_MS = 15_000
/** How often it is looked whether there are other tokens. */
const TOKENS_MS = 1_000
const MOST_LISTENERS = 1_000
/** In bytes: who is so far behind is cut off, and may come back with its Last-Event-ID. */
const MOST_BEHIND = 1024 * 1024
const EVENTS =
  'Events `version`, whose data is an entry of the history as JSON, and `reset`, with the commit, when history was rewritten'
/** Ranges that are read once for all who are told of them. */
const KEPT_RANGES = 8

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): one for each version that arrives. The
 * last one of a commit has that commit as its id, and Last-Event-ID goes on from there.
 */
export function registerEvents(app: FastifyInstance, server: ServerContext, record: AccessLog): void {
  const { source, health } = server
  const listeners = new Set<Listener>()
  const ranges = new Map<string, ReturnType<typeof readArrivals>>()

  const arrivals = (after: Oid, tip: Oid): ReturnType<typeof readArrivals> => {
    const key = `${after}..${tip}`
    const known = ranges.get(key) ?? readArrivals(source.registry, after, tip)
    if (ranges.size >= KEPT_RANGES && !ranges.has(key)) ranges.clear()
    ranges.set(key, known)
    known.catch(() => ranges.delete(key))
    return known
  }

  const tell = async (listener: Listener): Promise<void> => {
    if (listener.isTelling) return
    listener.isTelling = true
    try {
      for (let { tip } = source.requireLoaded(); tip !== listener.told; { tip } = source.requireLoaded()) {
        write(listener, formatArrivals(await arrivals(listener.told, tip), tip, listener.environments))
        listener.told = tip
      }
    } catch (error) {
      health.failed('load', error)
      listener.response.destroy()
    } finally {
      listener.isTelling = false
    }
  }

  const endUnwelcome = createTokenCheck(server)
  source.onMove(() => {
    endUnwelcome(listeners)
    for (const listener of listeners) void tell(listener)
  })
  const heartbeat = setInterval(() => {
    for (const listener of listeners) write(listener, ': still here\n\n')
  }, HEARTBEAT_MS)
  heartbeat.unref()
  const tokens = setInterval(() => endUnwelcome(listeners), TOKENS_MS)
  tokens.unref()
  app.addHook('preClose', async () => {
    clearInterval(heartbeat)
    clearInterval(tokens)
    for (const { response } of listeners) response.end()
  })

  app.get<Listen>(
    '/api/v1/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events: a line of the log for each version that arrives',
        querystring: ENVIRONMENT_QUERY,
        response: { 200: inText('text/event-stream', EVENTS), ...PROBLEMS },
      },
    },
    (request, reply) => {
      const { tip } = source.requireLoaded()
      if (listeners.size >= MOST_LISTENERS) throw new PromptctlError('unavailable', 'Too many are listening')
      const environments = new Set(audible(server, request))
      const told = lastOf(request) ?? tip
      const listener: Listener = { request, response: reply.raw, environments, told, isTelling: false }
      open(reply)
      listeners.add(listener)
      reply.raw.once('close', () => {
        listeners.delete(listener)
        // What was ended here has been recorded, as any answer that was sent whole.
        if (!reply.raw.writableFinished) record(request, reply)
      })
      void tell(listener)
    },
  )
}

/** Gives what ends the streams of tokens that were taken away, or may read other environments, since it was last called. */
function createTokenCheck(server: ServerContext): (listeners: Iterable<Listener>) => void {
  const authenticate = createAuthenticator(server.tokens)
  let checked = server.tokens()
  const isWelcome = ({ request, environments }: Listener): boolean => {
    try {
      request.caller = authenticate(request.headers)
      return audible(server, request).join() === [...environments].join()
    } catch (error) {
      if (error instanceof HttpError || isPromptctlError(error)) return false
      throw error
    }
  }
  return (listeners) => {
    const now = server.tokens()
    if (now === checked) return
    checked = now
    for (const listener of listeners) if (!isWelcome(listener)) listener.response.end()
  }
}

/** The environment that was asked for, or all that the caller may read. Throws `forbidden` for none. */
function audible(server: ServerContext, request: FastifyRequest<Listen>): readonly Environment[] {
  const { environment } = request.query
  return environment === undefined ? readableBy(server, request.caller) : [chooseReadable(server, request, environment)]
}

function lastOf({ headers }: FastifyRequest): Oid | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id) ? (id as Oid) : undefined
}

function open(reply: FastifyReply): void {
  reply.hijack()
  const headers = reply.getHeaders() as Record<string, string>
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  reply.raw.write(': promptctl\n\n')
}

function write({ response }: Listener, text: string): void {
  if (text === '' || response.destroyed || response.writableEnded) return
  response.write(text)
  if (response.writableLength > MOST_BEHIND) response.destroy()
}

/** A history that was rewritten is told as `reset`: everything may be other than it was. */
function formatArrivals(
  entries: readonly LogEntry[] | undefined,
  tip: Oid,
  environments: ReadonlySet<Environment>,
): string {
  if (entries === undefined) return `id: ${tip}\nevent: reset\ndata: {"commit":"${tip}"}\n\n`
  const heard = entries.filter(({ environment }) => environments.has(environment))
  return heard
    .map((entry, index) => {
      const id = heard[index + 1]?.commit === entry.commit ? '' : `id: ${entry.commit}\n`
      return `${id}event: version\ndata: ${JSON.stringify(entry)}\n\n`
    })
    .join('')
}
