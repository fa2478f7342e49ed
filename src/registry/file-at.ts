import type { Oid, Repository } from './ports.js'

/** Where a file is read that is not the work tree's: at a commit, or in the index that will be one. */
export type Place = Oid | 'index'

/** A file as a commit or the index has it; undefined where there is none, or a symbolic link in its place. */
export async function readFileAt(
  repository: Repository,
  place: Place,
  path: string,
): Promise<{ readonly blob: Oid; readonly bytes: Uint8Array } | undefined> {
  const entries = await (place === 'index' ? repository.listIndex(path) : repository.entriesAt(place, [path]))
  const entry = entries.find((one) => one.path === path)
  if (entry === undefined || entry.mode === '120000') return undefined
  const { blob } = entry
  const bytes = (await repository.readBlobs([blob])).get(blob)
  return bytes === undefined ? undefined : { blob, bytes }
}
