import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PromptctlError } from '../../core/errors.js'
import { formatLangfusePrompt, LATEST_LABEL, type LangfuseRequest, USUAL_LABEL } from '../../core/langfuse.js'
import { type Environment, isEnvironment } from '../../core/slug.js'
import type { ServedPrompt } from '../../registry/delivery/snapshot.js'
import { JSON_TYPE } from '../answers.js'
import { requireScope } from '../auth.js'
import type { ServerContext } from '../context.js'
import { readableBy } from '../environment.js'
import { asNotFound, langfuseNotFound } from '../langfuse-error.js'
import { listLangfusePrompts } from '../langfuse-list.js'
import type { Pinned } from '../pinned.js'
import {
  LANGFUSE_ERRORS,
  LANGFUSE_LIST,
  LANGFUSE_LIST_QUERY,
  LANGFUSE_PROMPT,
  LANGFUSE_QUERY,
  NAME,
} from '../schemas.js'

interface Get {
  Params: { readonly name: string }
  Querystring: { readonly version?: string; readonly label?: string; readonly resolve?: 'true' | 'false' }
}

interface List {
  Querystring: Readonly<Record<string, string>>
}

/** Langfuse's read protocol, so that its SDKs work unchanged. They take no 304 and no empty body. */
export function registerLangfuse(app: FastifyInstance, server: ServerContext, pinned: Pinned): void {
  app.get<Get>(
    '/api/public/v2/prompts/:name',
    {
      schema: {
        summary: 'A prompt by label or version, as Langfuse has it',
        params: NAME('name'),
        querystring: LANGFUSE_QUERY,
        response: { 200: LANGFUSE_PROMPT, ...LANGFUSE_ERRORS },
      },
    },
    (request, reply) => {
      const { version, label, resolve } = request.query
      if (version === undefined) return send(server, request, reply, findLabelled(server, request, label), resolve)
      if (label !== undefined) throw invalid('Cannot specify both version and label')
      return findVersion(server, pinned, request, version).then((found) => send(server, request, reply, found, resolve))
    },
  )
  app.get<List>(
    '/api/public/v2/prompts',
    {
      schema: {
        summary: 'The names of prompts, as Langfuse has them',
        querystring: LANGFUSE_LIST_QUERY,
        response: { 200: LANGFUSE_LIST, ...LANGFUSE_ERRORS },
      },
    },
    async (request) => listLangfusePrompts(server, readableBy(server, request.caller), request.query),
  )
}

interface Found {
  readonly served: ServedPrompt
  readonly labels: readonly string[]
}

/** A label is an environment, or `latest`. */
function findLabelled(server: ServerContext, request: FastifyRequest<Get>, label = USUAL_LABEL): Found {
  const { name } = request.params
  if (label === LATEST_LABEL) return findLatest(server, request)
  if (!isConfigured(server, label)) throw langfuseNotFound(name, `label '${label}'`)
  requireScope(request, 'read', label)
  const served = server.source.current(label).find(name)
  if (served === undefined) throw langfuseNotFound(name, `label '${label}'`)
  return { served, labels: [label] }
}

const isConfigured = ({ source }: ServerContext, label: string): label is Environment =>
  isEnvironment(label) && source.registry.config.environments.includes(label)

/** The newest of what is live wherever the caller may read. */
function findLatest(server: ServerContext, { caller, params: { name } }: FastifyRequest<Get>): Found {
  let latest: ServedPrompt | undefined
  for (const environment of readableBy(server, caller)) {
    const served = server.source.current(environment).find(name)
    if (served !== undefined && versionOf(served) >= versionOf(latest)) latest = served
  }
  if (latest === undefined) throw langfuseNotFound(name, `label '${LATEST_LABEL}'`)
  return { served: latest, labels: [latest.environment, LATEST_LABEL] }
}

const versionOf = (served: ServedPrompt | undefined): number => served?.version ?? 0

async function findVersion(
  server: ServerContext,
  pinned: Pinned,
  { params: { name }, caller }: FastifyRequest<Get>,
  version: string,
): Promise<Found> {
  if (!/^[1-9]\d{0,8}$/.test(version)) throw invalid('version must be a positive integer')
  try {
    const served = await pinned.find(name, version, readableBy(server, caller))
    const { slug, environment, version: number } = served
    const isLive = server.source.current(environment).find(slug)?.version === number
    return { served, labels: isLive ? [environment] : [] }
  } catch (error) {
    throw asNotFound(error, name, `version ${version}`)
  }
}

/** What is sent of a prompt, by the labels: its text is made once, as long as the prompt itself is kept. */
const answers = new WeakMap<ServedPrompt, Map<string, string>>()
const MOST_ANSWERS = 16

function send(
  { source }: ServerContext,
  request: FastifyRequest<Get>,
  reply: FastifyReply,
  { served, labels }: Found,
  resolve: 'true' | 'false' = 'true',
): FastifyReply {
  const { environment, slug, version } = served
  request.about = { environment, slug, version }
  const { name } = request.params
  const known = answers.get(served) ?? new Map<string, string>()
  answers.set(served, known)
  const key = `${labels.join()} ${resolve} ${name}`
  let body = known.get(key)
  if (body === undefined) {
    body = format(served, { project: source.registry.config.name, name, labels, resolve: resolve === 'true' })
    if (known.size < MOST_ANSWERS) known.set(key, body)
  }
  return reply.header('content-type', JSON_TYPE).header('cache-control', 'no-store').send(body)
}

/** Preparing it first tells what is wrong with its partials. */
function format(served: ServedPrompt, request: LangfuseRequest): string {
  const { delivered } = served
  if (request.resolve && Object.keys(delivered.partials).length > 0) void served.prepared
  return JSON.stringify(formatLangfusePrompt(delivered, request))
}

const invalid = (message: string): PromptctlError => new PromptctlError('usage', message)
