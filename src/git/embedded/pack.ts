import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { createSizedMap } from '../../core/bounded-map.js'
import { applyDelta } from './delta.js'
import type { GitObject, ObjectType } from './objects.js'
import type { PackIndex } from './pack-index.js'

/** One entry: a whole object, or a delta against the one at `base`. */
interface PackEntry {
  readonly type: ObjectType | undefined
  readonly base: number | undefined
  readonly data: Buffer
}

const TYPES: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag']
const OFFSET_DELTA = 6
const REF_DELTA = 7
/** Enough for the header and for most commits, trees and prompts. */
const WINDOW = 4096
/** Bytes of objects that stay in memory, because the next one is likely a delta against them. */
const CACHED_BYTES = 24 * 1024 * 1024

/**
 * A pack file, read piece by piece. isomorphic-git holds whole packs and every object of them in memory, and copies the
 * rest of the pack for each read: 38 s and 630 MB for the history of 20,000 commits, in place of 3 s and 200 MB here.
 */
export class Pack {
  readonly #path: string
  readonly #index: PackIndex
  readonly #window = Buffer.allocUnsafe(WINDOW)
  readonly #objects = createSizedMap<number, GitObject>(CACHED_BYTES, ({ content }) => content.length + 100)
  #file: { readonly descriptor: number; readonly size: number } | undefined

  constructor(path: string, index: PackIndex) {
    this.#path = path
    this.#index = index
  }

  /** Undefined when the object is not in this pack. Throws an Error when it is damaged, or the pack is gone. */
  find(oid: Uint8Array): GitObject | undefined {
    const offset = this.#index.find(oid)
    return offset === undefined ? undefined : this.#read(offset)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor)
    this.#file = undefined
  }

  /** Follows deltas down to a whole object, then builds the ones on the way back: chains may be thousands long. */
  #read(start: number): GitObject {
    const deltas: { readonly offset: number; readonly data: Buffer }[] = []
    let object: GitObject | undefined
    for (let offset = start; object === undefined; ) {
      object = this.#objects.get(offset)
      if (object !== undefined) break
      const { type, base, data } = this.#readEntry(offset)
      if (type !== undefined) object = this.#keep(offset, { type, content: data })
      else if (base === undefined) throw new Error('the base of a delta is missing')
      else {
        deltas.push({ offset, data })
        offset = base
      }
    }
    for (const { offset, data } of deltas.reverse()) {
      object = this.#keep(offset, { type: object.type, content: applyDelta(object.content, data) })
    }
    return object
  }

  #keep(offset: number, object: GitObject): GitObject {
    this.#objects.set(offset, object)
    return object
  }

  #readEntry(offset: number): PackEntry {
    const window = this.#window.subarray(0, this.#fill(this.#window, offset))
    let at = 0
    let byte = window[at++] ?? 0
    const type = (byte >> 4) & 7
    let size = byte & 15
    for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
      byte = window[at++] ?? 0
      size += (byte & 0x7f) * factor
    }
    if (type === OFFSET_DELTA) {
      const { distance, next } = readDistance(window, at)
      return { type: undefined, base: offset - distance, data: this.#inflate(window, offset, next, size) }
    }
    if (type === REF_DELTA) {
      const base = this.#index.find(window.subarray(at, at + 20))
      return { type: undefined, base, data: this.#inflate(window, offset, at + 20, size) }
    }
    if (TYPES[type] === undefined) throw new Error(`an entry of the unknown type ${type}`)
    return { type: TYPES[type], base: undefined, data: this.#inflate(window, offset, at, size) }
  }

  /** The packed length is not written down: what does not fit the window is read by the longest that it can be. */
  #inflate(window: Buffer, offset: number, start: number, size: number): Buffer {
    const longest = start + size + (size >> 8) + 64
    const bytes = longest <= WINDOW || window.length < WINDOW ? window : Buffer.allocUnsafe(longest)
    const length = bytes === window ? window.length : this.#fill(bytes, offset)
    const options = { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1 }
    const data = inflateSync(bytes.subarray(start, length), options)
    if (data.length !== size) throw new Error('an entry has another size than it says')
    return data
  }

  #fill(buffer: Buffer, position: number): number {
    this.#file ??= this.#open()
    const wanted = Math.min(buffer.length, Math.max(0, this.#file.size - position))
    let length = 0
    while (length < wanted) {
      const read = readSync(this.#file.descriptor, buffer, length, wanted - length, position + length)
      if (read === 0) break
      length += read
    }
    return length
  }

  #open(): { descriptor: number; size: number } {
    const descriptor = openSync(this.#path, 'r')
    return { descriptor, size: fstatSync(descriptor).size }
  }
}

/** How far before a delta its base is: seven bits a byte, the highest first, and one added for each byte that follows. */
function readDistance(bytes: Buffer, start: number): { distance: number; next: number } {
  let at = start
  let byte = bytes[at++] ?? 0
  let distance = byte & 0x7f
  while ((byte & 0x80) !== 0) {
    byte = bytes[at++] ?? 0
    distance = (distance + 1) * 128 + (byte & 0x7f)
  }
  return { distance, next: at }
}
