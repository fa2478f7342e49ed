/** Where a pack's objects are (https://git-scm.com/docs/pack-format, version 2 of the index). */
export interface PackIndex {
  /** The offset of an object in the pack, or undefined when it is not in there. */
  find(oid: Uint8Array): number | undefined
}

const MAGIC = 0xff744f63
const FANOUT = 8
const NAMES = FANOUT + 256 * 4
const LARGE = 0x8000_0000

/** Reads the tables in place. Throws an Error for another version (1 is from before 2007) and for a file that is too short. */
export function parsePackIndex(bytes: Buffer): PackIndex {
  if (bytes.length < NAMES || bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(4) !== 2) {
    throw new Error('the pack index is not of version 2')
  }
  const count = bytes.readUInt32BE(NAMES - 4)
  const offsets = NAMES + count * 24
  const large = offsets + count * 4
  if (bytes.length < large + 40) throw new Error('the pack index is too short')
  const upTo = (first: number): number => (first < 0 ? 0 : bytes.readUInt32BE(FANOUT + first * 4))
  const offsetOf = (position: number): number => {
    const offset = bytes.readUInt32BE(offsets + position * 4)
    return offset < LARGE ? offset : Number(bytes.readBigUInt64BE(large + (offset - LARGE) * 8))
  }
  return {
    find: (oid) => {
      const first = oid[0] ?? 0
      let [low, high] = [upTo(first - 1), upTo(first)]
      while (low < high) {
        const middle = (low + high) >>> 1
        const order = bytes.compare(oid, 0, 20, NAMES + middle * 20, NAMES + middle * 20 + 20)
        if (order === 0) return offsetOf(middle)
        if (order < 0) low = middle + 1
        else high = middle
      }
      return undefined
    },
  }
}
