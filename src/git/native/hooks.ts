import { PromptctlError } from '../../core/errors.js'
import { type GitContext, type ProcessEnv, runGit } from './process.js'

/** Runs a hook that may say no, as `git commit` does. Throws `rejected` with its output, or `unsupported`. */
export async function runHook(
  context: GitContext,
  name: string,
  args: readonly string[],
  env: ProcessEnv,
): Promise<void> {
  const behind = args.length > 0 ? ['--', ...args] : []
  const result = await runGit(context, ['hook', 'run', '--ignore-missing', name, ...behind], { env, runsHooks: true })
  if (result.status === 0) return
  if (/'hook' is not a git command/.test(result.stderr)) throw tooOld()
  throw hookSaidNo(result.stderr + result.stdout.toString('utf8'), `The ${name} hook`)
}

/** The failure that shows what a hook said. */
export function hookSaidNo(output: string, name = 'A commit hook'): PromptctlError {
  return new PromptctlError('rejected', `${name} said no${output.trim() === '' ? ', without a word' : ''}`, {
    hint: 'Nothing was committed, and the files are as they were.',
    details: { output },
  })
}

const tooOld = (): PromptctlError =>
  new PromptctlError('unsupported', 'Committing these bytes needs git 2.36 or later, to run the hooks', {
    hint: 'Update git, or switch off the conversion of line ends for prompts: prompts/** -text in .gitattributes.',
  })
