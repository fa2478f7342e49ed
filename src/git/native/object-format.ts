import type { Oid } from '../../registry/ports.js'
import type { RawObject } from './object-reader.js'

/** What a commit object says about its place. */
export interface CommitObject {
  readonly commit: Oid
  readonly tree: Oid
  readonly parents: readonly Oid[]
}

/** One line of a tree object. */
export interface TreeEntry {
  readonly name: string
  /** As git writes it: `40000` for a folder, `160000` for a submodule. */
  readonly mode: string
  readonly oid: Oid
}

export const FOLDER = '40000'
const SUBMODULE = '160000'

/** Files and symbolic links; not folders, nor submodules. */
export const isFile = ({ mode }: TreeEntry): boolean => mode !== FOLDER && mode !== SUBMODULE

/** `tree <id>`, then `parent <id>` lines, then the rest up to an empty line. */
export function parseCommit(commit: Oid, { content }: RawObject): CommitObject {
  const text = content.toString('latin1')
  const header = text.slice(0, text.indexOf('\n\n'))
  const tree = /^tree ([0-9a-f]+)/.exec(header)?.[1] as Oid
  return { commit, tree, parents: [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] as Oid) }
}

/** `<mode> <name>\0<raw id>`, again and again. */
export function parseTree(content: Buffer, idLength: number): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < content.length; ) {
    const nul = content.indexOf(0, at)
    entries.push(parseTreeEntry(content, at, nul, idLength))
    at = nul + 1 + idLength
  }
  return entries
}

/** The entry of that name, without making the thousand others of a folder. */
export function findInTree({ content }: RawObject, idLength: number, name: string): TreeEntry | undefined {
  const wanted = Buffer.from(name)
  for (let at = 0; at < content.length; ) {
    const nul = content.indexOf(0, at)
    const nameAt = nul - wanted.length
    if (content[nameAt - 1] === SPACE && content.indexOf(SPACE, at) === nameAt - 1 && isAt(content, nameAt, wanted))
      return parseTreeEntry(content, at, nul, idLength)
    at = nul + 1 + idLength
  }
  return undefined
}

const SPACE = 0x20

const isAt = (content: Buffer, at: number, wanted: Buffer): boolean =>
  content.compare(wanted, 0, wanted.length, at, at + wanted.length) === 0

/**
 * The entries of two trees between what both begin with and, when one file was edited, added or removed, what both end
 * with: making the thousand others of a folder takes longer than finding that one.
 */
export function differingEntries(
  { content: a }: RawObject,
  { content: b }: RawObject,
  idLength: number,
): readonly [readonly TreeEntry[], readonly TreeEntry[]] {
  const start = commonBytes(a, b, idLength)
  const [endA, endB] = [a, b].map((content) => endOfEntry(content, start, idLength)) as [number, number]
  const entries = (content: Buffer, end: number) => parseTree(content.subarray(start, end), idLength)
  const pairs: readonly (readonly [number, number])[] = [
    [endA, endB],
    [start, endB],
    [endA, start],
  ]
  const same = pairs.find(([afterA, afterB]) => a.subarray(afterA).equals(b.subarray(afterB)))
  const [lastA, lastB] = same ?? [a.length, b.length]
  return [entries(a, lastA), entries(b, lastB)]
}

/** How many bytes of both are the same entries, from the beginning on. */
function commonBytes(a: Buffer, b: Buffer, idLength: number): number {
  let at = 0
  while (at < a.length) {
    const end = endOfEntry(a, at, idLength)
    if (end > b.length || a.compare(b, at, end, at, end) !== 0) break
    at = end
  }
  return at
}

const endOfEntry = (content: Buffer, at: number, idLength: number): number =>
  at === content.length ? at : content.indexOf(0, at) + 1 + idLength

function parseTreeEntry(content: Buffer, at: number, nul: number, idLength: number): TreeEntry {
  const space = content.indexOf(SPACE, at)
  return {
    mode: content.toString('latin1', at, space),
    name: content.toString('utf8', space + 1, nul),
    oid: content.toString('hex', nul + 1, nul + 1 + idLength) as Oid,
  }
}
