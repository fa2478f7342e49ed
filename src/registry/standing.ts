import { PromptctlError } from '../core/errors.js'
import type { Version } from '../core/ledger.js'
import type { Standing } from '../core/lifecycle/change.js'
import { formatPromptPath } from '../core/paths.js'
import { type PromptDocument, parsePrompt, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

export interface PromptPlace {
  readonly slug: Slug
  readonly environment: Environment
}

/** Where each prompt stands at `head`, in the order asked. One listing and one batch of reads for all. */
export async function readStandings(
  registry: Registry,
  head: Oid | undefined,
  places: readonly PromptPlace[],
  versionsOf: (slug: Slug) => readonly Version[],
): Promise<Standing[]> {
  const { repository, prefix } = await registry.git()
  const paths = places.map(({ environment, slug }) => `${prefix}${formatPromptPath(environment, slug)}`)
  const entries = head === undefined ? [] : await repository.entriesAt(head, paths)
  const files = new Map(entries.filter(({ mode }) => mode !== '120000').map(({ path, blob }) => [path, blob]))
  const contents = await repository.readBlobs(new Set(files.values()))
  return places.map(({ slug, environment }, index) => {
    const path = paths[index] ?? ''
    const headBlob = files.get(path)
    const bytes = headBlob === undefined ? undefined : contents.get(headBlob)
    return {
      slug,
      environment,
      versions: versionsOf(slug),
      headBlob,
      head: bytes === undefined ? undefined : readPrompt(bytes, path.slice(prefix.length)).document,
    }
  })
}

/** The prompt in a version's blob. */
export async function readVersionDocument(registry: Registry, version: Version): Promise<PromptDocument> {
  return parsePrompt(await readVersionBytes(registry, version), formatPromptPath(version.environment, version.slug))
}

/** The bytes of a version. Throws `not_found` for a deletion, `invalid_prompt` for a symbolic link. */
export async function readVersionBytes(registry: Registry, version: Version): Promise<Uint8Array> {
  const { repository } = await registry.git()
  const name = `${version.slug}@${version.version}`
  if (version.link) throw new PromptctlError('invalid_prompt', `${name} is a symbolic link`)
  const bytes = version.blob === undefined ? undefined : (await repository.readBlobs([version.blob])).get(version.blob)
  if (bytes !== undefined) return bytes
  throw new PromptctlError('not_found', `${name} is a deletion: there is no file`, {
    hint: `promptctl log ${version.slug} lists the versions.`,
  })
}
