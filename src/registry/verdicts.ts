import type { LedgerRow, Verdict } from '../core/ledger.js'
import { isSealed, readPrompt } from '../core/prompt-reader.js'
import type { Slug } from '../core/slug.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import { hashSlug } from './ledger/segment.js'
import type { Cache, Oid } from './ports.js'
import type { Registry } from './registry.js'

/** To be raised when the same bytes would get another verdict. */
const FORMAT = 3
/** Files that the verdicts are spread over, so that one prompt's are found by reading one that is small. */
const SHARDS = 256
/** Verdicts a file; the oldest go when it is full. */
const SHARD_SIZE = 4000
/** Blobs that are read and parsed at a time, so that neither the bytes nor what the parser made of them pile up. */
const BATCH = 200

/** What the bytes of a prompt file say of themselves. Never throws: what cannot be read is not valid. */
export function verdictOf(bytes: Uint8Array): Verdict {
  const { prompt, seal } = readPrompt(bytes, '')
  if (prompt === undefined || seal === undefined || !isSealed(prompt, seal)) return { valid: false }
  const { slug, environment, state, title, tags = [] } = prompt
  return { valid: true, slug, environment, state, title, tags, digest: seal }
}

/** The verdict on the blob of each row. Kept by blob id, because content never changes its mind. */
export async function readVerdicts(
  registry: Registry,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
): Promise<ReadonlyMap<Oid, Verdict>> {
  const { cache } = await registry.git()
  const verdicts = new Map<Oid, Verdict>()
  const unknown = new Map<string, Set<Oid>>()
  for (const [shard, blobs] of groupByShard(rows)) {
    const known = readShard(cache, shard)
    for (const blob of blobs) {
      const verdict = known.get(blob)
      if (verdict === undefined) continue
      verdicts.set(blob, verdict)
      blobs.delete(blob)
    }
    if (blobs.size > 0) unknown.set(shard, blobs)
  }
  const missing = [...new Set([...unknown.values()].flatMap((blobs) => [...blobs]))]
  for await (const [blob, verdict] of parseBlobs(registry, missing)) verdicts.set(blob, verdict)
  for (const [shard, blobs] of unknown) keepVerdicts(cache, shard, blobs, verdicts)
  return verdicts
}

function groupByShard(rows: ReadonlyMap<Slug, readonly LedgerRow[]>): ReadonlyMap<string, Set<Oid>> {
  const shards = new Map<string, Set<Oid>>()
  for (const [slug, list] of rows) {
    const shard = `verdicts/${(hashSlug(slug) % SHARDS).toString(16).padStart(2, '0')}`
    const blobs = shards.get(shard) ?? new Set()
    shards.set(shard, blobs)
    for (const { blob, link } of list) if (blob !== undefined && !link) blobs.add(blob)
  }
  return shards
}

async function* parseBlobs(registry: Registry, blobs: readonly Oid[]): AsyncGenerator<readonly [Oid, Verdict]> {
  const { repository } = await registry.git()
  for (let start = 0; start < blobs.length; start += BATCH) {
    const contents = await repository.readBlobs(blobs.slice(start, start + BATCH))
    for (const [blob, bytes] of contents) yield [blob, verdictOf(bytes)]
    registry.onHistoryProgress?.(start + contents.size, blobs.length)
  }
}

const readShard = (cache: Cache, shard: string): ReadonlyMap<Oid, Verdict> =>
  new Map(readCheckedJson<readonly (readonly [Oid, Verdict])[]>(cache, shard, FORMAT))

/** Adds to a shard. Read again, because another process may have added to it meanwhile. */
function keepVerdicts(cache: Cache, shard: string, blobs: ReadonlySet<Oid>, verdicts: ReadonlyMap<Oid, Verdict>): void {
  const kept = new Map(readShard(cache, shard))
  for (const blob of blobs) {
    const verdict = verdicts.get(blob)
    if (verdict !== undefined) kept.set(blob, verdict)
  }
  writeCheckedJson(cache, shard, FORMAT, [...kept].slice(-SHARD_SIZE))
}
