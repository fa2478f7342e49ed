import type { FastifyInstance } from 'fastify'
import type { ServerContext } from './context.js'

/** The routes that change something. `app` knows the caller already; each route asks requireScope for its environment. */
export function registerWrites(_app: FastifyInstance, _server: ServerContext): void {}
