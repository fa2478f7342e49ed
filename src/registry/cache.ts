import type { Registry } from './registry.js'

export interface CacheReport {
  /** In bytes. */
  readonly size: number
  readonly cleared: boolean
}

/** How large the caches are; with `clear` they are emptied. What they held is computed again when it is needed. */
export async function inspectCache(registry: Registry, { clear }: { readonly clear: boolean }): Promise<CacheReport> {
  const { cache } = await registry.git()
  const size = cache.size()
  if (clear) for (const name of cache.names('')) cache.remove(name)
  return { size, cleared: clear }
}
