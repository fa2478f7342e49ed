import { PromptctlError } from '../core/errors.js'
import { compareTips } from './divergence.js'
import { goAlong } from './go-forward.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { displayBranch, knownTip, type SharedBranch } from './shared-branch.js'

/** The remote branch that a server follows. */
export interface Followed {
  readonly shared: SharedBranch
  /** The clone is the server's own: what is here and not there is given up. */
  readonly mirror: boolean
}

/** What a server follows for `branch`, by its short name. Throws `unsupported` where there is no remote. */
export async function findFollowed(registry: Registry, branch: string, mirror: boolean): Promise<Followed> {
  const { repository } = await registry.git()
  const remote = await repository.remote(branch)
  if (remote !== undefined) return { shared: { remote: remote.name, branch, ref: `refs/heads/${branch}` }, mirror }
  throw new PromptctlError('unsupported', 'This repository has no remote to follow', {
    hint: 'git remote add origin <url> adds one; without --poll and --push, what is here is served.',
  })
}

/**
 * Asks the remote where its branch is. In a bare repository, where nobody works, the branch here goes along; a work tree
 * is left alone. Throws `unavailable`.
 */
export async function followRemote(registry: Registry, followed: Followed): Promise<void> {
  const { shared } = followed
  const { repository, exclusively } = await registry.git()
  const there = await repository.fetch(shared.remote, shared.branch)
  if (there === undefined) {
    throw new PromptctlError('unavailable', `${shared.remote} has no branch ${shared.branch}`)
  }
  if (repository.workTree !== undefined || (await repository.readRef(shared.ref)) === there) return
  // What was fetched meanwhile, by a write of ours, is newer than this.
  await exclusively(async () => goAlong(registry, { ...followed, there: await knownTip(registry, shared) }))
}

/**
 * Gives the commit that a server serves: the remote's, unless the branch here is further, with commits that are not pushed
 * yet. Where the two have parted, it is the remote's: that is what is final.
 */
export function createTipReader(registry: Registry, { shared }: Followed): () => Promise<Oid | undefined> {
  let compared = { here: '', there: '', isAhead: false }
  return async () => {
    const { repository } = await registry.git()
    const [here, there] = await Promise.all([repository.readRef(shared.ref), knownTip(registry, shared)])
    if (here === undefined || there === undefined || here === there) return there ?? here
    if (compared.here !== here || compared.there !== there) {
      compared = { here, there, isAhead: (await compareTips(registry, here, there)).relation === 'ahead' }
    }
    return compared.isAhead ? here : there
  }
}

/** `origin/main` */
export const displayFollowed = ({ shared }: Followed): string => displayBranch(shared)
