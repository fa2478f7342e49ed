import { resolve } from 'node:path'
import process from 'node:process'
import { PromptctlError } from '../core/errors.js'
import { parseEnvironment } from '../core/slug.js'
import type { GitRegistry } from './git-registry.js'
import type { PromptRegistry } from './prompt-registry.js'

export interface OpenDirOptions {
  /** A folder of the registry or below it, or a bare repository. */
  readonly dir: string
  /** What `get` reads unless it is told otherwise; without it, the configuration's default environment. */
  readonly environment?: string
}

export interface OpenBundleOptions {
  /** A file that `promptctl bundle` wrote. */
  readonly bundle: string
  /** The bundle must be of that environment. */
  readonly environment?: string
}

export interface OpenUrlOptions {
  /** The address of a `promptctl serve`. */
  readonly url: string
  readonly environment?: string
  /** What `promptctl token create` printed. */
  readonly token?: string
  /** How old a prompt may be before it is asked for again, in the background: 10 s by default. */
  readonly maxAgeMs?: number
  /** How long an answer may take: 5 s by default. */
  readonly timeoutMs?: number
}

export type OpenRegistryOptions = OpenDirOptions | OpenBundleOptions | OpenUrlOptions

const MAX_AGE_MS = 10_000
const TIMEOUT_MS = 5_000

/**
 * Opens what an environment serves: out of a git repository (no server, and no git where there is none), a bundle (neither
 * git nor network), or a server. Throws PromptctlError `not_found`, `invalid_config`, `invalid_prompt` for a file that is no
 * bundle, and `usage` for an environment that the registry does not have; a server says that when it is first asked.
 */
export function openRegistry(options: OpenDirOptions): Promise<GitRegistry>
export function openRegistry(options: OpenRegistryOptions): Promise<PromptRegistry>
export async function openRegistry(options: OpenRegistryOptions): Promise<PromptRegistry> {
  checkOptions(options)
  // The types that promptctl types adds are of the outside alone.
  if ('bundle' in options) return (await openBundle(options)) as PromptRegistry
  return (await ('url' in options ? openUrl(options) : openDir(options))) as PromptRegistry
}

async function openDir({ dir, environment }: OpenDirOptions) {
  const [{ openRegistry: openOnDisk }, { createGitRegistry }, { requireEnvironment }] = await Promise.all([
    import('../open.js'),
    import('./git-registry.js'),
    import('../registry/registry.js'),
  ])
  const standard = environment === undefined ? undefined : parseEnvironment(environment)
  const registry = await openOnDisk({ directory: resolve(dir), env: process.env, now: Date.now })
  try {
    if (standard !== undefined) requireEnvironment(registry.config, standard)
  } catch (error) {
    await registry.close()
    throw error
  }
  return createGitRegistry(registry, standard)
}

async function openBundle({ bundle, environment }: OpenBundleOptions) {
  const [{ openWatchedFile }, { createBundleRegistry }] = await Promise.all([
    import('./bundle-file.js'),
    import('./bundle-registry.js'),
  ])
  return createBundleRegistry(openWatchedFile(resolve(bundle)), environment)
}

async function openUrl({ url, environment, token, maxAgeMs = MAX_AGE_MS, timeoutMs = TIMEOUT_MS }: OpenUrlOptions) {
  const { createRemoteRegistry } = await import('./remote-registry.js')
  return createRemoteRegistry({ url, environment, token, maxAgeMs, timeoutMs, now: () => performance.now() })
}

function checkOptions(options: OpenRegistryOptions): void {
  const given = ['dir', 'bundle', 'url'].filter((key) => Object.hasOwn(options, key))
  if (given.length === 1) return
  throw new PromptctlError('usage', 'openRegistry takes one of dir, bundle and url', {
    hint: "openRegistry({ dir: '/srv/prompts', environment: 'production' })",
  })
}
