/** What a look at the index file tells without git. */
export interface IndexScan {
  readonly hasUnmerged: boolean
  /** Which of the asked-for paths have an entry. */
  readonly known: ReadonlySet<string>
}

/** From ctime to the size, before the object id. */
const STAT_BYTES = 40
const EXTENDED = 0x4000
const STAGE = 0x3000
/** All bits set: the name is that long, or longer. */
const NAME_LENGTH = 0xfff

/**
 * Walks the entries of an index of version 2 or 3 (git's index-format documentation). Undefined for what it does not
 * read: version 4, a split index, a sparse index, and anything that is not whole; git is asked then.
 */
export function scanIndex(bytes: Buffer, idLength: number, paths: readonly string[]): IndexScan | undefined {
  if (bytes.length < 12 + idLength || bytes.toString('latin1', 0, 4) !== 'DIRC') return undefined
  const version = bytes.readUInt32BE(4)
  if (version !== 2 && version !== 3) return undefined
  const wanted = new Map(paths.map((path) => [Buffer.from(path).toString('latin1'), path]))
  const lengths = new Set([...wanted.keys()].map(({ length }) => length))
  const known = new Set<string>()
  let hasUnmerged = false
  let at = 12
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const flagsAt = at + STAT_BYTES + idLength
    if (flagsAt + 2 > bytes.length) return undefined
    const flags = ((bytes[flagsAt] ?? 0) << 8) | (bytes[flagsAt + 1] ?? 0)
    const nameAt = flagsAt + ((flags & EXTENDED) === 0 ? 2 : 4)
    const length = flags & NAME_LENGTH
    const end = length === NAME_LENGTH ? bytes.indexOf(0, nameAt) : nameAt + length
    if (bytes[end] !== 0) return undefined
    if ((flags & STAGE) !== 0) hasUnmerged = true
    const path = lengths.has(end - nameAt) ? wanted.get(bytes.toString('latin1', nameAt, end)) : undefined
    if (path !== undefined) known.add(path)
    // Entries are padded with 1 to 8 NULs to a multiple of eight.
    at += Math.floor((end - at + 8) / 8) * 8
  }
  return hasForeignEntries(bytes, at, idLength) ? undefined : { hasUnmerged, known }
}

/** Extensions `link` and `sdir`, which say that some entries are elsewhere; both have lower-case names. */
function hasForeignEntries(bytes: Buffer, start: number, idLength: number): boolean {
  for (let at = start; at + 8 <= bytes.length - idLength; at += 8 + bytes.readUInt32BE(at + 4)) {
    if (/^[^A-Z]/.test(bytes.toString('latin1', at, at + 4))) return true
  }
  return false
}
