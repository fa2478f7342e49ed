import type { Expectation } from '../registry/preconditions.js'
import { HttpError } from './problem.js'

/**
 * Entity tags read `"<version>-<revision>"`: the number is what If-Match of a write compares, and the revision changes with
 * every byte of the answer. Where there are no numbers, it is 0.
 */
export const formatEtag = (version: number | null, revision: string): string => `"${version ?? 0}-${revision}"`

/** The version in a tag of ours, also in one that a proxy made weak; undefined in any other. */
function parseEtag(tag: string): number | undefined {
  const digits = /^(?:W\/)?"(\d{1,9})-[0-9a-f]+"$/.exec(tag.trim())?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * What a write expects whose If-Match says that. A tag that is none of ours matches nothing. Throws 400 for a header
 * without any.
 */
export function parseIfMatch(header: string | undefined): Expectation | undefined {
  if (header === undefined) return undefined
  const tags = header.split(',').map((tag) => tag.trim())
  if (tags.includes('*')) return 'any'
  if (tags.every((tag) => tag === '')) throw new HttpError(400, 'usage', 'If-Match names no ETag')
  return tags.flatMap((tag) => parseEtag(tag) ?? [])
}

/** True when If-None-Match names the tag: exactly, in a list, weakly, or by `*` (RFC 9110, section 13.1.2). */
export function isNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header === etag || header.trim() === '*') return true
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
