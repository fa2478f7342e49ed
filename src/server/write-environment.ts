import type { Config } from '../core/config.js'
import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { type Environment, parseEnvironment, type Slug } from '../core/slug.js'
import { requireTip } from '../registry/branches.js'
import { readVersions } from '../registry/history.js'
import { onCommits, type Registry, requireEnvironment } from '../registry/registry.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import { type Caller, requireScope } from './auth.js'
import type { ServerContext } from './context.js'

interface WriteRequest {
  readonly caller: Caller
  readonly body: { readonly environment?: string }
  readonly query: { readonly environment?: string }
}

/**
 * The environment that a write is about: the body's, else `?environment=`, else `serve --env`, else the only one that the
 * token may write; never a silent default. Throws `usage`, `unauthorized` and `forbidden`.
 */
export function chooseWritable(server: ServerContext, request: WriteRequest): Environment {
  const { config } = server.source.registry
  const asked = request.body.environment ?? request.query.environment
  const environment =
    asked === undefined
      ? (server.environment ?? onlyWritable(config, request.caller))
      : requireEnvironment(config, parseEnvironment(asked))
  if (environment === undefined) {
    // Somebody without a token learns that first.
    const [first] = config.environments
    if (request.caller.name === undefined && first !== undefined) requireScope(request, 'write', first)
    throw new PromptctlError('usage', 'No environment was named', {
      hint: `Say "environment" in the body: one of ${config.environments.join(', ')}.`,
    })
  }
  requireScope(request, 'write', environment)
  return environment
}

function onlyWritable({ environments }: Config, caller: Caller): Environment | undefined {
  const writable = environments.filter((environment) => caller.may('write', environment))
  return writable.length === 1 ? writable[0] : undefined
}

/** Where promotion into `to` begins when nobody says. Throws `usage` for the first environment. */
export function sourceOf({ environments }: Config, to: Environment): Environment {
  const source = environments[environments.indexOf(to) - 1]
  if (source !== undefined) return source
  throw new PromptctlError('usage', `${to} is the first environment, so "from" has to say where to promote from`)
}

/**
 * The environment that a version of a prompt is of, which the caller must be allowed to write. Throws `not_found`, and
 * `forbidden` first for who may write nowhere.
 */
export async function findVersionHome(
  server: ServerContext,
  request: WriteRequest & { readonly params: { readonly id: string } },
  number: number,
): Promise<Environment> {
  const registry = onCommits(server.source.registry)
  const { environments } = registry.config
  const [first] = environments
  if (first !== undefined && !environments.some((environment) => request.caller.may('write', environment))) {
    requireScope(request, 'write', first)
  }
  const slug = await resolveAnywhere(registry, request.params.id)
  const versions = await readVersions(registry, await requireTip(registry), slug)
  const home = versions.find(({ version }) => version === number)?.environment
  if (home === undefined) throw new PromptctlError('not_found', `${slug} has no version ${number}`)
  requireScope(request, 'write', home)
  return home
}

/** The slug that a name means in the first environment that knows it. Throws `not_found`. */
async function resolveAnywhere(registry: Registry, name: string): Promise<Slug> {
  const failures: unknown[] = []
  for (const environment of registry.config.environments) {
    try {
      return await resolveExactly(registry, name, environment)
    } catch (error) {
      if (!isPromptctlError(error, 'not_found')) throw error
      failures.push(error)
    }
  }
  throw failures[0]
}
