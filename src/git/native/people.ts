import { isPromptctlError } from '../../core/errors.js'
import type { Identity } from '../../registry/ports.js'
import { OURSELVES } from '../people.js'
import { readIdentity } from './identity.js'
import type { Native } from './native.js'

/** The same repository, where commits are by `author`. The committer is whom git is configured for, else promptctl. */
export async function actingAs(native: Native, author: Identity | undefined): Promise<Native> {
  if (author === undefined) return native
  const { context } = native
  const env = { ...context.env, GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email }
  const committer = (await isConfigured(native))
    ? {}
    : { GIT_COMMITTER_NAME: OURSELVES.name, GIT_COMMITTER_EMAIL: OURSELVES.email }
  return { ...native, context: { ...context, env: { ...env, ...committer } } }
}

async function isConfigured({ context }: Native): Promise<boolean> {
  try {
    await readIdentity(context, 'COMMITTER')
    return true
  } catch (error) {
    if (isPromptctlError(error, 'unavailable')) return false
    throw error
  }
}
