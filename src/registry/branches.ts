import { PromptctlError } from '../core/errors.js'
import { PROMPTS_DIR } from '../core/paths.js'
import type { Oid } from './ports.js'
import type { Registry, RegistryRepository } from './registry.js'

/** The branch that a team shares: the configuration's, else the remote's HEAD, else the current one. */
export async function sharedBranchOf(registry: Registry): Promise<string | undefined> {
  const { repository } = await registry.git()
  const configured = registry.config.branch
  if (configured !== undefined) return configured
  const { branch } = await repository.head()
  return (await repository.remote(branch))?.head ?? branch
}

/** The branch that is read and written where commits alone are worked on; undefined in a work tree, where it is HEAD's. */
export async function namedBranchOf(registry: Registry): Promise<string | undefined> {
  return registry.workTree === undefined ? sharedBranchOf(registry) : undefined
}

/** The commit to read at. Undefined while the branch has no commit. */
export async function readTip(registry: Registry): Promise<Oid | undefined> {
  const { repository } = await registry.git()
  if (registry.workTree !== undefined) return (await repository.head()).commit
  const branch = await sharedBranchOf(registry)
  return branch === undefined ? undefined : await repository.readRef(`refs/heads/${branch}`)
}

/** As readTip; throws `not_found` while there is no commit. */
export async function requireTip(registry: Registry): Promise<Oid> {
  const tip = await readTip(registry)
  if (tip !== undefined) return tip
  throw new PromptctlError('not_found', 'This repository has no commit yet', {
    hint: 'promptctl new <title> makes the first prompt.',
  })
}

/**
 * Commits on the first-parent chain of `tip` whose version numbers are not final: the remote's shared branch (or, where
 * there is no remote, the local one) does not hold them yet.
 */
export async function provisionalCommits(registry: Registry, tip: Oid): Promise<ReadonlySet<Oid>> {
  const final = await finalTip(registry)
  return final === 'everything' ? new Set() : commitsAbove(await registry.git(), tip, final)
}

/** Commits that changed a prompt on the first-parent chain of `tip`, and not on that of `final`; undefined has none. */
export async function commitsAbove(
  { repository, prefix }: RegistryRepository,
  tip: Oid,
  final: Oid | undefined,
): Promise<ReadonlySet<Oid>> {
  if (final === tip) return new Set()
  const collect = async (after: Oid | undefined): Promise<ReadonlySet<Oid>> => {
    const commits = new Set<Oid>()
    for await (const { commit } of repository.history({ tip, after, paths: [`${prefix}${PROMPTS_DIR}`] })) {
      commits.add(commit)
    }
    return commits
  }
  if (final === undefined) return collect(undefined)
  if (await repository.isOnChain(final, tip)) return collect(final)
  if (await repository.isOnChain(tip, final)) return new Set()
  const base = await repository.mergeBase(tip, final)
  return collect(base !== undefined && (await repository.isOnChain(base, tip)) ? base : undefined)
}

/** True when a commit that is made now has a provisional number: on another branch, or where a remote decides. */
export async function isNextProvisional(registry: Registry): Promise<boolean> {
  const { repository } = await registry.git()
  const { branch } = await repository.head()
  const [shared, remote] = await Promise.all([sharedBranchOf(registry), repository.remote(branch)])
  if (repository.workTree === undefined) return remote !== undefined && (await isTracked(registry, remote.name, shared))
  return remote !== undefined || (shared !== undefined && shared !== branch)
}

/** A bare repository has remote branches only where somebody works in it: they are what decides then, as in a clone. */
async function isTracked(registry: Registry, remote: string, branch: string | undefined): Promise<boolean> {
  const { repository } = await registry.git()
  return (await repository.readRef(`refs/remotes/${remote}/${branch}`)) !== undefined
}

/** The commit up to which numbers are final; undefined when nothing was pushed, `everything` when nothing else decides. */
export async function finalTip(registry: Registry): Promise<Oid | 'everything' | undefined> {
  const ref = await finalRefOf(registry)
  if (ref === undefined) return 'everything'
  const tip = await (await registry.git()).repository.readRef(ref)
  return tip ?? (ref.startsWith('refs/remotes/') ? undefined : 'everything')
}

/** The reference that decides which numbers are final: the shared branch's, of the remote where there is one. */
export async function finalRefOf(registry: Registry): Promise<string | undefined> {
  const { repository } = await registry.git()
  const { branch } = await repository.head()
  const [shared, remote] = await Promise.all([sharedBranchOf(registry), repository.remote(branch)])
  if (shared === undefined) return undefined
  const isRemote =
    remote !== undefined && (repository.workTree !== undefined || (await isTracked(registry, remote.name, shared)))
  return isRemote ? `refs/remotes/${remote.name}/${shared}` : `refs/heads/${shared}`
}
