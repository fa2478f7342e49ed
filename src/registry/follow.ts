import { PromptctlError } from '../core/errors.js'
import { compareTips, type Ends } from './divergence.js'
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
 * is left alone. Throws `unavailable`, and `conflict` when the two have parted.
 */
export async function followRemote(registry: Registry, followed: Followed): Promise<void> {
  const { shared } = followed
  const git = await registry.git()
  const { repository } = git
  const there = await repository.fetch(shared.remote, shared.branch)
  if (there === undefined) {
    throw new PromptctlError('unavailable', `${shared.remote} has no branch ${shared.branch}`)
  }
  const here = await repository.readRef(shared.ref)
  if (here === there) return
  // A write of ours that is under way brings the branch along itself; waiting for it would fail when it is slow.
  if (repository.workTree === undefined && !git.isBusy) {
    // What was fetched meanwhile, by a write of ours, is newer than this.
    await git.exclusively(async () => goAlong(registry, { ...followed, there: await knownTip(registry, shared) }))
  }
  if (here !== undefined && !followed.mirror) await assertTogether(registry, shared, { local: here, remote: there })
}

/** Throws `conflict` when the branch here has commits that cannot just be pushed: they are not served. */
async function assertTogether(registry: Registry, shared: SharedBranch, { local, remote }: Ends): Promise<void> {
  const { relation } = await compareTips(registry, local, remote)
  if (relation !== 'diverged' && relation !== 'renumbers') return
  throw new PromptctlError(
    'conflict',
    `${shared.branch} and ${displayBranch(shared)} have parted: what is here alone is not served`,
    { hint: 'promptctl push --rebase puts it on top.', details: { ours: local, theirs: remote } },
  )
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
