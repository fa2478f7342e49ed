import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServedPrompt } from '../registry/delivery/snapshot.js'
import { formatEtag, isNoneMatch } from './etag.js'

/** What is sent of a served prompt, made once: as long as that is kept, so is this. */
interface Prepared {
  readonly etag: string
  record?: Buffer
  /** The answer of `compiled`, up to the compiled text and after it. */
  frame?: readonly [string, string]
}

const prepared = new WeakMap<ServedPrompt, Prepared>()

function preparedOf(served: ServedPrompt): Prepared {
  const known = prepared.get(served)
  if (known !== undefined) return known
  const made: Prepared = { etag: formatEtag(served.version, served.revision) }
  prepared.set(served, made)
  return made
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** How long an answer is good: for ever when it is of a commit, else until it is asked for again. */
export type Freshness = 'immutable' | 'revalidated'

/** Answers a prompt's record, or 304 without a body to who has it already. */
export function sendRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  served: ServedPrompt,
  freshness: Freshness,
): FastifyReply {
  const answer = preparedOf(served)
  if (isUnchanged(request, reply, answer.etag, freshness)) return reply.send()
  answer.record ??= Buffer.from(JSON.stringify(served.delivered))
  return reply.header('content-type', JSON_TYPE).send(answer.record)
}

/** Answers plain data with the tag that its bytes have, or 304. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, body }: { etag: string; body: string },
  freshness: Freshness = 'revalidated',
): FastifyReply {
  if (isUnchanged(request, reply, etag, freshness)) return reply.send()
  return reply.header('content-type', JSON_TYPE).send(body)
}

/** Says tag and freshness, and 304 when the request has that tag: then nothing is to be sent. */
export function isUnchanged(
  { headers, caller }: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  freshness: Freshness,
): boolean {
  const isShared = caller.name === undefined
  reply.header('etag', etag)
  reply.header('cache-control', CACHE_CONTROL[freshness][isShared ? 'shared' : 'private'])
  // Beside what CORS said: another origin gets another answer.
  if (!isShared)
    reply.header('vary', reply.hasHeader('vary') ? `${reply.getHeader('vary')}, Authorization` : 'Authorization')
  if (!isNoneMatch(headers['if-none-match'], etag)) return false
  reply.code(304)
  return true
}

/** What a token may read is for its holder alone, unless an operator's proxy knows better. */
const CACHE_CONTROL = {
  immutable: {
    shared: 'public, max-age=31536000, immutable',
    private: 'private, max-age=31536000, immutable',
  },
  revalidated: { shared: 'no-cache', private: 'private, no-cache' },
} as const

/** The answer of `compiled`, which differs from one to the next in the compiled text alone. */
export function formatCompiled(served: ServedPrompt, compiled: unknown): string {
  const answer = preparedOf(served)
  answer.frame ??= createFrame(served)
  const [before, after] = answer.frame
  return before + JSON.stringify(compiled) + after
}

function createFrame({ delivered }: ServedPrompt): readonly [string, string] {
  const { slug, environment, version, provisional, commit, digest, resolved_digest, variables } = delivered
  const before = { slug, environment, version, ...(provisional && { provisional }), commit, digest, resolved_digest }
  return [`${JSON.stringify(before).slice(0, -1)},"compiled":`, `,"variables":${JSON.stringify(variables)}}`]
}
