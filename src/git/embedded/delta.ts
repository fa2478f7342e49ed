/**
 * Builds an object out of another and a delta (https://git-scm.com/docs/pack-format#_deltified_representation): two sizes,
 * then pieces that are copied from the base or stand in the delta. Throws an Error when it does not fit its base.
 */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const [baseSize, afterBase] = readSize(delta, 0)
  const [size, start] = readSize(delta, afterBase)
  if (baseSize !== base.length) throw new Error('a delta does not fit its base')
  const result = Buffer.allocUnsafe(size)
  let length = 0
  for (let at = start; at < delta.length; ) {
    const opcode = delta[at++] ?? 0
    const isCopy = (opcode & 0x80) !== 0
    const piece = isCopy ? readCopy(delta, at, opcode) : { from: at, size: opcode, next: at + opcode }
    if (piece.size === 0 || length + piece.size > size) throw new Error('a delta is damaged')
    length += (isCopy ? base : delta).copy(result, length, piece.from, piece.from + piece.size)
    at = piece.next
  }
  if (length !== size) throw new Error('a delta is too short')
  return result
}

/** Seven bits a byte, the lowest first. */
function readSize(bytes: Buffer, start: number): readonly [number, number] {
  let [size, factor, at] = [0, 1, start]
  while (true) {
    const byte = bytes[at++] ?? 0
    size += (byte & 0x7f) * factor
    factor *= 128
    if ((byte & 0x80) === 0) return [size, at]
  }
}

/** Four bits of the opcode say which bytes of the offset follow, three which of the size. */
function readCopy(delta: Buffer, start: number, opcode: number): { from: number; size: number; next: number } {
  let at = start
  let from = 0
  let size = 0
  for (let bit = 0; bit < 4; bit += 1) if (opcode & (1 << bit)) from += (delta[at++] ?? 0) * 256 ** bit
  for (let bit = 0; bit < 3; bit += 1) if (opcode & (0x10 << bit)) size += (delta[at++] ?? 0) * 256 ** bit
  return { from, size: size === 0 ? 0x10000 : size, next: at }
}
