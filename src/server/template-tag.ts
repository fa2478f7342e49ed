import type { Oid } from '../core/history.js'
import type { Expectation } from '../registry/preconditions.js'
import { HttpError } from './problem.js'

/**
 * The ETag of a prompt in one environment: the commit of its newest version there, which is what a write expects under
 * If-Match. It changes also when the version becomes final.
 */
export const formatTemplateTag = ({ commit, provisional }: { commit: Oid; provisional?: true | undefined }): string =>
  `"${commit}${provisional ? '-provisional' : ''}"`

/** A proxy that compresses makes a tag weak; the commit in it is the same. */
const TAG = /^(?:W\/)?"([0-9a-f]{40,64})(?:-provisional)?"$/

/** What a write expects whose If-Match says that. A tag that is none of ours matches nothing. Throws 400 for an empty one. */
export function parseIfMatch(header: string | undefined): Expectation | undefined {
  if (header === undefined) return undefined
  const tags = header.split(',').map((tag) => tag.trim())
  if (tags.includes('*')) return { commits: 'any' }
  if (tags.every((tag) => tag === '')) throw new HttpError(400, 'usage', 'If-Match names no ETag')
  return { commits: tags.flatMap((tag) => (TAG.exec(tag)?.[1] as Oid | undefined) ?? []) }
}
