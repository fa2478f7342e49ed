import type { HistoryCommit, Oid } from '../../core/history.js'
import { createRows, type LedgerRow } from '../../core/ledger.js'
import type { Slug } from '../../core/slug.js'
import type { Cache } from '../ports.js'
import { readCheckedJson, writeCheckedJson } from './checked-json.js'
import { unpackRows } from './row-codec.js'
import { formatSegment, readSegment, readSegmentRows } from './segment.js'

/*
 * The ledger of a whole history: segments that never change, oldest first, and a tail of the newest commits that is
 * rewritten with each of them. When the tail is full it becomes a segment; segments of like size are joined, so that
 * there are never many.
 */

const FORMAT = 2
const MANIFEST = 'ledger/manifest'
/** Commits in the tail: parsing it is what each look-up costs. */
const TAIL_LENGTH = 256
/** A segment is joined with the one before it unless that one is so many times larger. */
const GROWTH = 4

interface SegmentInfo {
  readonly name: string
  readonly rows: number
}

/** What the manifest holds. */
export interface StoredLedger {
  readonly prefix: string
  readonly tip: Oid
  /** The newest commit that the remote's shared branch was seen to hold (`tip` where there is no remote), if any. */
  readonly final?: Oid | undefined
  readonly segments: readonly SegmentInfo[]
  /** Newest first, as history gives them. */
  readonly tail: readonly HistoryCommit[]
}

/** The stored ledger of this registry, or nothing. Its segments are read later, and may turn out to be damaged. */
export function readStoredLedger(cache: Cache, prefix: string): StoredLedger | undefined {
  const stored = readCheckedJson<StoredLedger>(cache, MANIFEST, FORMAT)
  return stored?.prefix === prefix ? stored : undefined
}

/** The rows of one slug in the segments, without the tail; undefined when one is damaged. */
export function readStoredRows(cache: Cache, stored: StoredLedger, slug: Slug): LedgerRow[] | undefined {
  const rows: LedgerRow[] = []
  for (const { name } of stored.segments) {
    const found = readSegmentRows(cache, name, slug, rows.length)
    if (found === undefined) return undefined
    rows.push(...found)
  }
  return rows
}

/** All rows in the segments, by slug; undefined when one is damaged. */
export function readAllStoredRows(cache: Cache, segments: readonly SegmentInfo[]): Map<Slug, LedgerRow[]> | undefined {
  const rows = new Map<Slug, LedgerRow[]>()
  for (const { name } of segments) {
    const found = readSegment(cache, name)
    if (found === undefined) return undefined
    for (const [slug, packed] of found) {
      const before = rows.get(slug)
      if (before === undefined) rows.set(slug, unpackRows(slug, packed))
      else before.push(...unpackRows(slug, packed, before.length))
    }
  }
  return rows
}

/** Keeps a ledger that was built from nothing. */
export function storeRows(
  cache: Cache,
  head: Pick<StoredLedger, 'prefix' | 'tip' | 'final'>,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
): void {
  writeManifest(cache, { ...head, segments: [writeSegment(cache, head.tip, rows)], tail: [] })
}

/** Keeps a ledger with another tail; a tail that is too long moves into a segment. */
export function storeTail(cache: Cache, stored: StoredLedger): void {
  if (stored.tail.length <= TAIL_LENGTH) {
    writeManifest(cache, stored)
    return
  }
  const merged = mergeTail(cache, stored)
  if (merged !== undefined) writeManifest(cache, merged)
}

/** How many rows the segments hold: the position of the first that follows. */
export const rowCount = ({ segments }: Pick<StoredLedger, 'segments'>): number =>
  segments.reduce((sum, { rows }) => sum + rows, 0)

function mergeTail(cache: Cache, stored: StoredLedger): StoredLedger | undefined {
  const { prefix, tip, final, tail } = stored
  const kept = [...stored.segments]
  const joined: SegmentInfo[] = []
  let size = tail.length
  for (let last = kept.at(-1); last !== undefined && last.rows < size * GROWTH; last = kept.at(-1)) {
    kept.pop()
    joined.unshift(last)
    size += last.rows
  }
  const older = readAllStoredRows(cache, joined)
  if (older === undefined) return undefined
  const rows = createRows(tail, prefix, older, rowCount({ segments: [...kept, ...joined] }))
  return { prefix, tip, final, segments: [...kept, writeSegment(cache, tip, rows)], tail: [] }
}

function writeSegment(cache: Cache, tip: Oid, rows: ReadonlyMap<Slug, readonly LedgerRow[]>): SegmentInfo {
  let count = 0
  for (const list of rows.values()) count += list.length
  const name = `ledger/segment-${tip}-${count}`
  cache.write(name, formatSegment(rows))
  return { name, rows: count }
}

/** Replaces the manifest, then removes the segments that it does not name: a reader that still has the old one starts anew. */
function writeManifest(cache: Cache, stored: StoredLedger): void {
  writeCheckedJson(cache, MANIFEST, FORMAT, stored)
  const named = new Set(stored.segments.map(({ name }) => name))
  for (const file of cache.names('ledger')) {
    const name = `ledger/${file}`
    if (file.startsWith('segment-') && !file.endsWith('.tmp') && !named.has(name)) cache.remove(name)
  }
}
