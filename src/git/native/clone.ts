import { PromptctlError } from '../../core/errors.js'
import { withoutCredentials } from '../credentials.js'
import { withoutLocal } from './location.js'
import { gitFailed, lastWords, type ProcessEnv, runGit, runRead } from './process.js'

/** Bare clones by the git command. It never asks on a terminal. */
export function createNativeCloner(inherited: ProcessEnv) {
  const env = { ...withoutLocal(inherited), GIT_TERMINAL_PROMPT: '0' }
  return {
    async cloneBare(url: string, dir: string): Promise<void> {
      const clone = ['clone', '--quiet', '--bare', '--single-branch', '--no-tags', '--', url, dir]
      const made = await runGit({ cwd: '/', env }, clone, { runsHooks: true })
      if (made.status !== 0) {
        throw new PromptctlError(
          'unavailable',
          `${withoutCredentials(url)} cannot be cloned: ${withoutCredentials(lastWords(made.stderr))}`,
          { hint: 'Look at the address and at access: git ls-remote says more.' },
        )
      }
      const refspec = ['config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*']
      const configured = await runGit({ cwd: dir, env }, refspec)
      if (configured.status !== 0) throw gitFailed(refspec, configured)
    },
    async readUrl(dir: string): Promise<string | undefined> {
      const { status, stdout } = await runRead({ cwd: dir, env }, ['config', '--get', 'remote.origin.url'])
      return status === 0 ? stdout.toString('utf8').replace(/\n$/, '') : undefined
    },
  }
}
