import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import { withoutCredentials } from './credentials.js'
import { diskError } from './disk.js'
import { chooseEngine, type OpenOptions } from './open.js'
import { currentProcess } from './process-identity.js'

export interface CloneRequest extends Pick<OpenOptions, 'env'> {
  /** As git takes one: an address, or a path relative to `base`. */
  readonly url: string
  /** Absolute. */
  readonly dir: string
  /** The directory that the process was started in: absolute. */
  readonly base: string
}

/** What an engine does with an address: each of the two is given a folder that nothing else uses. */
interface Cloner {
  cloneBare(url: string, dir: string): Promise<void>
  /** The address of `origin`, as it is configured. */
  readUrl(dir: string): Promise<string | undefined>
}

/**
 * Makes `dir` a bare clone of `url`, which has `origin`, and one branch; where there is one already, it only looks whether
 * that is of the same address. Throws `conflict` for a folder that holds something else, and `unavailable`.
 */
export async function openClone({ url, dir, base, env }: CloneRequest): Promise<void> {
  const address = absoluteUrl(url, base)
  const cloner = await openCloner(env)
  if (isInUse(dir)) return assertSame(address, dir, isGitDir(dir) ? await cloner.readUrl(dir) : undefined)
  const temporary = `${dir}.clone-${currentProcess().pid}`
  try {
    mkdirSync(dirname(dir), { recursive: true })
    rmSync(temporary, { recursive: true, force: true })
    await cloner.cloneBare(address, temporary)
    renameSync(temporary, dir)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw error instanceof PromptctlError ? error : diskError(error, dir)
  }
}

async function openCloner(env: OpenOptions['env']): Promise<Cloner> {
  if (chooseEngine(env) === 'native') {
    const { createNativeCloner } = await import('./native/clone.js')
    return createNativeCloner(env)
  }
  const { createEmbeddedCloner } = await import('./embedded/clone.js')
  return createEmbeddedCloner(env)
}

function isInUse(dir: string): boolean {
  try {
    return existsSync(dir) && readdirSync(dir).length > 0
  } catch (error) {
    throw diskError(error, dir)
  }
}

/** A work tree is somebody's, and no place for a server's own clone. */
const isGitDir = (dir: string): boolean => ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(dir, name)))

function assertSame(url: string, dir: string, configured: string | undefined): void {
  if (configured !== undefined && normalise(configured) === normalise(url)) return
  throw new PromptctlError('conflict', `${dir} is not a bare clone of ${withoutCredentials(url)}`, {
    hint: 'Name a folder that is not there yet, or remove that one.',
    details: { dir, ...(configured === undefined ? {} : { origin: withoutCredentials(configured) }) },
  })
}

/** A token may be another one, and `.git` and a slash at the end mean nothing. */
const normalise = (url: string): string =>
  withoutCredentials(url)
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')

/** An address with a scheme, or `host:path`, stays; a path becomes absolute. Throws `usage` for what git would take for an option. */
function absoluteUrl(url: string, base: string): string {
  if (url === '' || url.startsWith('-') || /[\0-\x1f]/.test(url)) {
    throw new PromptctlError('usage', 'That is no address of a repository')
  }
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) || (/^[^/]+:/.test(url) && !existsSync(join(base, url)))
  return isAddress ? url : resolve(base, url)
}
