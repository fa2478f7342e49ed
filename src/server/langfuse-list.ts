import { PromptctlError } from '../core/errors.js'
import { LATEST_LABEL, langfuseConfigOf, langfuseTypeOf, timeOf } from '../core/langfuse.js'
import type { Json } from '../core/prompt-file.js'
import type { Environment, Slug } from '../core/slug.js'
import { listTemplatePlaces } from '../registry/delivery/templates.js'
import { readVersionsOf } from '../registry/history.js'
import type { ServerContext } from './context.js'
import type { Loaded } from './source.js'

/** One name of Langfuse's list. */
interface LangfuseListed {
  readonly name: string
  readonly type: 'text' | 'chat'
  /** Published ones, oldest first. */
  readonly versions: readonly number[]
  readonly labels: readonly string[]
  readonly tags: readonly string[]
  readonly lastUpdatedAt: string
  readonly lastConfig: Json
}

export interface LangfuseList {
  readonly data: readonly LangfuseListed[]
  readonly meta: {
    readonly page: number
    readonly limit: number
    readonly totalItems: number
    readonly totalPages: number
  }
}

const USUAL_LIMIT = 50

/** What is live in these environments, by name, in pages. Throws `usage` for a page or a limit that is no number from 1. */
export async function listLangfusePrompts(
  { source }: ServerContext,
  readable: readonly Environment[],
  query: Readonly<Record<string, string>>,
): Promise<LangfuseList> {
  const loaded = source.requireLoaded()
  const page = parseCount('page', query['page'], 1)
  const limit = Math.min(parseCount('limit', query['limit'], USUAL_LIMIT), USUAL_LIMIT * 2)
  const names = [...(await collectNames(source.registry, loaded, readable, query))]
  const shown = names.slice((page - 1) * limit, page * limit)
  const versions = await readVersionsOf(
    source.registry,
    loaded.tip,
    shown.map(([slug]) => slug),
  )
  const data = shown.map(([slug, environments]) => {
    const published = (versions.get(slug) ?? []).filter(
      ({ state, environment }) => state === 'published' && readable.includes(environment),
    )
    return describe(loaded, slug, { environments, versions: published.map(({ version }) => version) })
  })
  const totalItems = names.length
  return { data, meta: { page, limit, totalItems, totalPages: Math.ceil(totalItems / limit) } }
}

async function collectNames(
  registry: ServerContext['source']['registry'],
  { tip, snapshots }: Loaded,
  readable: readonly Environment[],
  { name, label, tag }: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<Slug, readonly Environment[]>> {
  const environments =
    label === undefined || label === LATEST_LABEL ? readable : readable.filter((one) => one === label)
  const isWanted = ({ liveVersion, tags }: { liveVersion: number | null; tags: readonly string[] }): boolean =>
    liveVersion !== null && (tag === undefined || tags.includes(tag))
  const names = new Map<Slug, Environment[]>()
  for (const { slug, environment } of await listTemplatePlaces(registry, tip, { environments, isWanted })) {
    if (name !== undefined && slug !== name && snapshots.get(environment)?.find(name)?.delivered.slug !== slug) continue
    const known = names.get(slug)
    if (known === undefined) names.set(slug, [environment])
    else known.push(environment)
  }
  return names
}

function describe(
  { snapshots }: Loaded,
  slug: Slug,
  { environments, versions }: { environments: readonly Environment[]; versions: readonly number[] },
): LangfuseListed {
  const live = environments.flatMap((environment) => snapshots.get(environment)?.find(slug)?.delivered ?? [])
  const newest = live.reduce<(typeof live)[number] | undefined>(
    (best, one) => (best === undefined || (one.version ?? 0) >= (best.version ?? 0) ? one : best),
    undefined,
  )
  if (newest === undefined) throw new Error(`${slug} is in the overview as live and in no snapshot`)
  return {
    name: slug,
    type: langfuseTypeOf(newest),
    versions,
    labels: [...environments, LATEST_LABEL],
    tags: newest.tags,
    lastUpdatedAt: timeOf(newest),
    lastConfig: langfuseConfigOf(newest),
  }
}

function parseCount(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new PromptctlError('usage', `${name} must be a positive integer`)
}
