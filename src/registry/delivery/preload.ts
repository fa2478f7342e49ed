import { PromptctlError } from '../../core/errors.js'
import { onCommits, type Registry } from '../registry.js'
import { readSnapshot } from './read-snapshot.js'

/** Leaves in the cache what every environment serves at a commit. Throws `not_found` for what is no commit. */
export async function preload(registry: Registry, commit: string): Promise<void> {
  const { repository } = await registry.git()
  const tip = await repository.resolveCommit(commit)
  if (tip === undefined) throw new PromptctlError('not_found', `There is no commit ${commit}`)
  for (const environment of registry.config.environments) await readSnapshot(onCommits(registry), tip, environment)
}
