/** A map that forgets what was used longest ago. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
}

export function createBoundedMap<K, V>(limit: number): BoundedMap<K, V> {
  const map = new Map<K, V>()
  return {
    get: (key) => {
      const value = map.get(key)
      if (value === undefined) return undefined
      map.delete(key)
      map.set(key, value)
      return value
    },
    set: (key, value) => {
      map.delete(key)
      map.set(key, value)
      const [oldest] = map.size > limit ? map.keys() : []
      if (oldest !== undefined) map.delete(oldest)
    },
  }
}
