import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { isMissing } from '../disk.js'
import { type Config, expandHome } from './config.js'
import { readIfThere } from './disk.js'
import { assertComplete } from './identity.js'
import type { Index } from './index-file.js'
import type { Layout } from './layout.js'
import { type ObjectType, unreadable } from './objects.js'

/** A repository that only git itself can serve. `what` is the end of "cannot …", `why` what the repository has. */
export function refuse(what: string, why: string, setting?: string): PromptctlError {
  return new PromptctlError('unsupported', `Without git, promptctl cannot ${what}: ${why}`, {
    hint: 'Install git, or set PROMPTCTL_GIT=native where it is.',
    details: { engine: 'embedded', ...(setting === undefined ? {} : { setting }) },
  })
}

/** The refusal of what this engine does not do anywhere. */
export const needsGit = (what: string): PromptctlError => refuse(what, 'that takes git itself')

const KNOWN_EXTENSIONS = new Set([
  'noop',
  'preciousobjects',
  'partialclone',
  'worktreeconfig',
  'relativeworktrees',
  'objectformat',
  'refstorage',
  'compatobjectformat',
])

/** Throws `unsupported` for a repository whose objects or references are in a format that this engine does not read. */
export function assertReadable({ commonDir }: Layout, config: Config): void {
  const format = config.get('extensions.objectformat') ?? 'sha1'
  if (format !== 'sha1') throw refuse('read this repository', `its objects are ${format}`, 'extensions.objectFormat')
  const storage = config.get('extensions.refstorage') ?? 'files'
  if (storage !== 'files')
    throw refuse('read this repository', `its references are in ${storage}`, 'extensions.refStorage')
  const version = Number(config.get('core.repositoryformatversion') ?? 0)
  if (version > 1)
    throw refuse('read this repository', `its format version is ${version}`, 'core.repositoryFormatVersion')
  const unknown = version === 1 ? extensionsOf(config).find((name) => !KNOWN_EXTENSIONS.has(name)) : undefined
  if (unknown !== undefined)
    throw refuse('read this repository', `it has the extension ${unknown}`, `extensions.${unknown}`)
  if (readIfThere(join(commonDir, 'info', 'grafts')) !== undefined) {
    throw refuse('read this repository', 'its history has grafts (info/grafts)')
  }
  const packed = readIfThere(join(commonDir, 'packed-refs'))
  if (packed?.includes(' refs/replace/') || namesIn(join(commonDir, 'refs', 'replace')).length > 0) {
    throw refuse('read this repository', 'some of its objects are replaced (refs/replace)')
  }
}

const extensionsOf = (config: Config): readonly string[] => config.names('extensions')

/** The failure of whatever needs files in a repository that has none. */
export const bareError = (gitDir: string): PromptctlError =>
  new PromptctlError('unsupported', `${gitDir} has no work tree, so there is nothing to write or compare`, {
    hint: 'Use a clone of it.',
  })

/** Throws `unsupported`, before anything is written, where a write would not be the one that `git commit` makes. */
export function assertWritable(layout: Layout, config: Config, env: NodeJS.ProcessEnv): void {
  assertComplete(config)
  if (layout.workTree !== undefined && config.isTrue('core.sparsecheckout', false)) {
    throw refuse('commit here', 'a sparse checkout is configured', 'core.sparseCheckout')
  }
  const promised = promisedBy(config)
  if (promised !== undefined)
    throw refuse('commit here', 'it is a partial clone, where objects may be missing', promised)
  const shared = config.get('core.sharedrepository') ?? 'umask'
  if (!['umask', 'false', '0', 'no', 'off'].includes(shared.toLowerCase())) {
    throw refuse(
      'commit here',
      `the repository is shared (${shared}) and its files need permissions of their own`,
      'core.sharedRepository',
    )
  }
  const hook = installedHooks(layout, config, env).find((name) => WRITE_HOOKS.includes(name))
  if (hook !== undefined) throw hookError(hook)
}

/** The setting that makes this a partial clone, whose missing objects git fetches as it needs them; undefined elsewhere. */
function promisedBy(config: Config): string | undefined {
  const remote = config.subsections('remote').find((name) => config.isTrue(`remote.${name}.promisor`, false))
  if (remote !== undefined) return `remote.${remote}.promisor`
  return config.get('extensions.partialclone') === undefined ? undefined : 'extensions.partialClone'
}

/**
 * The failure for an object that is not there: `unsupported` in a partial clone, `unavailable` where it is lost. No filter
 * leaves commits out.
 */
export function missingObject(oid: string, type: ObjectType, config: Config): PromptctlError {
  const promised = type === 'commit' ? undefined : promisedBy(config)
  if (promised === undefined) return unreadable(oid, new Error('it is missing'))
  return refuse('read this repository', `it is a partial clone, and ${oid} was never fetched`, promised)
}

const WRITE_HOOKS = ['reference-transaction', 'post-index-change']

/**
 * As `assertWritable`, for what only a commit does. `verify: false` passes over the hooks that `--no-verify` skips; the
 * hooks of `git commit` are a work tree's, and a bare repository has no use for them.
 */
export function assertCommittable(layout: Layout, config: Config, env: NodeJS.ProcessEnv, verify: boolean): void {
  if (config.isTrue('commit.gpgsign', false)) throw refuse('commit here', 'commits are signed', 'commit.gpgSign')
  if (layout.workTree === undefined) return
  const run = ['prepare-commit-msg', 'post-commit', ...(verify ? ['pre-commit', 'commit-msg'] : [])]
  const hook = installedHooks(layout, config, env).find((name) => run.includes(name))
  if (hook !== undefined) throw hookError(hook)
}

/** Throws `unsupported` where git's own push would run a hook. */
export function assertPushable(layout: Layout, config: Config, env: NodeJS.ProcessEnv): void {
  const hook = installedHooks(layout, config, env).find((name) => name === 'pre-push')
  if (hook !== undefined) throw refuse('push', `the hook ${hook} is installed`, `hooks.${hook}`)
}

const hookError = (name: string): PromptctlError =>
  refuse('commit here', `the hook ${name} is installed`, `hooks.${name}`)

/** Where git looks for hooks: absolute. */
export function hooksFolder({ commonDir, gitDir, workTree }: Layout, config: Config, env: NodeJS.ProcessEnv): string {
  const configured = config.get('core.hookspath')
  return configured === undefined ? join(commonDir, 'hooks') : resolve(workTree ?? gitDir, expandHome(configured, env))
}

/** Executable files in the hooks folder: what git would run. */
function installedHooks(layout: Layout, config: Config, env: NodeJS.ProcessEnv): readonly string[] {
  const folder = hooksFolder(layout, config, env)
  return namesIn(folder).filter((name) => isExecutable(join(folder, name)))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return false
    throw error
  }
}

/** Throws `unsupported` for an index that this engine cannot write back whole. */
export function assertWritableIndex({ version, extensions, entries }: Index): void {
  if (version > 3) throw refuse('write the index', `it has version ${version}`, 'index.version')
  if (extensions.has('link')) throw refuse('write the index', 'it is a split index', 'core.splitIndex')
  if (extensions.has('sdir')) throw refuse('write the index', 'it is a sparse index', 'index.sparse')
  // A signature in lower case says: do not touch what you do not understand.
  const unknown = [...extensions.keys()].find((name) => !/^[A-Z]/.test(name))
  if (unknown !== undefined) throw refuse('write the index', `it has the extension "${unknown}"`)
  if (entries.some(({ isSkipped }) => isSkipped))
    throw refuse('write the index', 'files of it are not checked out (skip-worktree)')
}
