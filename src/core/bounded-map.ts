/** A map that forgets what was used longest ago. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  values(): readonly V[]
}

/** Holds values of `limit` in all, as `sizeOf` counts them; one that is larger than half of it is not kept. */
export function createSizedMap<K, V>(limit: number, sizeOf: (value: V) => number): BoundedMap<K, V> {
  const map = new Map<K, V>()
  let total = 0
  const remove = (key: K): void => {
    const value = map.get(key)
    if (value === undefined) return
    map.delete(key)
    total -= sizeOf(value)
  }
  return {
    get: (key) => {
      const value = map.get(key)
      if (value === undefined) return undefined
      map.delete(key)
      map.set(key, value)
      return value
    },
    set: (key, value) => {
      remove(key)
      const size = sizeOf(value)
      if (size > limit / 2) return
      map.set(key, value)
      total += size
      for (const oldest of map.keys()) {
        if (total <= limit) return
        remove(oldest)
      }
    },
    delete: remove,
    values: () => [...map.values()],
  }
}
