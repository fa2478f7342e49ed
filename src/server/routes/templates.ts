import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../core/history.js'
import type { Cell } from '../../core/overview.js'
import { type Environment, quoteName, type Slug } from '../../core/slug.js'
import { findTemplateSlug } from '../../registry/delivery/template-names.js'
import {
  listTemplatePlaces,
  readTemplateRecords,
  readTemplateVersion,
  readTemplateVersions,
  type TemplatePlace,
} from '../../registry/delivery/templates.js'
import { isUnchanged, JSON_TYPE, sendTagged } from '../answers.js'
import type { ServerContext } from '../context.js'
import { chooseReadable, readableBy } from '../environment.js'
import { etagOf } from '../etag.js'
import {
  ENVIRONMENT_QUERY,
  LIST_QUERY,
  NAME,
  TEMPLATE,
  TEMPLATE_VERSION,
  TEMPLATES,
  tagged,
  VERSIONS,
} from '../schemas.js'
import { listTemplateStates, readShownTemplate } from '../shown-template.js'

interface List {
  Querystring: {
    readonly environment?: string
    readonly state?: Cell['state']
    readonly tag?: string
    readonly limit?: string
    readonly cursor?: string
  }
}

interface One {
  Params: { readonly id: string }
  Querystring: { readonly environment?: string }
}

interface OneVersion {
  Params: { readonly id: string; readonly n: string }
}

/** Templates: prompts of every state as they are committed, and their history. */
export function registerTemplates(app: FastifyInstance, server: ServerContext): void {
  app.get<List>(
    '/api/v1/templates',
    {
      schema: { summary: 'Prompts of every state', querystring: LIST_QUERY, response: tagged(TEMPLATES) },
    },
    async (request, reply) => {
      const etag = etagOfList(server, request)
      // Who watches the list asks often, and a page reads a file for each of its prompts.
      if (isUnchanged(request, reply, etag, 'revalidated')) return reply.send()
      return reply.header('content-type', JSON_TYPE).send(JSON.stringify(await list(server, request)))
    },
  )
  const byId = { params: NAME('id'), querystring: ENVIRONMENT_QUERY }
  app.get<One>(
    '/api/v1/templates/:id',
    { schema: { summary: 'A prompt as it is committed', ...byId, response: tagged(TEMPLATE) } },
    async (request, reply) => {
      const template = await readOne(server, request)
      return sendJson(request, reply, template.version, template)
    },
  )
  app.get<One>(
    '/api/v1/templates/:id/versions',
    { schema: { summary: 'The whole history, newest first', ...byId, response: tagged(VERSIONS) } },
    async (request, reply) => {
      const environments = environmentsOf(server, request)
      const { slug, tip } = await findSlug(server, request, environments)
      const versions = await readTemplateVersions(server.source.registry, tip, slug, environments)
      if (versions.length === 0) throw notFound()
      return sendJson(request, reply, versions[0]?.version ?? null, { slug, versions })
    },
  )
  app.get<OneVersion>(
    '/api/v1/templates/:id/versions/:n',
    {
      schema: {
        summary: 'One version, whole',
        params: NAME('id', 'n'),
        response: tagged(TEMPLATE_VERSION),
      },
    },
    async (request, reply) => {
      const environments = readableBy(server, request.caller)
      const version = parseNumber(request.params.n)
      const { slug, tip } = await findSlug(server, request, environments)
      const found = await readTemplateVersion(server.source.registry, tip, slug, { version, environments })
      request.about = { slug, environment: found.environment, version }
      return sendJson(request, reply, version, found)
    },
  )
}

function sendJson(request: FastifyRequest, reply: FastifyReply, version: number | null, data: unknown): FastifyReply {
  const body = JSON.stringify(data)
  return sendTagged(request, reply, { etag: etagOf(version, body), body })
}

/** To be raised when the same commit gives another list. */
const LIST_FORMAT = 1

