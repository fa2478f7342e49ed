import { crc32 } from 'node:zlib'
import type { Environment, Slug } from '../../core/slug.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'
import type { Content, Contents } from './contents.js'
import type { Standings } from './loaded-snapshot.js'
import type { Row } from './row.js'

/*
 * What an environment serves, in a file that is read at once and parsed as little as possible:
 *
 *   magic (8 bytes) | checksum of what follows (u32) | length of the index (u32) | index | heads | contents
 *
 * The index is JSON and names every head and content in their order, with their lengths in bytes.
 */

/** To be raised with any change to the form, and when the same history would give other rows. */
const MAGIC = 'PCTLDLV2'
const HEADER_LENGTH = 16

interface Index {
  readonly prefix: string
  readonly environment: Environment
  readonly environments: readonly Environment[]
  readonly tip: Oid
  readonly invalid: readonly Slug[]
  readonly rows: readonly PackedRow[]
  readonly contents: readonly PackedContent[]
}

type PackedRow = readonly [slug: Slug, headLength: number, content: number, id: string, ...aliases: readonly string[]]
type PackedContent = readonly [key: string, digest: string, length: number, isChat: 0 | 1, ...includes: readonly Slug[]]

const nameOf = (environment: Environment): string => `delivery/${environment}`

/** What was kept of an environment; undefined when there is nothing, or it is damaged or of another registry. */
export async function readStoredStandings(
  registry: Registry,
  environment: Environment,
  known: Contents,
): Promise<Standings | undefined> {
  const { cache, prefix } = await registry.git()
  const bytes = cache.read(nameOf(environment))
  const index = bytes === undefined ? undefined : readIndex(asBuffer(bytes))
  const isOurs =
    index?.prefix === prefix &&
    index.environment === environment &&
    index.environments.join() === registry.config.environments.join()
  return bytes === undefined || !isOurs ? undefined : unpack(asBuffer(bytes), index, known)
}

/** Keeps the standings. What comes back gives them in as few pieces of memory as when they are read. */
export async function storeStandings(
  registry: Registry,
  standings: Omit<Standings, 'unsaved'>,
): Promise<(known: Contents) => Standings> {
  const { cache, prefix } = await registry.git()
  const { environment, tip, invalid } = standings
  const rows = [...standings.rows.values()]
  const contents = [...new Set(rows.map(({ content }) => content))]
  const places = new Map(contents.map((content, index) => [content, index]))
  const index: Index = {
    prefix,
    environment,
    environments: registry.config.environments,
    tip,
    invalid: [...invalid],
    rows: rows.map((row) => packRow(row, places.get(row.content) ?? 0)),
    contents: contents.map(packContent),
  }
  const bytes = formatFile(index, [...rows.map(({ head }) => head), ...contents.map((content) => content.bytes)])
  cache.write(nameOf(environment), bytes)
  return (known) => unpack(bytes, index, known)
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

function unpack(bytes: Buffer, index: Index, known: Contents): Standings {
  const { environment, tip, invalid } = index
  const rows = new Map(unpackRows(bytes, index, known).map((row) => [row.slug, row]))
  return {
    environment,
    tip,
    isShallow: false,
    rows,
    invalid: new Set(invalid),
    unknown: new Set(),
    unsaved: 0,
  }
}

function formatFile(index: Index, bodies: readonly Uint8Array[]): Buffer {
  const names = Buffer.from(JSON.stringify(index))
  const file = Buffer.concat([Buffer.alloc(HEADER_LENGTH), names, ...bodies])
  file.write(MAGIC, 'latin1')
  file.writeUInt32LE(names.length, 12)
  file.writeUInt32LE(crc32(file.subarray(12)), 8)
  return file
}

function readIndex(bytes: Buffer): Index | undefined {
  if (bytes.length < HEADER_LENGTH || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(12))) return undefined
  return JSON.parse(bytes.toString('utf8', HEADER_LENGTH, HEADER_LENGTH + bytes.readUInt32LE(12)))
}

const packRow = ({ slug, id, aliases, head }: Row, content: number): PackedRow => [
  slug,
  head.length,
  content,
  id,
  ...aliases,
]

const packContent = ({ key, digest, bytes, isChat, includes }: Content): PackedContent => [
  key,
  digest,
  bytes.length,
  isChat ? 1 : 0,
  ...includes,
]

/** Heads and unknown contents are copied out, so that what is shared does not keep the whole file in memory. */
function unpackRows(bytes: Buffer, index: Index, known: Contents): readonly Row[] {
  let offset = HEADER_LENGTH + bytes.readUInt32LE(12)
  const headsEnd = offset + index.rows.reduce((sum, [, length]) => sum + length, 0)
  const contents = unpackContents(bytes, headsEnd, index, known)
  const heads = Buffer.from(bytes.subarray(offset, headsEnd))
  const start = offset
  return index.rows.flatMap(([slug, length, at, id, ...aliases]): readonly Row[] => {
    const head = heads.subarray(offset - start, offset - start + length)
    offset += length
    const content = contents[at]
    return content === undefined ? [] : [{ slug, id, aliases, head, content }]
  })
}

function unpackContents(bytes: Buffer, start: number, { contents }: Index, known: Contents): readonly Content[] {
  let offset = start
  const parts = contents.map((packed) => {
    const part = { packed, known: known.find(packed[0]), bytes: bytes.subarray(offset, offset + packed[2]) }
    offset += packed[2]
    return part
  })
  const fresh = Buffer.concat(parts.flatMap((part) => (part.known === undefined ? [part.bytes] : [])))
  let at = 0
  return parts.map((part) => {
    if (part.known !== undefined) return part.known
    const [key, digest, length, isChat, ...includes] = part.packed
    at += length
    return known.share({ key, digest, isChat: isChat === 1, includes, bytes: fresh.subarray(at - length, at) })
  })
}
