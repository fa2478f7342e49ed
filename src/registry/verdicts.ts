import type { HistoryCommit } from '../core/history.js'
import type { LedgerRow, Verdict } from '../core/ledger.js'
import { parsePromptPath } from '../core/paths.js'
import type { Slug } from '../core/slug.js'
import { verdictOf } from '../core/verdict.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import { hashSlug } from './ledger/segment.js'
import type { Cache, Oid } from './ports.js'
import type { Registry } from './registry.js'

/** To be raised when the same bytes would get another verdict. */
const FORMAT = 4
/** Files that the verdicts are spread over, so that one prompt's are found by reading one that is small. */
const SHARDS = 256
/** Verdicts a file; the oldest go when it is full. */
const SHARD_SIZE = 4000
/** Blobs that are read and parsed at a time, so that neither the bytes nor what the parser made of them pile up. */
const BATCH = 200
/** From so many on, starting threads pays. */
const MANY = 500

/** Verdicts that are made while history is still being walked: git and the parser then work at the same time. */
export interface EarlyVerdicts {
  onCommit(commit: HistoryCommit): void
  /** Undefined for a blob that has not come by. */
  get(blob: Oid): Promise<Verdict> | undefined
}

/** Nothing is read until the first commit comes by: on a ledger that is up to date there is none. */
export async function openEarlyVerdicts(registry: Registry): Promise<EarlyVerdicts> {
  const { repository, prefix } = await registry.git()
  const verdicts = new Map<Oid, Promise<Verdict>>()
  const judge = async (blob: Oid): Promise<Verdict> => {
    const bytes = (await repository.readBlobs([blob])).get(blob)
    return bytes === undefined ? { valid: false } : verdictOf(bytes)
  }
  return {
    onCommit: ({ changes }) => {
      for (const { path, blob, mode } of changes) {
        if (blob === undefined || mode === '120000' || verdicts.has(blob)) continue
        if (parsePromptPath(path.slice(prefix.length)) === undefined) continue
        const verdict = judge(blob)
        // It is awaited when the history has been read; until then a failure has nobody to tell.
        verdict.catch(() => undefined)
        verdicts.set(blob, verdict)
      }
    },
    get: (blob) => verdicts.get(blob),
  }
}

/** The verdict on the blob of each row. Kept by blob id, because content never changes its mind. */
export async function readVerdicts(
  registry: Registry,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
  early?: EarlyVerdicts,
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
  for (const blob of missing) {
    const verdict = await early?.get(blob)
    if (verdict !== undefined) verdicts.set(blob, verdict)
  }
  const left = missing.filter((blob) => !verdicts.has(blob))
  for await (const [blob, verdict] of parseBlobs(registry, left)) verdicts.set(blob, verdict)
  for (const [shard, blobs] of unknown) keepVerdicts(cache, shard, blobs, verdicts)
  return verdicts
}

/** Keeps the verdict on a blob that was just written, so that the next look at it parses nothing. */
export async function rememberVerdict(
  registry: Registry,
  blob: Oid,
  verdict: Verdict & { valid: true },
): Promise<void> {
  const { cache } = await registry.git()
  keepVerdicts(cache, shardOf(verdict.slug), new Set([blob]), new Map([[blob, verdict]]))
}

const shardOf = (slug: Slug): string => `verdicts/${(hashSlug(slug) % SHARDS).toString(16).padStart(2, '0')}`

function groupByShard(rows: ReadonlyMap<Slug, readonly LedgerRow[]>): ReadonlyMap<string, Set<Oid>> {
  const shards = new Map<string, Set<Oid>>()
  for (const [slug, list] of rows) {
    const shard = shardOf(slug)
    const blobs = shards.get(shard) ?? new Set()
    shards.set(shard, blobs)
    for (const { blob, link } of list) if (blob !== undefined && !link) blobs.add(blob)
  }
  return shards
}

async function* parseBlobs(registry: Registry, blobs: readonly Oid[]): AsyncGenerator<readonly [Oid, Verdict]> {
  const { repository } = await registry.git()
  const parallel = blobs.length < MANY ? undefined : await registry.parallel()
  const batch = parallel === undefined ? BATCH : 10 * BATCH
  for (let start = 0; start < blobs.length; start += batch) {
    const contents = [...(await repository.readBlobs(blobs.slice(start, start + batch)))]
    const bytes = contents.map(([, content]) => content)
    const verdicts = parallel === undefined ? bytes.map(verdictOf) : await parallel.verdicts(bytes)
    for (const [index, verdict] of verdicts.entries()) {
      const blob = contents[index]?.[0]
      if (blob !== undefined) yield [blob, verdict]
    }
    registry.onHistoryProgress?.(start + contents.length, blobs.length)
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
