import type { Oid } from '../../core/history.js'
import type { LedgerRow } from '../../core/ledger.js'
import type { Environment, Slug } from '../../core/slug.js'

/** A row without its slug and version, which follow from where it stands: what caches keep of it. */
export type PackedRow = readonly [
  environment: string,
  commit: string,
  position: number,
  blob: string | 0,
  link: 0 | 1,
  name: string,
  email: string,
  committedAt: number,
  subject: string,
]

export const packRow = (row: LedgerRow): PackedRow => [
  row.environment,
  row.commit,
  row.position,
  row.blob ?? 0,
  row.link ? 1 : 0,
  row.author.name,
  row.author.email,
  row.committedAt,
  row.subject,
]

/** The rows of one slug, numbered after `before` older ones. */
export const unpackRows = (slug: Slug, packed: readonly PackedRow[], before = 0): LedgerRow[] =>
  packed.map(([environment, commit, position, blob, link, name, email, committedAt, subject], index) => ({
    slug,
    environment: environment as Environment,
    version: before + index + 1,
    commit: commit as Oid,
    position,
    blob: blob === 0 ? undefined : (blob as Oid),
    link: link === 1,
    author: { name, email },
    committedAt,
    subject,
  }))
