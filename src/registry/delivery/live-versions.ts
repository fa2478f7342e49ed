import { liveIn, newestIn, type Version } from '../../core/ledger.js'
import { PROMPTS_DIR, parsePromptPath } from '../../core/paths.js'
import { isSealed, readPrompt } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'

/** What an environment serves of one prompt, as history tells it. */
export interface Standing {
  readonly slug: Slug
  /** Undefined when nothing is live. */
  readonly live: Version | undefined
  readonly isInvalid: boolean
}

/** Where a prompt stands in an environment: `versions` are all of its own, oldest first. */
export const standingOf = (slug: Slug, versions: readonly Version[], environment: Environment): Standing => ({
  slug,
  live: liveIn(versions, environment),
  isInvalid: newestIn(versions, environment)?.state === 'invalid',
})

/** What the files of a shallow clone tell: only one that is published says itself that it is live. */
export async function readPublishedFiles(registry: Registry, tip: Oid, environment: Environment) {
  const { repository, prefix } = await registry.git()
  const entries = await repository.listTree(tip, `${prefix}${PROMPTS_DIR}/${environment}`)
  const contents = await repository.readBlobs(entries.filter(({ mode }) => mode !== '120000').map(({ blob }) => blob))
  const live = new Map<Slug, Oid>()
  const unknown: Slug[] = []
  for (const { path, blob } of entries) {
    const where = parsePromptPath(path.slice(prefix.length))
    if (where?.environment !== environment) continue
    const bytes = contents.get(blob)
    const document = bytes === undefined ? undefined : readPrompt(bytes, path).document
    const isOwn = document?.prompt.slug === where.slug && document.prompt.environment === environment
    if (document === undefined || !isOwn || !isSealed(document.prompt, document.seal)) unknown.push(where.slug)
    else if (document.prompt.state === 'published') live.set(where.slug, blob)
    else if (document.prompt.state === 'draft') unknown.push(where.slug)
  }
  return { live, unknown }
}
