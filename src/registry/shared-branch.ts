import { PromptctlError } from '../core/errors.js'
import { namedBranchOf } from './branches.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/** The branch that a team shares, checked out here, and the remote that has it. */
export interface SharedBranch {
  readonly remote: string
  /** Short name, the same on both sides. */
  readonly branch: string
  /** `refs/heads/main` */
  readonly ref: string
}

/** `origin/main` */
export const displayBranch = ({ remote, branch }: SharedBranch): string => `${remote}/${branch}`

/** `git pull --rebase origin main`: right also where git knows no upstream, as after a push that made the branch. */
export const pullCommand = (
  flag: '--rebase' | '--ff-only',
  { remote, branch }: Pick<SharedBranch, 'remote' | 'branch'>,
): string => `git pull ${flag} ${remote} ${branch}`

/**
 * The shared branch, which in a work tree must be the current one, and its remote, or the one with that name. Throws
 * `usage` on another branch, `not_found` for an unknown remote, `unsupported` without a remote and on a detached HEAD.
 */
export async function requireSharedBranch(registry: Registry, name?: string): Promise<SharedBranch> {
  const { repository } = await registry.git()
  const { branch: current } = await repository.head()
  const branch = (await namedBranchOf(registry)) ?? current
  if (branch === undefined) {
    throw new PromptctlError('unsupported', 'HEAD is detached, so there is no branch to push', {
      hint: 'Check out the shared branch first: git switch main.',
    })
  }
  const remote = await repository.remote(branch, name)
  if (remote === undefined) throw noRemote(name)
  const shared = registry.config.branch ?? remote.head ?? branch
  if (shared !== branch) throw otherBranch(branch, shared)
  return { remote: remote.name, branch, ref: `refs/heads/${branch}` }
}

/** Where the remote's branch was when this clone last heard of it. */
export async function knownTip(registry: Registry, { remote, branch }: SharedBranch): Promise<Oid | undefined> {
  const { repository } = await registry.git()
  return repository.readRef(`refs/remotes/${remote}/${branch}`)
}

const noRemote = (name: string | undefined): PromptctlError =>
  name === undefined
    ? new PromptctlError('unsupported', 'This repository has no remote to push to', {
        hint: 'git remote add origin <url> adds one.',
      })
    : new PromptctlError('not_found', `There is no remote ${JSON.stringify(name)}`, { hint: 'git remote lists them.' })

const otherBranch = (branch: string, shared: string): PromptctlError =>
  new PromptctlError('usage', `You are on ${branch}, and what is pushed is the shared branch ${shared}`, {
    hint: `Push ${branch} with git push and open a pull request, or merge it: git switch ${shared} && git merge ${branch}`,
    details: { branch, shared },
  })
