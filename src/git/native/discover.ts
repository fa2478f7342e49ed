import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { diskError, isMissing } from '../disk.js'
import type { ProcessEnv } from './process.js'

/** Settings that change where a repository's parts are or how they are stored: git is asked about those. */
export const SPECIAL_CONFIG = /extensions|worktree|include|bare(?!\s*=\s*false)|repositoryformatversion(?!\s*=\s*0\b)/i

/**
 * The work tree around `dir` when it is as plain as `git init` makes it, undefined when only git can tell. What git would
 * look at is looked at: a `.git` folder of this user's on the same file system, nothing
 * special in its configuration. That saves a process, which is a tenth of what `publish` may take.
 */
export function discoverPlain(dir: string, env: ProcessEnv): { workTree: string; gitDir: string } | undefined {
  if (process.geteuid === undefined || env['SUDO_UID'] !== undefined) return undefined
  const start = statOf(dir)
  if (start === undefined) return undefined
  for (let top = realpathSync(dir), last = ''; top !== last; last = top, top = dirname(top)) {
    const here = statOf(top)
    if (here === undefined || here.dev !== start.dev || statOf(join(top, 'HEAD')) !== undefined) return undefined
    const gitDir = join(top, '.git')
    const found = statOf(gitDir)
    if (found === undefined) continue
    return isPlain(here, found, gitDir) && !isBeyondCeiling(top, env) ? { workTree: top, gitDir } : undefined
  }
  return undefined
}

/** Whether one of GIT_CEILING_DIRECTORIES is at or below `top`, so that git may not come that far. */
function isBeyondCeiling(top: string, env: ProcessEnv): boolean {
  const ceilings = (env['GIT_CEILING_DIRECTORIES'] ?? '').split(delimiter)
  return ceilings.some((ceiling) => `${ceiling}/`.startsWith(`${top}/`))
}

function isPlain(top: Stats, found: Stats, gitDir: string): boolean {
  const user = process.geteuid?.()
  if (!found.isDirectory() || found.uid !== user || top.uid !== user || found.dev !== top.dev) return false
  const has = (name: string): boolean => statOf(join(gitDir, name)) !== undefined
  if (!has('HEAD') || !has('objects') || !has('refs') || !has('config') || has('commondir') || has('reftable'))
    return false
  return !SPECIAL_CONFIG.test(readFileSync(join(gitDir, 'config'), 'utf8'))
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, path)
  }
}
