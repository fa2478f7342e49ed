import { resolve } from 'node:path'
import process from 'node:process'
import { parseEnvironment } from '../core/slug.js'
import { openRegistry as openOnDisk } from '../open.js'
import { createPromptRegistry, type PromptRegistry } from './prompt-registry.js'

export interface OpenRegistryOptions {
  /** A folder of the registry or below it, or a bare repository. */
  readonly dir: string
  /** What `get` reads unless it is told otherwise; without it, the configuration's default environment. */
  readonly environment?: string
}

/**
 * Opens a registry in a git repository: no server, and no git where there is none. Throws PromptctlError `not_found`,
 * `invalid_config`, or `usage` for an environment that the registry does not have.
 */
export async function openRegistry({ dir, environment }: OpenRegistryOptions): Promise<PromptRegistry> {
  const registry = await openOnDisk({ directory: resolve(dir), env: process.env, now: Date.now })
  return createPromptRegistry(registry, environment === undefined ? undefined : parseEnvironment(environment))
}
