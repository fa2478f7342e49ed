import { checksumOf } from '../../core/checksum.js'
import type { LedgerRow } from '../../core/ledger.js'
import type { Slug } from '../../core/slug.js'
import type { Cache } from '../ports.js'
import { type PackedRow, packRow, unpackRows } from './row-codec.js'

/*
 * A segment holds the rows of a stretch of history, grouped by slug so that one prompt's can be read alone:
 *
 *   magic (8 bytes) | buckets (u32) | checksum of the table (u32) | table | buckets
 *   table: one entry a bucket: offset (u32), length (u32), checksum (u32), little-endian
 *   bucket: JSON [[slug, [row, …]], …] of the slugs whose hash falls into it
 */

const MAGIC = 'PCTLSEG2'
const HEADER_LENGTH = 16
const ENTRY_LENGTH = 12
const SLUGS_PER_BUCKET = 4

type Bucket = readonly (readonly [slug: Slug, rows: readonly PackedRow[]])[]

/** The bytes of a segment. */
export function formatSegment(rows: ReadonlyMap<Slug, readonly LedgerRow[]>): Uint8Array {
  const count = Math.max(1, Math.ceil(rows.size / SLUGS_PER_BUCKET))
  const buckets: [Slug, PackedRow[]][][] = Array.from({ length: count }, () => [])
  for (const [slug, list] of rows) buckets[bucketOf(slug, count)]?.push([slug, list.map(packRow)])
  const bodies = buckets.map((bucket) => Buffer.from(JSON.stringify(bucket)))
  const table = Buffer.alloc(count * ENTRY_LENGTH)
  let offset = HEADER_LENGTH + table.length
  for (const [index, body] of bodies.entries()) {
    table.writeUInt32LE(offset, index * ENTRY_LENGTH)
    table.writeUInt32LE(body.length, index * ENTRY_LENGTH + 4)
    table.writeUInt32LE(checksumOf(body), index * ENTRY_LENGTH + 8)
    offset += body.length
  }
  const header = Buffer.alloc(HEADER_LENGTH)
  header.write(MAGIC, 'latin1')
  header.writeUInt32LE(count, 8)
  header.writeUInt32LE(checksumOf(table), 12)
  return Buffer.concat([header, table, ...bodies])
}

/** The rows of one slug, numbered after `before` older ones; undefined when the file is damaged or gone. */
export function readSegmentRows(cache: Cache, name: string, slug: Slug, before: number): LedgerRow[] | undefined {
  const header = cache.readRange(name, 0, HEADER_LENGTH)
  const count = header === undefined ? undefined : bucketCount(Buffer.from(header))
  if (header === undefined || count === undefined) return undefined
  const table = cache.readRange(name, HEADER_LENGTH, count * ENTRY_LENGTH)
  if (table === undefined || checksumOf(table) !== Buffer.from(header).readUInt32LE(12)) return undefined
  const entry = Buffer.from(table).subarray(bucketOf(slug, count) * ENTRY_LENGTH)
  const body = cache.readRange(name, entry.readUInt32LE(0), entry.readUInt32LE(4))
  if (body === undefined || checksumOf(body) !== entry.readUInt32LE(8)) return undefined
  const found = parseBucket(body).find(([candidate]) => candidate === slug)
  return unpackRows(slug, found?.[1] ?? [], before)
}

/** Every row of a segment, by slug; undefined when the file is damaged or gone. */
export function readSegment(cache: Cache, name: string): [Slug, readonly PackedRow[]][] | undefined {
  const bytes = cache.read(name)
  if (bytes === undefined || bytes.length < HEADER_LENGTH) return undefined
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bucketCount(file)
  if (count === undefined || file.length < HEADER_LENGTH + count * ENTRY_LENGTH) return undefined
  const table = file.subarray(HEADER_LENGTH, HEADER_LENGTH + count * ENTRY_LENGTH)
  if (checksumOf(table) !== file.readUInt32LE(12)) return undefined
  const rows: [Slug, readonly PackedRow[]][] = []
  for (let index = 0; index < count; index += 1) {
    const offset = table.readUInt32LE(index * ENTRY_LENGTH)
    const body = file.subarray(offset, offset + table.readUInt32LE(index * ENTRY_LENGTH + 4))
    if (checksumOf(body) !== table.readUInt32LE(index * ENTRY_LENGTH + 8)) return undefined
    for (const [slug, list] of parseBucket(body)) rows.push([slug, list])
  }
  return rows
}

const parseBucket = (body: Uint8Array): Bucket => JSON.parse(Buffer.from(body).toString('utf8'))

function bucketCount(header: Buffer): number | undefined {
  if (header.length < HEADER_LENGTH || header.toString('latin1', 0, 8) !== MAGIC) return undefined
  return header.readUInt32LE(8)
}

/** Spreads slugs evenly over any number of files or buckets. */
export const hashSlug = (slug: Slug): number => checksumOf(Buffer.from(slug))

const bucketOf = (slug: Slug, count: number): number => hashSlug(slug) % count
