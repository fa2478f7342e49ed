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
export function parseTree({ content }: RawObject, idLength: number): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const nul = content.indexOf(0, space)
    const end = nul + 1 + idLength
    entries.push({
      mode: content.toString('latin1', at, space),
      name: content.toString('utf8', space + 1, nul),
      oid: content.toString('hex', nul + 1, end) as Oid,
    })
    at = end
  }
  return entries
}
