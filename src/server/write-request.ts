import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Environment, Slug } from '../core/slug.js'
import type { Applied, ChangeRecord } from '../registry/apply.js'
import type { Expectation } from '../registry/preconditions.js'
import type { Registry } from '../registry/registry.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import type { ServerContext } from './context.js'
import { etagOfWrite } from './etag.js'
import { readExpectation } from './if-match.js'
import { FOR_WRITERS } from './openapi.js'
import { written } from './schemas.js'
import { CHANGED, ID_PARAMS, WRITE_QUERY } from './write-schemas.js'
import type { Given, Writer } from './writer.js'

/** The types of a route that writes. */
export interface WriteRoute<Body = object> {
  Params: { readonly id: string; readonly n: string }
  Querystring: { readonly environment?: string }
  Body: Body & CommonBody
}

interface CommonBody {
  readonly message?: string
  readonly environment?: string
  readonly expect?: number
  readonly restore?: boolean
}

/** What every route reads of a request. */
interface WriteRequest extends Pick<FastifyRequest, 'caller' | 'about' | 'headers'> {
  readonly params: { readonly id: string }
  readonly body: CommonBody
}

/** A prompt in an environment, once its name is resolved. */
interface Target {
  readonly slug: Slug
  readonly environment: Environment
}

/** What is asked of a use case beside what only it takes. */
type Asked = Given & { readonly reason: string | undefined; readonly expect: Expectation | undefined }

export type Act = (registry: Registry, target: Target, asked: Asked) => Promise<Applied>

/** The schema of a write to a prompt that is there. */
export const schemaOf = (summary: string, body: object, params: object = ID_PARAMS) => ({
  schema: { summary, security: FOR_WRITERS, params, body, querystring: WRITE_QUERY, response: written(200, CHANGED) },
})

/** Does a write to a prompt in one environment; `home` is where its alias is looked for. */
export async function change(
  { server, writer }: { server: ServerContext; writer: Writer },
  request: WriteRequest,
  reply: FastifyReply,
  { environment, home = environment, act }: { environment: Environment; home?: Environment; act: Act },
): Promise<ChangeRecord> {
  const reason = request.body.message
  let slug: Slug | undefined
  const applied = await writer.write(request.caller, async (registry, given) => {
    slug = await resolveExactly(registry, request.params.id, home)
    const target = { slug, environment }
    return act(registry, target, { ...given, reason, expect: await readExpectation(server, request, target) })
  })
  return answerChange(request, reply, applied, { slug, environment })
}

/** The JSON of the command that does the same, with the ETag that the next write expects. */
export function answerChange(
  request: Pick<FastifyRequest, 'about'>,
  reply: FastifyReply,
  { records }: Applied,
  { slug, environment }: { slug: Slug | undefined; environment: Environment },
): ChangeRecord {
  const record = records.find((one) => one.slug === slug && one.environment === environment)
  if (record === undefined) throw new Error('a write that says nothing of its prompt')
  const { commit, version } = record
  if (commit !== null) reply.header('etag', etagOfWrite(version, commit))
  request.about = { environment, slug: record.slug, version: record.version }
  reply.header('cache-control', 'no-store')
  return record
}
