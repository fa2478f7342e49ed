import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'

/** Anybody may ask, whatever tokens there are. */
export const FOR_ALL = []
/** A write needs a token always; reads need one where the server has any. */
export const FOR_WRITERS = [{ bearer: [] }, { basic: [] }]
/** Besides tokens, the push webhooks of GitHub and GitLab. */
export const FOR_PUSHES = [...FOR_WRITERS, { github: [] }, { gitlab: [] }]

/** What `/openapi.json` says beside the routes. */
export const API: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'promptctl', description: 'Prompts from a git repository, over HTTP.', version: '1' },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'The password is the token.' },
        github: { type: 'apiKey', in: 'header', name: 'X-Hub-Signature-256' },
        gitlab: { type: 'apiKey', in: 'header', name: 'X-Gitlab-Token' },
      },
    },
    security: [{}, ...FOR_WRITERS],
  },
  transform: ({ schema, url }) => ({ schema: { ...schema, ...requestHeaders(schema?.response) }, url }),
  transformObject: (document) => {
    if (!('openapiObject' in document)) return document.swaggerObject
    for (const path of Object.values(document.openapiObject.paths ?? {})) describeBody(path?.post ?? path?.put)
    return document.openapiObject
  },
}

/** By what an answer may be: they are described, and not checked, because they say nothing that could be refused. */
const HEADERS: readonly (readonly [name: string, description: string, isTaken: (response: object) => boolean])[] = [
  ['If-None-Match', 'ETags of answers that are there already: 304 for one of them', (response) => 304 in response],
  ['If-Match', 'ETags of which one has to be that of the prompt now: else 412', (response) => 412 in response],
  ['Last-Event-ID', 'The commit after which to go on', (response) => JSON.stringify(response).includes('event-stream')],
]

function requestHeaders(response: unknown): { readonly headers?: object } {
  if (typeof response !== 'object' || response === null) return {}
  const taken = HEADERS.filter(([, , isTaken]) => isTaken(response))
  if (taken.length === 0) return {}
  const properties = taken.map(([name, description]) => [name, { type: 'string', description }])
  return { headers: { type: 'object', properties: Object.fromEntries(properties) } }
}

interface Operation {
  requestBody?: object
}

/** The plug-in calls every body required; one without required keys may be left out. */
function describeBody({ requestBody }: Operation = {}): void {
  if (requestBody === undefined || !('content' in requestBody)) return
  const schema = (
    requestBody.content as Readonly<Record<string, { readonly schema?: { readonly required?: unknown[] } }>>
  )['application/json']?.schema
  Object.assign(requestBody, { required: (schema?.required ?? []).length > 0 })
}
