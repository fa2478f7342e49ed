import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Environment, Slug } from '../core/slug.js'
import type { ServerContext } from './context.js'

/** What a request turned out to be about, for its line in the log. */
export interface About {
  readonly environment?: Environment
  readonly slug?: Slug
  readonly version?: number | null
}

/** Writes the line of a request and measures it: its route and not its URL, which may hold what is nobody's business. */
export type AccessLog = (request: FastifyRequest, reply: FastifyReply) => void

export function createAccessLog({ log, metrics, now }: ServerContext): AccessLog {
  const clock = createTimestamps(now)
  return (request, reply) => {
    const ms = reply.elapsedTime
    const route = request.routeOptions.url ?? 'unknown'
    metrics.requests.count(request.method, route, reply.statusCode, ms / 1000)
    log.line(formatLine(clock(), ms, route, request, reply))
  }
}

/** None of what stands here needs escaping: routes are ours, and the rest was checked against an allowlist. */
function formatLine(
  time: string,
  ms: number,
  route: string,
  { method, caller, about }: FastifyRequest,
  { statusCode }: FastifyReply,
) {
  const { environment, slug, version } = about ?? {}
  return (
    `{"time":"${time}","level":"info","method":"${method}","route":"${route}","status":${statusCode},"ms":${ms.toFixed(2)}` +
    `${environment === undefined ? '' : `,"environment":"${environment}"`}${slug === undefined ? '' : `,"slug":"${slug}"`}` +
    `${version === undefined ? '' : `,"version":${version}`}${caller?.name === undefined ? '' : `,"token":"${caller.name}"`}}`
  )
}

/** The moment as RFC 3339; made once a millisecond. */
function createTimestamps(now: () => number): () => string {
  let [last, text] = [Number.NaN, '']
  return () => {
    const moment = now()
    if (moment !== last) [last, text] = [moment, new Date(moment).toISOString()]
    return text
  }
}
