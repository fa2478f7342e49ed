import { isPromptctlError, PromptctlError } from '../../core/errors.js'
import type { Identity } from '../../registry/ports.js'
import { OURSELVES } from '../people.js'
import type { Config } from './config.js'
import { formatDate } from './date.js'

export type Role = 'author' | 'committer'

/**
 * Who a commit is by: GIT_AUTHOR_NAME and the like, then `author.name`, then `user.name`, as git takes them. A name is
 * never guessed from the machine. Throws `unavailable` with git's two commands when nobody is configured.
 */
export function findIdentity(config: Config, env: NodeJS.ProcessEnv, role: Role): Identity {
  const prefix = `GIT_${role.toUpperCase()}`
  const name = clean(env[`${prefix}_NAME`] || config.get(`${role}.name`) || config.get('user.name') || '')
  const email = clean(
    env[`${prefix}_EMAIL`] || config.get(`${role}.email`) || config.get('user.email') || env.EMAIL || '',
  )
  if (name !== '' && email !== '') return { name, email }
  assertComplete(config)
  throw new PromptctlError(
    'unavailable',
    `git does not know who the ${role} is: no ${name === '' ? 'name' : 'email'} is configured`,
    {
      hint: 'git config --global user.name "Your Name"; git config --global user.email you@example.com',
    },
  )
}

/** The committer of what `author` makes: whom git is configured for, and else promptctl where that is not the author. */
export function findCommitter(config: Config, env: NodeJS.ProcessEnv, author: Identity | undefined): Identity {
  try {
    return findIdentity(config, env, 'committer')
  } catch (error) {
    if (author !== undefined && isPromptctlError(error, 'unavailable')) return OURSELVES
    throw error
  }
}

/** Throws `unsupported` when a part of git's configuration is included on a condition that only git can evaluate. */
export function assertComplete({ unfollowed }: Config): void {
  const [condition] = unfollowed
  if (condition === undefined) return
  throw new PromptctlError(
    'unsupported',
    `git's configuration includes a file on the condition "${condition}", which needs git`,
    {
      hint: 'Install git, or set PROMPTCTL_GIT=native where it is.',
    },
  )
}

/** git drops what would break the header line, and punctuation at both ends of a name. */
const clean = (text: string): string =>
  text.replace(/[<>\n]/g, '').replace(/^[\0-\x20.,:;"\\']+|[\0-\x20.,:;"\\']+$/g, '')

/** `Ada Lovelace <ada@example.com> 1700000000 +0100`; GIT_AUTHOR_DATE and GIT_COMMITTER_DATE are honoured. */
export function formatIdentity({ name, email }: Identity, env: NodeJS.ProcessEnv, role: Role, nowMs: number): string {
  return `${clean(name)} <${clean(email)}> ${formatDate(env[`GIT_${role.toUpperCase()}_DATE`], nowMs)}`
}