/** A page follows from what is asked for and what is served: nothing has to be read for its tag. */
function etagOfList(server: ServerContext, request: FastifyRequest<List>): string {
  const { tip, final } = server.source.requireLoaded()
  return etagOf(null, JSON.stringify([LIST_FORMAT, tip, final, environmentsOf(server, request), request.query]))
}

const USUAL_LIMIT = 100

async function list(server: ServerContext, request: FastifyRequest<List>) {
  const { state, tag, limit, cursor } = request.query
  const environments = environmentsOf(server, request)
  const { tip } = server.source.requireLoaded()
  const isWanted = (cell: Cell): boolean =>
    (state === undefined || cell.state === state) && (tag === undefined || cell.tags.includes(tag))
  const places = await listTemplatePlaces(server.source.registry, tip, { environments, isWanted })
  const start = cursor === undefined ? 0 : firstAfter(places, parseCursor(cursor), environments)
  const end = start + (limit === undefined ? USUAL_LIMIT : Number(limit))
  const page = places.slice(start, end)
  const last = page.at(-1)
  return {
    templates: await readTemplateRecords(server.source.registry, tip, page),
    next_cursor: last !== undefined && end < places.length ? formatCursor(last) : null,
  }
}

/** A cursor names the last place of a page: what comes or goes elsewhere moves no page. */
const formatCursor = ({ slug, environment }: TemplatePlace): string =>
  Buffer.from(`${slug} ${environment}`).toString('base64url')

function parseCursor(text: string): TemplatePlace {
  const [, slug, environment] = /^([a-z0-9-]+) ([a-z0-9-]+)$/.exec(Buffer.from(text, 'base64url').toString()) ?? []
  if (slug !== undefined && environment !== undefined)
    return { slug: slug as Slug, environment: environment as Environment }
  throw new PromptctlError('usage', 'That cursor is not one of ours', { hint: 'Take next_cursor of the page before.' })
}

function firstAfter(
  places: readonly TemplatePlace[],
  last: TemplatePlace,
  environments: readonly Environment[],
): number {
  const order = environments.indexOf(last.environment)
  const isAfter = ({ slug, environment }: TemplatePlace): boolean =>
    slug > last.slug || (slug === last.slug && environments.indexOf(environment) > order)
  const index = places.findIndex(isAfter)
  return index === -1 ? places.length : index
}

/**
 * In `?environment=`, else in `serve --env` where it is there, else in the first in promotion order: here nothing is put into
 * service by mistake, and the answer says which it is, and where else the prompt is.
 */
async function readOne(server: ServerContext, request: FastifyRequest<One>) {
  const { registry } = server.source
  const readable = readableBy(server, request.caller)
  const { slug, tip } = await findSlug(server, request, environmentsOf(server, request))
  const all = await listTemplateStates(registry, tip, slug, readable)
  const asked = request.query.environment
  const inDefault = all.find((record) => record.environment === (asked ?? server.environment))
  const environment = (inDefault ?? (asked === undefined ? all[0] : undefined))?.environment
  if (environment === undefined) throw notFound()
  request.about = { slug, environment }
  return readShownTemplate(registry, tip, { slug, environment }, readable)
}

/** The environment that was asked for, or every one that the caller may read. */
function environmentsOf(
  server: ServerContext,
  request: FastifyRequest<One> | FastifyRequest<List>,
): readonly Environment[] {
  const { environment } = request.query
  return environment === undefined ? readableBy(server, request.caller) : [chooseReadable(server, request, environment)]
}

async function findSlug(
  { source }: ServerContext,
  { params }: { readonly params: { readonly id: string } },
  environments: readonly Environment[],
): Promise<{ readonly slug: Slug; readonly tip: Oid }> {
  const { tip, snapshots } = source.requireLoaded()
  return { slug: await findTemplateSlug(source.registry, tip, params.id, { environments, snapshots }), tip }
}

function parseNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new PromptctlError('usage', `${quoteName(text)} is not the number of a version`)
}

const notFound = (): PromptctlError =>
  new PromptctlError('not_found', 'There is no prompt of that name here', {
    hint: 'The templates route lists what there is.',
  })
