import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { diskError } from '../disk.js'
import { readIfThere } from './disk.js'

/** Where a repository's parts are: absolute paths, symbolic links resolved. */
export interface Layout {
  /** This work tree's own: HEAD and the index. */
  readonly gitDir: string
  /** Shared by linked work trees: objects, references, configuration. */
  readonly commonDir: string
  /** The folder that holds `.git`; undefined where a repository is found from inside its own git directory. */
  readonly workTree: string | undefined
  /** True in a work tree that `git worktree add` made. */
  readonly linked: boolean
}

/**
 * Finds the repository around `dir` by walking up, as git does, and only where there is none takes GIT_DIR's: variables
 * that a hook of another repository left behind must not lead there. Throws `not_found` when there is none at all.
 */
export function findLayout(dir: string, env: NodeJS.ProcessEnv): Layout {
  const start = realpath(dir)
  const found = walkUp(start, env, gitDirAt) ?? namedLayout(start, env)
  if (found === undefined) throw noRepository(dir)
  return found
}

/**
 * True when inherited GIT_* variables are about this repository: the one that GIT_DIR names, or that is around `base`,
 * the folder that the process was started in.
 */
export function isMeant(layout: Layout, base: string, env: NodeJS.ProcessEnv): boolean {
  const start = realpath(base)
  const theirs = env.GIT_DIR ? namedLayout(start, env) : walkUp(start, env, gitDirAt)
  return theirs?.gitDir === layout.gitDir
}

/** A relative GIT_DIR is relative to a folder that only the hook knew: `dir`, or one above it. */
function namedLayout(start: string, env: NodeJS.ProcessEnv): Layout | undefined {
  const name = env.GIT_DIR
  if (!name) return undefined
  const workTree = resolve(start, env.GIT_WORK_TREE ?? '.')
  return walkUp(start, env, (folder) => {
    const gitDir = resolve(folder, name)
    return isGitDir(gitDir) ? layoutOf(gitDir, workTree) : undefined
  })
}

function walkUp(
  start: string,
  env: NodeJS.ProcessEnv,
  look: (folder: string) => Layout | undefined,
): Layout | undefined {
  const ceilings = (env.GIT_CEILING_DIRECTORIES ?? '').split(':').filter(Boolean)
  for (let folder = start; ; folder = dirname(folder)) {
    const found = look(folder)
    if (found !== undefined) return found
    if (dirname(folder) === folder || ceilings.includes(dirname(folder))) return undefined
  }
}

function gitDirAt(folder: string): Layout | undefined {
  const dotGit = join(folder, '.git')
  if (statOf(dotGit)?.isFile()) return layoutOf(parseGitFile(dotGit), folder)
  if (isGitDir(dotGit)) return layoutOf(dotGit, folder)
  return isGitDir(folder) ? layoutOf(folder, undefined) : undefined
}

function layoutOf(gitDir: string, workTree: string | undefined): Layout {
  if (!isGitDir(gitDir)) throw noRepository(gitDir)
  const common = readIfThere(join(gitDir, 'commondir'))?.toString('utf8').trimEnd()
  const own = realpath(gitDir)
  return {
    gitDir: own,
    commonDir: common === undefined ? own : realpath(resolve(own, common)),
    workTree: workTree === undefined ? undefined : realpath(workTree),
    linked: common !== undefined,
  }
}

/** A `.git` file of a submodule or a linked work tree: `gitdir: ../.git/modules/x`. */
function parseGitFile(file: string): string {
  const path = /^gitdir: (.+?)\r?\n?$/s.exec(readIfThere(file)?.toString('utf8') ?? '')?.[1]
  if (path === undefined) throw new PromptctlError('unavailable', `${file} does not say where the git directory is`)
  return resolve(dirname(file), path)
}

/** A linked work tree's git directory has HEAD and `commondir` alone. */
function isGitDir(folder: string): boolean {
  if (statOf(join(folder, 'HEAD')) === undefined) return false
  if (statOf(join(folder, 'commondir'))?.isFile()) return true
  return Boolean(statOf(join(folder, 'objects'))?.isDirectory() && statOf(join(folder, 'refs'))?.isDirectory())
}

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false })

function realpath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw diskError(error, path)
  }
}

const noRepository = (dir: string): PromptctlError =>
  new PromptctlError('not_found', `${dir} is not in a git repository`, {
    hint: 'Go to the registry, name it with -C, or make one with promptctl init.',
    details: { path: dir },
  })
