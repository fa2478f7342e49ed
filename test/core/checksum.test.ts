import { describe, expect, it } from 'vitest'
import { checksumOf } from '../../src/core/checksum.js'

const TEXT = Buffer.from('A cache file of 34 bytes or so, ok')

describe('checksumOf', () => {
  it('is 32 bits, and the same wherever the bytes lie in memory', () => {
    const sum = checksumOf(TEXT)
    expect(sum >>> 0).toBe(sum)
    for (let offset = 0; offset < 4; offset += 1) {
      const moved = Buffer.concat([Buffer.alloc(offset), TEXT]).subarray(offset)
      expect(checksumOf(moved)).toBe(sum)
    }
  })

  it('notices every bit that is flipped', () => {
    const sums = new Set([checksumOf(TEXT)])
    for (let bit = 0; bit < TEXT.length * 8; bit += 1) {
      const damaged = Buffer.from(TEXT)
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      sums.add(checksumOf(damaged))
    }
    expect(sums.size).toBe(1 + TEXT.length * 8)
  })

  it.each([
    ['cut short', TEXT.subarray(0, -1)],
    ['longer by a zero', Buffer.concat([TEXT, Buffer.alloc(1)])],
    ['with two words swapped', Buffer.concat([TEXT.subarray(4, 8), TEXT.subarray(0, 4), TEXT.subarray(8)])],
    ['all zeros', Buffer.alloc(TEXT.length)],
    ['empty', Buffer.alloc(0)],
  ])('notices what is %s', (_, damaged) => {
    expect(checksumOf(damaged)).not.toBe(checksumOf(TEXT))
  })
})
