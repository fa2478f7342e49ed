import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { diskError } from '../disk.js'
import { writeSynced } from './disk.js'
import { isRefName } from './refs.js'

const FOLDERS = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info', 'hooks']
const CORE = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n'
const WITH_WORK_TREE = `${CORE}\tbare = false\n\tlogallrefupdates = true\n`
const BARE = `${CORE}\tbare = true\n`
const EXCLUDE = '# Files that git leaves out here and nowhere else, one pattern a line.\n'

/**
 * Makes an empty repository in `dir`, as `git init` does; HEAD names `branch`, which has no commit yet. Throws `conflict`
 * when there is one, `usage` for a name that no branch can have, `unavailable` when the disk says no.
 */
export async function initEmbedded(dir: string, { branch }: { readonly branch: string }): Promise<void> {
  const isName = isRefName(`refs/heads/${branch}`) && !branch.startsWith('-') && branch !== 'HEAD'
  if (!isName) throw new PromptctlError('usage', `"${branch}" is no name for a branch`)
  const gitDir = join(dir, '.git')
  if (existsSync(gitDir)) throw new PromptctlError('conflict', `${dir} is a git repository already`)
  makeGitDir(gitDir, branch, WITH_WORK_TREE)
}

/** Makes an empty bare repository in `dir` that has the remote `origin`. `url` holds no line end. Throws `unavailable`. */
export function initBare(dir: string, { branch, url }: { readonly branch: string; readonly url: string }): void {
  const quoted = `"${url.replace(/["\\]/g, '\\$&')}"`
  const remote = `[remote "origin"]\n\turl = ${quoted}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`
  makeGitDir(dir, branch, `${BARE}${remote}`)
}

/** Makes HEAD of a repository without commits name another branch. */
export function nameBranch(gitDir: string, branch: string): void {
  if (!isRefName(`refs/heads/${branch}`)) throw new PromptctlError('unavailable', 'The remote’s HEAD names no branch')
  writeFileSync(join(gitDir, 'HEAD'), `ref: refs/heads/${branch}\n`)
}

function makeGitDir(gitDir: string, branch: string, config: string): void {
  try {
    for (const folder of FOLDERS) mkdirSync(join(gitDir, folder), { recursive: true })
    writeFileSync(join(gitDir, 'config'), config)
    writeFileSync(join(gitDir, 'info', 'exclude'), EXCLUDE)
    // Last: with HEAD it is a repository.
    writeSynced(join(gitDir, 'HEAD'), Buffer.from(`ref: refs/heads/${branch}\n`))
  } catch (error) {
    rmSync(gitDir, { recursive: true, force: true })
    throw diskError(error, gitDir)
  }
}
