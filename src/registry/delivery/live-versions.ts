import { liveIn, newestIn, type Version } from '../../core/ledger.js'
import { PROMPTS_DIR, parsePromptPath } from '../../core/paths.js'
import { isSealed, readPrompt } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import { readAllVersions, readVersionsOf } from '../history.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'
import { letOthersRun } from './read-rows.js'
import { type Place, type Row, readHead } from './row.js'

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

/** Files that are read and judged at a time. */
const BATCH = 100

/**
 * As the files tell it, where history was cut off: only one that is published says itself that it is live. A file that
 * `before` has is not read again.
 */
export async function readPublishedFiles(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  before: ReadonlyMap<Slug, Row>,
): Promise<LiveVersions> {
  const { repository, prefix } = await registry.git()
  const entries = await repository.listTree(tip, `${prefix}${PROMPTS_DIR}/${environment}`)
  const live = new Map<Slug, Place>()
  const unread: [Slug, Oid | undefined][] = []
  for (const { path, blob, mode } of entries) {
    const where = parsePromptPath(path.slice(prefix.length))
    if (where?.environment !== environment) continue
    const known = before.get(where.slug)
    if (known !== undefined && readHead(known).blob === blob) live.set(where.slug, { blob, origin: null })
    else unread.push([where.slug, mode === '120000' ? undefined : blob])
  }
  const unknown = new Set<Slug>()
  for (let start = 0; start < unread.length; start += BATCH) {
    const batch = unread.slice(start, start + BATCH)
    const contents = await repository.readBlobs(batch.flatMap(([, blob]) => blob ?? []))
    for (const [slug, blob] of batch) {
      const state = blob && publishedState(contents.get(blob), { slug, environment })
      if (blob !== undefined && state === 'published') live.set(slug, { blob, origin: null })
      else if (state !== 'archived') unknown.add(slug)
    }
    await letOthersRun()
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
