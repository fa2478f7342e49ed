/** Numbers that follow from a seed: the same on every machine, so that two runs measure the same repository. */

/** Mixes integers into one of 32 bits, each with the finaliser of MurmurHash3, which is public domain. */
export function mix(...numbers) {
  let hash = 0x9e3779b9
  for (const number of numbers) {
    hash = Math.imul(hash, 31) + number
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash >>> 0
}

/**
 * A stream of numbers from `seed`.
 * `below(n)` is a whole number from 0 to n - 1, `chance(p)` is true with probability p, `pick(list)` is one of a list.
 */
export function createRandom(...seed) {
  let count = 0
  const start = mix(...seed)
  const next = () => mix(start, count++) / 2 ** 32
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)],
  }
}
