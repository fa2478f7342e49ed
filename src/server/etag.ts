import { createHash } from 'node:crypto'
import { HttpError } from './problem.js'

/**
 * Entity tags read `"<version>-<revision>"`: the number is for people, and the revision changes with every byte of the answer.
 * Where there are no numbers, it is 0.
 */
export const formatEtag = (version: number | null, revision: string): string => `"${version ?? 0}-${revision}"`

/** The tag of plain data that is about that version. */
export const etagOf = (version: number | null, body: string): string =>
  formatEtag(version, createHash('sha256').update(body).digest('hex').slice(0, 32))

/** The tag that a write answers: of the version that it made, or found to be there already. */
export const etagOfWrite = (version: number | null, commit: string): string => formatEtag(version, commit.slice(0, 32))

/** The tags that If-Match names, also those that a proxy made weak, or `any`. Throws 400 for a header without any. */
export function parseIfMatch(header: string | undefined): ReadonlySet<string> | 'any' | undefined {
  if (header === undefined) return undefined
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (tags.includes('*')) return 'any'
  if (tags.every((tag) => tag === '')) throw new HttpError(400, 'usage', 'If-Match names no ETag')
  return new Set(tags)
}

/** True when If-None-Match names the tag: exactly, in a list, weakly, or by `*` (RFC 9110, section 13.1.2). */
export function isNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header === etag || header.trim() === '*') return true
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
