import { parseConfig } from '../core/config.js'
import { CONFIG_FILE } from '../core/paths.js'
import { readTip } from './branches.js'
import type { Registry } from './registry.js'

/**
 * The registry as its branch configures it now, and not when it was opened: who writes for months must not miss a gate
 * that came by review. Throws `invalid_config`, because what a broken file demands is not known.
 */
export async function asConfigured(registry: Registry): Promise<Registry> {
  const { repository, prefix } = await registry.git()
  const tip = await readTip(registry)
  const [entry] = tip === undefined ? [] : await repository.entriesAt(tip, [`${prefix}${CONFIG_FILE}`])
  if (entry === undefined) return registry
  const bytes = (await repository.readBlobs([entry.blob])).get(entry.blob) ?? new Uint8Array()
  return { ...registry, config: parseConfig(bytes, CONFIG_FILE, { defaultName: registry.config.name }) }
}
