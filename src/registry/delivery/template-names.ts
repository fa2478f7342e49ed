import { PromptctlError } from '../../core/errors.js'
import type { Cell } from '../../core/overview.js'
import { formatPromptPath } from '../../core/paths.js'
import { readPrompt } from '../../core/prompt-reader.js'
import { isUuid, parseName } from '../../core/reference.js'
import { type Environment, isSlug, type Slug, suffixOf } from '../../core/slug.js'
import type { Oid } from '../ports.js'
import type { Registry } from '../registry.js'
import { readSnapshot } from './read-snapshot.js'
import type { Snapshot } from './snapshot.js'
import { listTemplatePlaces, type TemplatePlace } from './templates.js'

/**
 * The slug that a whole slug, a UUID or an alias means at `tip`, also of what is not live. Throws `usage` and `not_found`; a slug comes
 * back as it is, because history may know it still.
 */
export async function findTemplateSlug(
  registry: Registry,
  tip: Oid,
  name: string,
  { environments, snapshots }: { environments: readonly Environment[]; snapshots: ReadonlyMap<Environment, Snapshot> },
): Promise<Slug> {
  if (isSlug(parseName(name))) return name as Slug
  for (const environment of environments) {
    const snapshot = snapshots.get(environment) ?? (await readSnapshot(registry, tip, environment))
    const served = snapshot.find(name)
    if (served !== undefined) return served.delivered.slug
  }
  const slug = await searchFiles(registry, tip, name, environments)
  if (slug !== undefined) return slug
  throw new PromptctlError('not_found', 'There is no prompt of that name', {
    hint: 'Programs use whole slugs, UUIDs or aliases.',
  })
}

const isNotLive = ({ state }: Cell): boolean => state !== 'published'

/** Among the prompts that are not live, by reading their files. */
async function searchFiles(
  registry: Registry,
  tip: Oid,
  name: string,
  environments: readonly Environment[],
): Promise<Slug | undefined> {
  const places = await listTemplatePlaces(registry, tip, { environments, isWanted: isNotLive })
  const candidates = isUuid(name) ? places.filter(({ slug }) => suffixOf(slug) === name.slice(0, 8)) : places
  const { repository, prefix } = await registry.git()
  const paths = new Map<string, TemplatePlace>()
  for (const place of candidates) paths.set(`${prefix}${formatPromptPath(place.environment, place.slug)}`, place)
  const entries = await repository.entriesAt(tip, [...paths.keys()])
  const blobs = await repository.readBlobs(
    new Set(entries.filter(({ mode }) => mode !== '120000').map(({ blob }) => blob)),
  )
  for (const { path, blob } of entries) {
    const bytes = blobs.get(blob)
    if (bytes === undefined || !Buffer.from(bytes).includes(name)) continue
    const prompt = readPrompt(bytes, path).document?.prompt
    if (prompt?.id === name || prompt?.aliases?.includes(name)) return prompt.slug
  }
  return undefined
}
