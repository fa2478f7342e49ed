/**
 * A checksum of 32 bits, unsigned, that tells a damaged cache file from a whole one: of our own, because node:zlib takes
 * longer to load than most commands to run. A change within one aligned word of four bytes is always noticed, any other
 * but for one in 2^32; not for anything that somebody may want to forge. Words are read as the machine has them.
 */
export function checksumOf(bytes: Uint8Array): number {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Int32Array(buffer, byteOffset, length >>> 2)
  let sum = length | 0
  for (let index = 0; index < words.length; index += 1) sum = mix(sum, words[index] ?? 0)
  for (let index = length & ~3; index < length; index += 1) sum = mix(sum, bytes[index] ?? 0)
  return mix(sum, 0) >>> 0
}

/** Each step can be undone: what differs stays different. Factors of MurmurHash3's finalizer (public domain, A. Appleby). */
function mix(sum: number, word: number): number {
  const product = Math.imul(sum ^ word, 0x85ebca6b)
  return Math.imul(product ^ (product >>> 13), 0xc2b2ae35)
}
