import { readTip } from './branches.js'
import { readConfigAt } from './config-at.js'
import type { Registry } from './registry.js'

/**
 * The registry as its branch configures it now, and not when it was opened: who writes for months must not miss a gate
 * that came by review. Throws `invalid_config`, because what a broken file demands is not known.
 */
export async function asConfigured(registry: Registry): Promise<Registry> {
  const { repository, prefix } = await registry.git()
  const tip = await readTip(registry)
  const config = tip === undefined ? undefined : await readConfigAt(repository, tip, prefix, registry.config.name)
  return config === undefined ? registry : { ...registry, config }
}
