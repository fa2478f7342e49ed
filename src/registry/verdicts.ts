import type { Verdict } from '../core/ledger.js'
import { isSealed, readPrompt } from '../core/prompt-reader.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import type { Cache, Oid, Repository } from './ports.js'

/** To be raised when the same bytes would get another verdict. */
const FORMAT = 1
/** Verdicts a file; there are 256 files. */
const SHARD_SIZE = 1000

/** What the bytes of a prompt file say of themselves. Never throws: what cannot be read is not valid. */
export function verdictOf(bytes: Uint8Array): Verdict {
  const { prompt, seal } = readPrompt(bytes, '')
  if (prompt === undefined || seal === undefined || !isSealed(prompt, seal)) return { valid: false }
  const { slug, environment, state, title } = prompt
  return { valid: true, slug, environment, state, title, digest: seal }
}

/** The verdict on each blob: kept by blob id, because content never changes its mind. */
export async function readVerdicts(
  repository: Repository,
  cache: Cache,
  blobs: Iterable<Oid>,
): Promise<ReadonlyMap<Oid, Verdict>> {
  const shards = new Map<string, Oid[]>()
  for (const blob of new Set(blobs)) {
    const shard = blob.slice(0, 2)
    const list = shards.get(shard)
    if (list === undefined) shards.set(shard, [blob])
    else list.push(blob)
  }
  const verdicts = new Map<Oid, Verdict>()
  const unknown = new Map<string, Oid[]>()
  for (const [shard, asked] of shards) {
    const known = readShard(cache, shard)
    for (const blob of asked) {
      const verdict = known.get(blob)
      if (verdict !== undefined) verdicts.set(blob, verdict)
      else unknown.set(shard, [...(unknown.get(shard) ?? []), blob])
    }
  }
  for (const [blob, bytes] of await repository.readBlobs([...unknown.values()].flat())) {
    verdicts.set(blob, verdictOf(bytes))
  }
  for (const [shard, found] of unknown) keepVerdicts(cache, shard, found, verdicts)
  return verdicts
}

const nameOf = (shard: string): string => `verdicts/${shard}`

const readShard = (cache: Cache, shard: string): ReadonlyMap<Oid, Verdict> =>
  new Map(readCheckedJson<readonly (readonly [Oid, Verdict])[]>(cache, nameOf(shard), FORMAT))

/** Adds to a shard; the oldest go when it is full. Read again, because another process may have added to it meanwhile. */
function keepVerdicts(cache: Cache, shard: string, blobs: readonly Oid[], verdicts: ReadonlyMap<Oid, Verdict>): void {
  const kept = new Map(readShard(cache, shard))
  for (const blob of blobs) {
    const verdict = verdicts.get(blob)
    if (verdict !== undefined) kept.set(blob, verdict)
  }
  writeCheckedJson(cache, nameOf(shard), FORMAT, [...kept].slice(-SHARD_SIZE))
}
