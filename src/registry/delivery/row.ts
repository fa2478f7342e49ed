import type { DeliveredSummary, VersionOrigin } from '../../core/delivered.js'
import type { Oid } from '../../core/history.js'
import { type PackedHead, type PackedPrompt, unpackPrompt } from '../../core/packed-prompt.js'
import type { PromptFile } from '../../core/prompt-file.js'
import type { Environment, Slug } from '../../core/slug.js'
import type { Content } from './contents.js'

/** A live prompt as a snapshot keeps it: a few names, and bytes. Another object whenever anything about it is other. */
export interface Row {
  readonly slug: Slug
  readonly id: string
  readonly aliases: readonly string[]
  /** JSON of a RowHead. */
  readonly head: Uint8Array
  readonly content: Content
}

/** What a live version has beside its content. Whether its number is final is a matter of the moment, and not kept. */
export type Origin = Omit<VersionOrigin, 'provisional'>

interface RowHead {
  readonly head: PackedHead
  readonly blob: Oid
  /** Null in a shallow clone. */
  readonly origin: Origin | null
}

/** Where the content of a live prompt is, and which version that is. */
export interface Place {
  readonly blob: Oid
  readonly origin: Origin | null
}

/** The names are parsed anew: as pieces of the file's text they would keep all of it in memory. */
export function createRow(slug: Slug, packed: PackedPrompt, content: Content, { blob, origin }: Place): Row {
  const { id, aliases = [] }: PackedHead = JSON.parse(packed.head)
  const head = `{"head":${packed.head},"blob":${JSON.stringify(blob)},"origin":${JSON.stringify(origin)}}`
  return { slug, id, aliases, head: Buffer.from(head), content }
}

/** The row of the same file, as another version. */
export function moveRow(row: Row, place: Place): Row {
  const { head } = readHead(row)
  const text: RowHead = { head, blob: place.blob, origin: place.origin }
  return { ...row, head: Buffer.from(JSON.stringify(text)) }
}

export const readHead = ({ head }: Row): RowHead => parseBytes(head)

export function readSummary(row: Row, environment: Environment): DeliveredSummary {
  const { head, origin } = readHead(row)
  const { id, title, description = null, tags = [], aliases = [] } = head
  return { id, slug: row.slug, title, description, tags, aliases, environment, version: origin?.version ?? null }
}

/** The values of the file that a row was made of. */
export function readRowPrompt({ slug, head, content }: Row, environment: Environment): PromptFile {
  const own = parseBytes<RowHead>(head).head
  return unpackPrompt(own, parseBytes(content.bytes), { slug, environment, digest: content.digest })
}

const parseBytes = <T>(bytes: Uint8Array): T =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
