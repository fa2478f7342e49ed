import type { Difference, Entry, Oid } from '../../registry/ports.js'
import type { Native } from './native.js'
import { pathspec, read } from './process.js'

/** The tree without entries, in sha1 and in sha256: what git compares with where there is no commit. */
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const

const RAW = ['--raw', '-z', '--no-abbrev', '--no-renames']
const ABSENT = '000000'
const SUBMODULE = '160000'

/** One `git diff-tree` or `git diff-index --cached`. */
export async function listDifferences(
  { context, location, store }: Native,
  from: Oid | undefined,
  to: Oid | 'index',
  dir: string,
): Promise<readonly Difference[]> {
  // Whoever asks what differs reads it next.
  store.warmUp()
  const base = from ?? EMPTY_TREE[location.objectFormat]
  const command = to === 'index' ? ['diff-index', '--cached', ...RAW, base] : ['diff-tree', '-r', ...RAW, base, to]
  const tokens = (await read(context, [...command, '--', pathspec(dir)])).toString('utf8').split('\0')
  const found: Difference[] = []
  for (let index = 0; index + 1 < tokens.length; index += 2) {
    const difference = parseRow(tokens[index] ?? '', tokens[index + 1] ?? '')
    if (difference !== undefined) found.push(difference)
  }
  return found
}

/** `:<old mode> <new mode> <old id> <new id> <status>`, and the path. */
function parseRow(row: string, path: string): Difference | undefined {
  const [oldMode = '', newMode = '', oldBlob, newBlob, status] = row.slice(1).split(' ')
  if (status === 'U') return undefined
  return { path, before: entryOf(path, oldMode, oldBlob), after: entryOf(path, newMode, newBlob) }
}

const entryOf = (path: string, mode: string, blob: string | undefined): Entry | undefined =>
  mode === ABSENT || mode === SUBMODULE ? undefined : { path, mode, blob: blob as Oid }
