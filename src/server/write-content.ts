import type { FastifyInstance } from 'fastify'
import type { PromptContent } from '../core/prompt-file.js'
import type { Environment } from '../core/slug.js'
import type { Changes } from '../core/yaml/edit.js'
import { createPrompt, firstEnvironment } from '../registry/create.js'
import { edit } from '../registry/edit.js'
import { requireScope } from './auth.js'
import { changesOf } from './changes.js'
import type { ServerContext } from './context.js'
import { FOR_WRITERS } from './openapi.js'
import { HttpError } from './problem.js'
import { written } from './schemas.js'
import { chooseWritable } from './write-environment.js'
import { type Act, answerChange, change, schemaOf, type WriteRoute } from './write-request.js'
import { CHANGED, CREATE, EDIT, WRITE_QUERY } from './write-schemas.js'
import type { Writer } from './writer.js'

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

/** The routes that write content: a new prompt, and changes to one. */
export function registerContentWrites(app: FastifyInstance, server: ServerContext, writer: Writer): void {
  app.post<WriteRoute<CreateBody>>(
    '/api/v1/templates',
    {
      schema: {
        summary: 'Makes a prompt: a draft in the first environment',
        security: FOR_WRITERS,
        body: CREATE,
        querystring: WRITE_QUERY,
        response: written(201, CHANGED),
      },
    },
    async (request, reply) => {
      const { title, description, tags, aliases, message, environment: asked, ...content } = request.body
      const environment = requireFirst(server, asked ?? request.query.environment)
      requireScope(request, 'write', environment)
      const applied = await writer.write(request.caller, (registry, given) =>
        createPrompt(registry, { ...given, title, description, tags, aliases, content, reason: message }),
      )
      const slug = applied.records[0]?.slug
      reply.code(201).header('location', `/api/v1/templates/${slug}?environment=${environment}`)
      return answerChange(request, reply, applied, { slug, environment })
    },
  )

  app.put<WriteRoute<EditBody>>(
    '/api/v1/templates/:id',
    schemaOf('Changes a prompt: as a draft, or published at once', EDIT),
    (request, reply) => {
      const { message: _, environment: _asked, expect: _expect, publish: isPublished = false, ...values } = request.body
      const act: Act = (registry, { slug, environment }, given) =>
        edit(registry, {
          ...given,
          name: slug,
          environment,
          edit: { values: changesOf(values) },
          publish: isPublished,
        })
      return change({ server, writer }, request, reply, { environment: chooseWritable(server, request), act })
    },
  )
}

function requireFirst({ source: { registry } }: ServerContext, asked: string | undefined): Environment {
  const first = firstEnvironment(registry)
  if (asked === undefined || asked === first) return first
  throw new HttpError(400, 'usage', `A prompt begins in ${first}; promote brings it to others`)
}
