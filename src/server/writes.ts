import type { FastifyInstance } from 'fastify'
import { parseEnvironment } from '../core/slug.js'
import { archive } from '../registry/archive.js'
import { promote } from '../registry/promote.js'
import { publish } from '../registry/publish.js'
import { requireEnvironment } from '../registry/registry.js'
import { rollback } from '../registry/rollback.js'
import { requireName, requireScope } from './auth.js'
import type { ServerContext } from './context.js'
import { acceptJsonAlone } from './json-body.js'
import { registerQuickEvaluate } from './quick-evaluate.js'
import { registerContentWrites } from './write-content.js'
import { chooseWritable, findVersionHome, sourceOf } from './write-environment.js'
import { type Act, change, schemaOf, type WriteRoute } from './write-request.js'
import * as schemas from './write-schemas.js'
import { createWriter, type Writer } from './writer.js'

interface PromoteBody {
  readonly to: string
  readonly from?: string
  readonly again?: boolean
  readonly overwrite?: boolean
  readonly with_partials?: boolean
}

/** The routes that change something. `app` knows the caller already; each route asks requireScope for its environment. */
export function registerWrites(app: FastifyInstance, server: ServerContext): void {
  app.register(async (api) => {
    api.addHook('onRequest', (request, _reply, done) => {
      requireName(request)
      done()
    })
    acceptJsonAlone(api)
    const writer = createWriter(server)
    registerContentWrites(api, server, writer)
    registerLifecycle(api, server, writer)
    registerQuickEvaluate(api, server)
  })
}

const PROMPT = '/api/v1/templates/:id'

/** Into service, from environment to environment, out of it, and back. */
function registerLifecycle(app: FastifyInstance, server: ServerContext, writer: Writer): void {
  app.post<WriteRoute>(
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
          stage: false,
        })
      return change({ server, writer }, request, reply, { environment: chooseWritable(server, request), act })
    },
  )

  app.post<WriteRoute<PromoteBody>>(
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
        promote(registry, { ...given, ...options, names: [slug], all: false })
      return change({ server, writer }, request, reply, { environment: to, home: from, act })
    },
  )

  app.post<WriteRoute>(
    `${PROMPT}/archive`,
    schemaOf('Takes a prompt out of service', schemas.ARCHIVE),
    (request, reply) => {
      const act: Act = (registry, { slug, environment }, given) =>
        archive(registry, { ...given, names: [slug], all: false, environment })
      return change({ server, writer }, request, reply, { environment: chooseWritable(server, request), act })
    },
  )

  app.post<WriteRoute>(
    `${PROMPT}/rollback/:n`,
    schemaOf('Restores a version, as a new one', schemas.ROLLBACK, schemas.VERSION_PARAMS),
    async (request, reply) => {
      const { restore = false } = request.body
      const version = Number(request.params.n)
      const asked = request.body.environment ?? request.query.environment
      const environment =
        asked === undefined
          ? await writer.find(() => findVersionHome(server, request, version))
          : chooseWritable(server, request)
      const act: Act = (registry, { slug }, given) =>
        rollback(registry, {
          ...given,
          targets: [{ name: slug, at: { version } }],
          environment,
          restore,
          keepEdits: false,
        })
      return change({ server, writer }, request, reply, { environment, act })
    },
  )
}
