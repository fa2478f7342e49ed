import { type DeliveredSummary, summaryOf } from '../core/delivered.js'
import { PromptctlError } from '../core/errors.js'
import type { Prompt } from './prompt.js'
import type { GetOptions, PromptSummary } from './prompt-registry.js'
import type { RemoteClient, Tagged } from './remote-client.js'

type Get = (name: string, options: GetOptions) => Promise<Prompt>

/** As many as the server gives at once. */
const PAGE_SIZE = 999
/** Far more than any registry has. */
const MOST_PAGES = 1_000

/** A prompt in the server's list, whatever its state. */
type Listed = DeliveredSummary & {
  readonly live_version: number | null
  readonly live_since: string | null
  readonly live_by: string | null
}

interface Page {
  readonly templates: readonly Listed[]
  readonly next_cursor: string | null
  readonly etag: string | null
}

/**
 * What is live of a server's templates, in byte order. Where the newest version is another one than the live one, a draft for
 * one, the live one is asked for.
 */
export async function listRemote(
  client: RemoteClient,
  get: Get,
  environment: string,
  tag: string | undefined,
): Promise<readonly PromptSummary[]> {
  const live: PromptSummary[] = []
  for (const template of await createListReader(client, environment)()) {
    if (template.live_version === null) continue
    const isNewest = template.version === template.live_version
    live.push(isNewest ? summaryOf(template) : await readSummary(get, template.slug, environment))
  }
  return live.filter(({ tags }) => tag === undefined || tags.includes(tag)).sort((a, b) => (a.slug < b.slug ? -1 : 1))
}

/** Gives the slugs that the environment serves otherwise than at the look before, or no longer; at the first one none. */
export function createListLook(client: RemoteClient, environment: string): () => Promise<readonly string[]> {
  const read = createListReader(client, environment)
  let before: ReadonlyMap<string, string> | undefined
  return async () => {
    const live = (await read()).filter(({ live_version: version }) => version !== null)
    const after = new Map<string, string>(
      live.map((one) => [one.slug, JSON.stringify([one.live_version, one.live_since, one.live_by])]),
    )
    const known = before ?? after
    before = after
    return [...new Set([...known.keys(), ...after.keys()])].filter((slug) => known.get(slug) !== after.get(slug))
  }
}

/** Reads the whole list, and of the pages that it has read before only those that are other ones now. */
function createListReader(client: RemoteClient, environment: string): () => Promise<readonly Listed[]> {
  let known = new Map<string | null, Page>()
  return async () => {
    const pages = new Map<string | null, Page>()
    let cursor: string | null = null
    do {
      const page: Page = await readPage(client, environment, cursor, known.get(cursor))
      pages.set(cursor, page)
      cursor = page.next_cursor
    } while (cursor !== null && pages.size < MOST_PAGES)
    known = pages
    return [...pages.values()].flatMap(({ templates }) => templates)
  }
}

async function readPage(
  client: RemoteClient,
  environment: string,
  cursor: string | null,
  known: Page | undefined,
): Promise<Page> {
  const query = { environment, limit: String(PAGE_SIZE), ...(cursor === null ? {} : { cursor }) }
  const answer = await client.json('api/v1/templates', query, known?.etag ?? null)
  if (answer !== undefined) return parsePage(answer)
  if (known !== undefined) return known
  throw new Error('a page is the same as one that nobody has read')
}

async function readSummary(get: Get, slug: string, environment: string): Promise<PromptSummary> {
  const { file, version } = await get(slug, { environment })
  const { id, title, description = null, tags = [], aliases = [] } = file
  return { id, slug, title, description, tags, aliases, environment, version }
}

function parsePage({ value, etag }: Tagged): Page {
  if (typeof value === 'object' && value !== null && 'templates' in value && Array.isArray(value.templates)) {
    const cursor = 'next_cursor' in value && typeof value.next_cursor === 'string' ? value.next_cursor : null
    if (value.templates.every(isTemplate)) return { templates: value.templates, next_cursor: cursor, etag }
  }
  throw new PromptctlError('unavailable', 'The server answered with something else than a list of prompts', {
    hint: 'Is that the address of promptctl serve?',
  })
}

const isTemplate = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'slug' in value && typeof value.slug === 'string' && 'tags' in value
