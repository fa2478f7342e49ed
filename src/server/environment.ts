import { PromptctlError } from '../core/errors.js'
import { type Environment, parseEnvironment } from '../core/slug.js'
import { requireEnvironment } from '../registry/registry.js'
import { type Caller, requireScope } from './auth.js'
import type { ServerContext } from './context.js'

/** The environments that a caller may read, in promotion order. Throws `forbidden` where there is none. */
export function readableBy({ source }: ServerContext, caller: Caller): readonly Environment[] {
  const readable = source.registry.config.environments.filter((environment) => caller.may('read', environment))
  if (readable.length > 0) return readable
  throw new PromptctlError('forbidden', `The token ${caller.name ?? ''} may read nothing here`, {
    hint: 'A token with a scope such as read:production may.',
  })
}

/**
 * The environment of a delivery route: `?environment=`, else `serve --env`, else the token's only one; never a silent default.
 * Throws `usage`, and `forbidden` where the caller may not read.
 */
export function chooseReadable(
  server: ServerContext,
  request: { readonly caller: Caller },
  asked: string | undefined,
): Environment {
  const environment =
    asked === undefined ? (server.environment ?? onlyOf(server, request.caller)) : parse(server, asked)
  if (environment === undefined) {
    throw new PromptctlError('usage', 'No environment was named', {
      hint: `Add ?environment= with one of ${readableBy(server, request.caller).join(', ')}.`,
    })
  }
  requireScope(request, 'read', environment)
  return environment
}

/** Asked for with each request: one that there is needs no look at its letters. */
function parse({ source }: ServerContext, text: string): Environment {
  const { config } = source.registry
  const environment = text as Environment
  return config.environments.includes(environment) ? environment : requireEnvironment(config, parseEnvironment(text))
}

/** Somebody without a token has no "only" environment, unless there is one alone. */
function onlyOf(server: ServerContext, caller: Caller): Environment | undefined {
  const [only, ...others] = readableBy(server, caller)
  return others.length === 0 ? only : undefined
}
