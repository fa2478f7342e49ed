import { PromptctlError } from '../../core/errors.js'
import type { Version } from '../../core/ledger.js'
import type { Cell } from '../../core/overview.js'
import { formatPromptPath } from '../../core/paths.js'
import { type PromptDocument, readPrompt } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import { provisionalCommits } from '../branches.js'
import { readVersions, readVersionsOf } from '../history.js'
import { type LogEntry, logEntry } from '../log.js'
import { type Overview, readOverview } from '../overview.js'
import type { Oid } from '../ports.js'
import { livePartials, viewPartials } from '../prepare.js'
import { contentsOf, createRecord, type PromptContents, type PromptRecord } from '../record.js'
import type { Registry } from '../registry.js'
import { readVersionBytes } from '../standing.js'
import { readVariables } from '../variables.js'
import { commitView } from '../view.js'

/** Prompts of every state, as they are committed at `tip`: what people and their tools look at, and no application. */

/** A prompt in one environment. */
export interface TemplatePlace {
  readonly slug: Slug
  readonly environment: Environment
}

export interface TemplateFilter {
  /** In promotion order. */
  readonly environments: readonly Environment[]
  readonly isWanted: (cell: Cell) => boolean
}

/** Where there is a prompt that fits, by slug and then in promotion order. Reads no prompt. */
export async function listTemplatePlaces(
  registry: Registry,
  tip: Oid,
  { environments, isWanted }: TemplateFilter,
): Promise<readonly TemplatePlace[]> {
  const overviews = new Map<Environment, Overview>()
  for (const environment of environments) overviews.set(environment, await recallOverview(registry, tip, environment))
  const slugs = new Set([...overviews.values()].flatMap((overview) => [...overview.keys()]))
  return [...slugs].sort().flatMap((slug) =>
    environments.flatMap((environment) => {
      const cell = overviews.get(environment)?.get(slug)
      return cell !== undefined && cell.state !== 'deleted' && isWanted(cell) ? [{ slug, environment }] : []
    }),
  )
}

const recalled = new WeakMap<Registry, Map<Environment, { readonly tip: Oid; readonly overview: Promise<Overview> }>>()

/** The last overview of each environment stays in memory: a page of a list is asked for after another. */
function recallOverview(registry: Registry, tip: Oid, environment: Environment): Promise<Overview> {
  const known = recalled.get(registry) ?? new Map()
  recalled.set(registry, known)
  if (known.get(environment)?.tip === tip) return known.get(environment).overview
  const overview = readOverview(registry, tip, environment)
  known.set(environment, { tip, overview })
  overview.catch(() => known.delete(environment))
  return overview
}

/** The records at these places, in that order. */
export async function readTemplateRecords(
  registry: Registry,
  tip: Oid,
  places: readonly TemplatePlace[],
): Promise<readonly PromptRecord[]> {
  const [documents, versions, provisional] = await Promise.all([
    readDocuments(registry, tip, places),
    readVersionsOf(registry, tip, [...new Set(places.map(({ slug }) => slug))]),
    provisionalCommits(registry, tip),
  ])
  return places.map((place, index) => {
    const known = { versions: versions.get(place.slug) ?? [], modified: false, provisional }
    return createRecord(place, documents[index]?.prompt, documents[index]?.seal, known)
  })
}

async function readDocuments(
  registry: Registry,
  tip: Oid,
  places: readonly TemplatePlace[],
): Promise<readonly (PromptDocument | undefined)[]> {
  const { repository, prefix } = await registry.git()
  const paths = places.map(({ environment, slug }) => formatPromptPath(environment, slug))
  const entries = await repository.entriesAt(
    tip,
    paths.map((path) => `${prefix}${path}`),
  )
  const blobs = new Map(entries.filter(({ mode }) => mode !== '120000').map(({ path, blob }) => [path, blob]))
  const contents = await repository.readBlobs(new Set(blobs.values()))
  return paths.map((path) => {
    const blob = blobs.get(`${prefix}${path}`)
    const bytes = blob === undefined ? undefined : contents.get(blob)
    return bytes === undefined ? undefined : readPrompt(bytes, path).document
  })
}

/** The record of one, and what its file holds; a file that cannot be read has no contents. */
export async function readTemplate(
  registry: Registry,
  tip: Oid,
  place: TemplatePlace,
): Promise<PromptRecord & Partial<PromptContents>> {
  const { repository, prefix } = await registry.git()
  const [[record], [document]] = await Promise.all([
    readTemplateRecords(registry, tip, [place]),
    readDocuments(registry, tip, [place]),
  ])
  if (record === undefined) throw new Error('a record was asked for and none made')
  if (document === undefined) return record
  const partials = viewPartials(commitView(repository, prefix, tip), place.environment)
  return { ...record, ...contentsOf(document.prompt, await readVariables(document, partials)) }
}

/** The history of a prompt in these environments, newest first; empty when there is none. */
export async function readTemplateVersions(
  registry: Registry,
  tip: Oid,
  slug: Slug,
  environments: readonly Environment[],
): Promise<readonly LogEntry[]> {
  const [versions, provisional] = await Promise.all([
    readVersions(registry, tip, slug),
    provisionalCommits(registry, tip),
  ])
  return versions
    .filter(({ environment }) => environments.includes(environment))
    .toReversed()
    .map((version) => logEntry(version, provisional))
}

/** One version, with all that its file said; what is deleted or cannot be read has no contents. */
export type TemplateVersion = LogEntry & Partial<PromptRecord & PromptContents> & { readonly source: string | null }

/** Throws `not_found` for a number that there is not, or that is of another environment. */
export async function readTemplateVersion(
  registry: Registry,
  tip: Oid,
  slug: Slug,
  { version: number, environments }: { readonly version: number; readonly environments: readonly Environment[] },
): Promise<TemplateVersion> {
  const versions = await readVersions(registry, tip, slug)
  const version = versions[number - 1]
  if (version === undefined || !environments.includes(version.environment)) throw noVersion(slug, number)
  const provisional = await provisionalCommits(registry, tip)
  const entry = logEntry(version, provisional)
  const bytes = version.blob === undefined || version.link ? undefined : await readVersionBytes(registry, version)
  if (bytes === undefined) return { ...entry, source: null }
  const source = Buffer.from(bytes).toString('utf8')
  const { document } = readPrompt(bytes, formatPromptPath(version.environment, slug))
  if (document === undefined) return { ...entry, source }
  const partials = livePartials(registry, version.commit, version.environment)
  const variables = await readVariables(document, partials)
  return {
    ...recordOf(version, versions, document, provisional),
    ...contentsOf(document.prompt, variables),
    ...entry,
    source,
  }
}

function recordOf(
  version: Version,
  versions: readonly Version[],
  { prompt, seal }: PromptDocument,
  provisional: ReadonlySet<Oid>,
): PromptRecord {
  return createRecord(version, prompt, seal, { versions, modified: false, provisional })
}

const noVersion = (slug: Slug, version: number): PromptctlError =>
  new PromptctlError('not_found', `${slug} has no version ${version} here`, {
    hint: 'The versions route lists what there is.',
  })
