import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { isMissing } from '../disk.js'
import { readIfThere } from './disk.js'
import { type GitObject, type ObjectType, objectId } from './objects.js'
import { Pack } from './pack.js'
import { parsePackIndex } from './pack-index.js'

const HEADER = /^(commit|tree|blob|tag) (\d+)\0/
/** `commit`, a space, twelve digits and the zero. */
const LONGEST_HEADER = 20

/** Reads the objects of one folder: packs and loose files. */
export class ObjectDir {
  readonly dir: string
  #packs: ReadonlyMap<string, Pack> | undefined

  constructor(dir: string) {
    this.dir = dir
  }

  /** Undefined when the object is not in this folder. Throws an Error when it is damaged. */
  find(oid: string): GitObject | undefined {
    try {
      // A repack beside us moves objects from loose files into packs that were not there when we looked.
      return this.#findPacked(oid) ?? this.#findLoose(oid) ?? (this.#rescan() ? this.#findPacked(oid) : undefined)
    } catch (error) {
      if (!isMissing(error)) throw error
      // It also takes packs away.
      this.close()
      return this.#findPacked(oid) ?? this.#findLoose(oid)
    }
  }

  close(): void {
    for (const pack of this.#packs?.values() ?? []) pack.close()
    this.#packs = undefined
  }

  #findPacked(oid: string): GitObject | undefined {
    if (this.#packs === undefined) this.#rescan()
    const bytes = Buffer.from(oid, 'hex')
    for (const pack of this.#packs?.values() ?? []) {
      const found = pack.find(bytes)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** An empty file is what a crash left: no object. */
  #findLoose(oid: string): GitObject | undefined {
    const stored = readIfThere(join(this.dir, oid.slice(0, 2), oid.slice(2)))
    if (stored === undefined || stored.length === 0) return undefined
    const bytes = inflateSync(stored)
    const [header = '', type, size] = HEADER.exec(bytes.toString('latin1', 0, LONGEST_HEADER)) ?? []
    const content = bytes.subarray(header.length)
    const isWhole = content.length === Number(size) && objectId(type as ObjectType, content) === oid
    if (!isWhole) throw new Error('the file does not hold what its name says')
    return { type: type as ObjectType, content }
  }

  /** Opens packs that are new. True when there was one. */
  #rescan(): boolean {
    const known = this.#packs ?? new Map<string, Pack>()
    const names = packNames(join(this.dir, 'pack')).filter((name) => !known.has(name))
    const opened = names.map((name): [string, Pack] => {
      const path = join(this.dir, 'pack', name)
      return [name, new Pack(`${path}.pack`, parsePackIndex(readFileSync(`${path}.idx`)))]
    })
    this.#packs = new Map([...known, ...opened])
    return opened.length > 0
  }
}

/** Newest names in no order: `pack-<hash>`, without the ending, of packs that have an index. */
function packNames(folder: string): readonly string[] {
  try {
    const endings = /\.idx$/
    return readdirSync(folder).flatMap((name) => (endings.test(name) ? name.replace(endings, '') : []))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
