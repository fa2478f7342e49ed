import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import type { Repository } from '../registry/ports.js'

export interface OpenOptions {
  /** Where to look for the repository: this directory, and those above it. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The directory that the process was started in, which inherited GIT_* variables are about; `cwd` by default. */
  readonly base?: string | undefined
  /** Aborting interrupts a commit that is under way: its files are put back, and it fails. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the repository around `cwd` with the engine that PROMPTCTL_GIT names, else with git where there is one on PATH,
 * else without. Throws `usage` for another engine, `not_found` where there is no such directory, and what the engine throws.
 */
export async function openRepository({ cwd, env, base, signal }: OpenOptions): Promise<Repository> {
  const engine = chooseEngine(env)
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new PromptctlError('not_found', `There is no directory ${cwd}`)
  }
  if (engine === 'native') {
    const { openNative } = await import('./native/open.js')
    return openNative(cwd, { env, base, signal })
  }
  const { openEmbedded } = await import('./embedded/open.js')
  return openEmbedded(cwd, env, base, signal)
}

/** Which engine an environment asks for. Looks for git on PATH itself: starting one to find out costs milliseconds. */
export function chooseEngine(env: OpenOptions['env']): Repository['engine'] {
  const wanted = env['PROMPTCTL_GIT']
  if (wanted === 'native' || wanted === 'embedded') return wanted
  if (wanted !== undefined && wanted !== '') {
    throw new PromptctlError('usage', `PROMPTCTL_GIT is ${JSON.stringify(wanted)}`, { hint: 'Use native or embedded.' })
  }
  return (env['PATH'] ?? '').split(delimiter).some(hasGit) ? 'native' : 'embedded'
}

function hasGit(folder: string): boolean {
  if (folder === '') return false
  return ['git', 'git.exe'].some((name) => isExecutable(join(folder, name)))
}

/** False also for what cannot be looked at, such as a folder on PATH that is somebody else's: a shell passes over it. */
function isExecutable(file: string): boolean {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false
    accessSync(file, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return false
    throw error
  }
}
