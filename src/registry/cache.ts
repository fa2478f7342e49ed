import type { Registry } from './registry.js'

export interface CacheReport {
  /** In bytes. */
  readonly size: number
  /** What there is, or was: `ledger`, `verdicts`, … */
  readonly caches: readonly string[]
  readonly cleared: boolean
}

/** How large the caches are; with `clear` they are emptied. What they held is computed again when it is needed. */
export async function inspectCache(registry: Registry, { clear }: { readonly clear: boolean }): Promise<CacheReport> {
  const { cache } = await registry.git()
  const [size, caches] = [cache.size(), cache.names('')]
  if (clear) for (const name of caches) cache.remove(name)
  return { size, caches, cleared: clear }
}
