import { PromptctlError } from '../../core/errors.js'
import type { Identity } from '../../registry/ports.js'
import { type GitContext, lastWords, type RunResult, runRead } from './process.js'

/** Who the next commit would be by. Throws `unavailable` with git's two commands when nobody is configured. */
export async function readIdentity(context: GitContext, role: 'AUTHOR' | 'COMMITTER' = 'AUTHOR'): Promise<Identity> {
  const result = await runRead(context, ['var', `GIT_${role}_IDENT`])
  // Ada Lovelace <ada@example.com> 1700000000 +0000
  const match = /^(.*) <([^>]*)> \d+ [+-]\d+\n$/s.exec(result.stdout.toString('utf8'))
  if (result.status !== 0 || match === null) throw nobody(result)
  return { name: match[1] ?? '', email: match[2] ?? '' }
}

const nobody = ({ stderr }: RunResult): PromptctlError =>
  new PromptctlError('unavailable', `git does not know who you are: ${lastWords(stderr)}`, {
    hint: 'Run git config --global user.name "Your Name" and git config --global user.email you@example.com',
  })
