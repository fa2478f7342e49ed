import { PromptctlError } from '../core/errors.js'
import { chooseEngine, type OpenOptions } from './open.js'

/** Makes an empty git repository in `cwd`, with the engine that `openRepository` would choose. Throws `unavailable`. */
export async function createRepository({ cwd, env }: Pick<OpenOptions, 'cwd' | 'env'>): Promise<void> {
  if (chooseEngine(env) === 'embedded') {
    const { initEmbedded } = await import('./embedded/init.js')
    return initEmbedded(cwd, { branch: 'main' })
  }
  const { runGit } = await import('./native/process.js')
  // Where nobody chose a default, git's own is an old one, with ten lines of advice.
  const chosen = await runGit({ cwd, env }, ['config', '--get', 'init.defaultBranch'])
  const branch = chosen.status === 0 ? [] : ['--initial-branch=main']
  const { status, stderr } = await runGit({ cwd, env }, ['init', '--quiet', ...branch])
  if (status !== 0) throw new PromptctlError('unavailable', `git init failed in ${cwd}: ${stderr.trim()}`)
}
