import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PromptContent } from '../core/prompt-file.js'
import { type Environment, parseEnvironment, type Slug } from '../core/slug.js'
import type { Changes } from '../core/yaml/edit.js'
import type { Applied } from '../registry/apply.js'
import { archive } from '../registry/archive.js'
import { createPrompt, firstEnvironment } from '../registry/create.js'
import { edit } from '../registry/edit.js'
import type { Expectation } from '../registry/preconditions.js'
import { promote } from '../registry/promote.js'
import { publish } from '../registry/publish.js'
import { type Registry, requireEnvironment } from '../registry/registry.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import { rollback } from '../registry/rollback.js'
import { requireScope } from './auth.js'
import { changesOf } from './changes.js'
import type { ServerContext } from './context.js'
import { formatEtag, parseIfMatch } from './etag.js'
import { acceptJsonAlone } from './json-body.js'
import { HttpError } from './problem.js'
import { registerQuickEvaluate } from './quick-evaluate.js'
import { PROBLEMS } from './schemas.js'
import { chooseWritable, findVersionHome, sourceOf } from './write-environment.js'
import * as schemas from './write-schemas.js'
import { createWriter, type Given } from './writer.js'

interface Route<Body = object> {
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

interface CreateBody extends PromptContent {
  readonly title: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly aliases?: readonly string[]
}

interface EditBody {
  readonly publish?: boolean
  readonly [key: string]: Changes[string]
}

interface PromoteBody {
  readonly to: string
  readonly from?: string
  readonly again?: boolean
  readonly overwrite?: boolean
  readonly with_partials?: boolean
}

/** What every route reads of a request. */
interface WriteRequest extends Pick<FastifyRequest, 'caller' | 'about' | 'headers'> {
  readonly params: { readonly id: string }
  readonly body: CommonBody
}

/** What a write is about, once its names are resolved. */
interface Target {
  readonly slug: Slug
  readonly environment: Environment
}

type Act = (
  registry: Registry,
  target: Target,
  given: Given & { readonly reason: string | undefined },
) => Promise<Applied>

/** The routes that change something. `app` knows the caller already; each route asks requireScope for its environment. */
export function registerWrites(app: FastifyInstance, server: ServerContext): void {
  app.register(async (api) => {
    acceptJsonAlone(api)
    addRoutes(api, server)
    registerQuickEvaluate(api, server)
  })
}

const PROMPT = '/api/v1/templates/:id'

function addRoutes(app: FastifyInstance, server: ServerContext): void {
  const { write } = createWriter(server)
  const schemaOf = (summary: string, body: object, params: object = schemas.ID_PARAMS) => ({
    schema: {
      summary,
      params,
      body,
      querystring: schemas.WRITE_QUERY,
      response: { 200: schemas.CHANGED, ...PROBLEMS },
    },
  })

  /** Does a write to a prompt that is there, in one environment. */
  async function change(
    request: WriteRequest,
    reply: FastifyReply,
    environment: Environment,
    act: Act,
    home = environment,
  ) {
    const given = { reason: request.body.message }
    let slug: Slug | undefined
    const applied = await write(request.caller, async (registry, more) => {
      slug = await resolveExactly(registry, request.params.id, home)
      return act(registry, { slug, environment }, { ...given, ...more })
    })
    return answer(request, reply, applied, { slug, environment })
  }

  app.post<Route<CreateBody>>(
    '/api/v1/templates',
    {
      schema: {
        summary: 'Makes a prompt: a draft in the first environment',
        body: schemas.CREATE,
        querystring: schemas.WRITE_QUERY,
        response: { 201: schemas.CHANGED, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { title, description, tags, aliases, message, environment: asked, ...content } = request.body
      const environment = requireFirst(server, asked ?? request.query.environment)
      requireScope(request, 'write', environment)
      const applied = await write(request.caller, (registry, given) =>
        createPrompt(registry, { ...given, title, description, tags, aliases, content, reason: message }),
      )
      const slug = applied.records[0]?.slug
      reply.code(201).header('location', `/api/v1/templates/${slug}?environment=${environment}`)
      return answer(request, reply, applied, { slug, environment })
    },
  )

  app.put<Route<EditBody>>(
    PROMPT,
    schemaOf('Changes a prompt: as a draft, or published at once', schemas.EDIT),
    (request, reply) => {
      const { message: _, environment: _asked, expect: _expect, publish: isPublished = false, ...values } = request.body
      const act: Act = (registry, { slug, environment }, given) =>
        edit(registry, {
          ...given,
          name: slug,
          environment,
          edit: { values: changesOf(values) },
          publish: isPublished,
          expect: expectationOf(request),
        })
      return change(request, reply, chooseWritable(server, request), act)
    },
  )

  app.post<Route>(
    `${PROMPT}/publish`,
    schemaOf('Seals a prompt and puts it into service', schemas.PUBLISH),
    (request, reply) => {
      const { restore = false } = request.body
      const act: Act = (registry, { slug, environment }, given) =>
        publish(registry, {
          ...given,
          names: [slug],
          all: false,
          environment,
          restore,
          expect: expectationOf(request),
          stage: false,
        })
      return change(request, reply, chooseWritable(server, request), act)
    },
  )

  app.post<Route<PromoteBody>>(
    `${PROMPT}/promote`,
    schemaOf('Publishes in one environment what is live in another', schemas.PROMOTE),
    (request, reply) => {
      const {
        from: asked,
        again = false,
        overwrite = false,
        restore = false,
        with_partials: withPartials = false,
      } = request.body
      const { config } = server.source.registry
      const to = requireEnvironment(config, parseEnvironment(request.body.to))
      const from = asked === undefined ? sourceOf(config, to) : requireEnvironment(config, parseEnvironment(asked))
      requireScope(request, 'write', to)
      requireScope(request, 'read', from)
      const options = { to, from, again, overwrite, restore, withPartials }
      const act: Act = (registry, { slug }, given) =>
        promote(registry, { ...given, ...options, names: [slug], all: false, expect: expectationOf(request) })
      return change(request, reply, to, act, from)
    },
  )

  app.post<Route>(`${PROMPT}/archive`, schemaOf('Takes a prompt out of service', schemas.ARCHIVE), (request, reply) => {
    const act: Act = (registry, { slug, environment }, given) =>
      archive(registry, { ...given, names: [slug], all: false, environment, expect: expectationOf(request) })
    return change(request, reply, chooseWritable(server, request), act)
  })

  app.post<Route>(
    `${PROMPT}/rollback/:n`,
    schemaOf('Restores a version, as a new one', schemas.ROLLBACK, schemas.VERSION_PARAMS),
    async (request, reply) => {
      const { restore = false } = request.body
      const version = Number(request.params.n)
      const asked = request.body.environment ?? request.query.environment
      const environment =
        asked === undefined ? await findVersionHome(server, request, version) : chooseWritable(server, request)
      const act: Act = (registry, { slug }, given) =>
        rollback(registry, {
          ...given,
          targets: [{ name: slug, at: { version } }],
          environment,
          restore,
          keepEdits: false,
          expect: expectationOf(request),
        })
      return change(request, reply, environment, act)
    },
  )
}

/** The JSON of the command that does the same, with the ETag that the next write expects. */
function answer(
  request: Pick<FastifyRequest, 'about'>,
  reply: FastifyReply,
  { records }: Applied,
  { slug, environment }: { slug: Slug | undefined; environment: Environment },
) {
  const record = records.find((one) => one.slug === slug && one.environment === environment)
  if (record === undefined) throw new Error('a write that says nothing of its prompt')
  const { commit, version } = record
  if (commit !== null) reply.header('etag', formatEtag(version, commit.slice(0, 32)))
  request.about = { environment, slug: record.slug, version: record.version }
  reply.header('cache-control', 'no-store')
  return record
}

/** What If-Match and `expect` say together. */
function expectationOf({ headers, body }: Pick<WriteRequest, 'headers' | 'body'>): Expectation | undefined {
  const { expect } = body
  const tagged = parseIfMatch(headers['if-match'])
  if (expect === undefined || tagged === undefined || tagged === 'any') return expect ?? tagged
  return [tagged].flat().filter((version) => version === expect)
}

function requireFirst({ source: { registry } }: ServerContext, asked: string | undefined): Environment {
  const first = firstEnvironment(registry)
  if (asked === undefined || asked === first) return first
  throw new HttpError(400, 'usage', `A prompt begins in ${first}; promote brings it to others`)
}
