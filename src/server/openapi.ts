import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'

/** What `/openapi.json` says beside the routes. */
export const API: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: { title: 'promptctl', description: 'Prompts from a git repository, over HTTP.', version: '1' },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic', description: 'The password is the token.' },
    },
  },
  security: [{}, { bearer: [] }, { basic: [] }],
}
