import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { discoverPlain } from './discover.js'
import { type GitContext, gitFailed, type ProcessEnv, type RunResult, runRead } from './process.js'

/** A repository that was found, and the environment in which git is run for it. */
export interface Location {
  readonly gitDir: string
  readonly commonDir: string
  readonly workTree: string | undefined
  readonly objectFormat: 'sha1' | 'sha256'
  readonly env: ProcessEnv
}

/** What `git rev-parse --local-env-vars` prints, and the quarantine: variables that are about one repository. */
const LOCAL_ENV_VARS = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_CONFIG_COUNT',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_QUARANTINE_PATH',
]

/**
 * Finds the repository around `dir`. Inherited GIT_* variables are about the repository of `base`, the directory that
 * the process was started in: they count when that is the same repository, and are dropped when it is another.
 * Throws `not_found` where there is none, `unavailable` with git's advice when git does not trust it.
 */
export async function locate(dir: string, env: ProcessEnv, base = dir): Promise<Location> {
  if (!isLocal(env) || isSameFile(dir, base)) return locateWith(dir, env)
  const [around, inherited] = await Promise.all([
    attempt(locateWith(dir, withoutLocal(env))),
    attempt(locateWith(base, env)),
  ])
  if (inherited instanceof Error) return isNowhere(inherited) ? locateWith(dir, env) : unwrap(around)
  const isTheirs = around instanceof Error ? isInside(dir, inherited.workTree) : around.gitDir === inherited.gitDir
  return isTheirs ? inherited : unwrap(around)
}

async function locateWith(dir: string, env: ProcessEnv): Promise<Location> {
  const plain = isLocal(env) ? undefined : discoverPlain(dir, env)
  if (plain !== undefined) return { ...plain, commonDir: plain.gitDir, objectFormat: 'sha1', env }
  const context: GitContext = { cwd: dir, env }
  const result = await runRead(context, [
    'rev-parse',
    '--path-format=absolute',
    '--show-object-format',
    '--is-bare-repository',
    '--absolute-git-dir',
    '--git-common-dir',
    '--show-toplevel', // the last: it fails in a bare repository, after the others have been answered
  ])
  const [objectFormat = '', isBare, gitDir, commonDir, workTree] = result.stdout.toString('utf8').split('\n')
  if (objectFormat.startsWith('--')) throw tooOld()
  if (isBare === undefined || !gitDir || !commonDir) throw notOpened(dir, result)
  return {
    gitDir,
    commonDir,
    workTree: isBare === 'true' || !workTree ? undefined : workTree,
    objectFormat: objectFormat === 'sha256' ? 'sha256' : 'sha1',
    env: absoluteEnv(env, gitDir, workTree),
  }
}

/** The same variables, with those that git resolves against the current directory made absolute. */
function absoluteEnv(env: ProcessEnv, gitDir: string, workTree: string | undefined): ProcessEnv {
  const { GIT_PREFIX: _, ...rest } = env
  return {
    ...rest,
    ...(env['GIT_DIR'] === undefined ? {} : { GIT_DIR: gitDir }),
    ...(env['GIT_WORK_TREE'] === undefined || !workTree ? {} : { GIT_WORK_TREE: workTree }),
  }
}

const isLocal = (env: ProcessEnv): boolean => LOCAL_ENV_VARS.some((name) => env[name] !== undefined)

/** An environment for a repository that the inherited variables are not about. */
export const withoutLocal = (env: ProcessEnv): ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !LOCAL_ENV_VARS.includes(name)))

function isSameFile(a: string, b: string): boolean {
  if (a === b) return true
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }))
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev
}

function isInside(dir: string, workTree: string | undefined): boolean {
  if (workTree === undefined) return false
  const way = relative(workTree, realpathSync(resolve(dir)))
  return !way.startsWith('..') && !isAbsolute(way)
}

const attempt = (opening: Promise<Location>): Promise<Location | Error> => opening.catch((error: Error) => error)

const isNowhere = (error: Error): boolean => error instanceof PromptctlError && error.code === 'not_found'

function unwrap(outcome: Location | Error): Location {
  if (outcome instanceof Error) throw outcome
  return outcome
}

function notOpened(dir: string, result: RunResult): PromptctlError {
  const [first = '', ...advice] = result.stderr.trim().split('\n')
  if (/not a git repository/i.test(first)) {
    return new PromptctlError('not_found', `${dir} is not in a git repository`, {
      hint: 'Go to the registry, name it with -C, or make one with promptctl init.',
    })
  }
  if (/dubious ownership|unsafe repository/.test(first)) {
    return new PromptctlError('unavailable', `git does not trust this repository: ${first.replace(/^fatal: /, '')}`, {
      hint: advice
        .map((line) => line.trim())
        .filter((line) => line !== '')
        .join(' '),
    })
  }
  return gitFailed(['rev-parse'], result)
}

const tooOld = (): PromptctlError =>
  new PromptctlError('unsupported', 'This git is older than 2.31', {
    hint: 'Update git, or set PROMPTCTL_GIT=embedded.',
  })
