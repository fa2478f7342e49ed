import { liveIn, newestIn, type Version } from '../../core/ledger.js'
import { PROMPTS_DIR, parsePromptPath } from '../../core/paths.js'
import { isSealed, readPrompt } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import { readAllVersions, readVersionsOf } from '../history.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'
import type { Place } from './row.js'

/** What an environment serves of some prompts, before anybody has looked at content. */
export interface LiveVersions {
  readonly live: ReadonlyMap<Slug, Place>
  readonly invalid: ReadonlySet<Slug>
  readonly unknown: ReadonlySet<Slug>
}

/** As history tells it; of `slugs` alone, or of every prompt. */
export async function readLiveVersions(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  slugs: readonly Slug[] | undefined,
): Promise<LiveVersions> {
  const all = slugs === undefined ? await readAllVersions(registry, tip) : await readVersionsOf(registry, tip, slugs)
  const live = new Map<Slug, Place>()
  const invalid = new Set<Slug>()
  for (const [slug, versions] of all) {
    const version = liveIn(versions, environment)
    if (version?.blob !== undefined) live.set(slug, { blob: version.blob, origin: originOf(version) })
    if (newestIn(versions, environment)?.state === 'invalid') invalid.add(slug)
  }
  return { live, invalid, unknown: new Set() }
}

const originOf = ({ version, commit, author, committedAt, subject }: Version): NonNullable<Place['origin']> => ({
  version,
  commit,
  author,
  committedAt,
  subject,
})

/** As the files tell it, where history was cut off: only one that is published says itself that it is live. */
export async function readPublishedFiles(
  registry: Registry,
  tip: Oid,
  environment: Environment,
): Promise<LiveVersions> {
  const { repository, prefix } = await registry.git()
  const entries = await repository.listTree(tip, `${prefix}${PROMPTS_DIR}/${environment}`)
  const contents = await repository.readBlobs(entries.filter(({ mode }) => mode !== '120000').map(({ blob }) => blob))
  const live = new Map<Slug, Place>()
  const unknown = new Set<Slug>()
  for (const { path, blob } of entries) {
    const where = parsePromptPath(path.slice(prefix.length))
    if (where?.environment !== environment) continue
    const state = publishedState(contents.get(blob), where)
    if (state === 'published') live.set(where.slug, { blob, origin: null })
    else if (state !== 'archived') unknown.add(where.slug)
  }
  return { live, invalid: new Set(), unknown }
}

/** What the bytes are as a version of that file; undefined for an invalid one. */
function publishedState(
  bytes: Uint8Array | undefined,
  { slug, environment }: { slug: Slug; environment: Environment },
) {
  const document = bytes === undefined ? undefined : readPrompt(bytes, '').document
  if (document === undefined || !isSealed(document.prompt, document.seal)) return undefined
  return document.prompt.slug === slug && document.prompt.environment === environment
    ? document.prompt.state
    : undefined
}
