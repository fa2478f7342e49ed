import { readTip } from './branches.js'
import { readConfigAt } from './config-at.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/**
 * The registry as a commit configures it, and not as it was when it was opened: what comes by review, such as a gate,
 * counts for the next write. Throws `invalid_config`, because what a broken file demands is not known.
 */
export async function asConfiguredAt(registry: Registry, commit: Oid | undefined): Promise<Registry> {
  const { repository, prefix } = await registry.git()
  const config = commit === undefined ? undefined : await readConfigAt(repository, commit, prefix, registry.config.name)
  return config === undefined ? registry : { ...registry, config }
}

/** As asConfiguredAt, at the tip of the branch. */
export const asConfigured = async (registry: Registry): Promise<Registry> =>
  asConfiguredAt(registry, await readTip(registry))
