import { type DeliveredSummary, summaryOf } from '../core/delivered.js'
import { PromptctlError } from '../core/errors.js'
import type { Prompt } from './prompt.js'
import type { GetOptions, PromptSummary } from './prompt-registry.js'
import type { RemoteClient } from './remote-client.js'

type Get = (name: string, options: GetOptions) => Promise<Prompt>

/** Pages of 100 prompts: more than any registry has. */
const MOST_PAGES = 10_000

interface Page {
  readonly templates: readonly (DeliveredSummary & { readonly live_version: number | null })[]
  readonly next_cursor: string | null
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
  for await (const { templates } of readPages(client, environment)) {
    for (const template of templates) {
      if (template.live_version === null) continue
      const isNewest = template.version === template.live_version
      live.push(isNewest ? summaryOf(template) : await readSummary(get, template.slug, environment))
    }
  }
  return live.filter(({ tags }) => tag === undefined || tags.includes(tag)).sort((a, b) => (a.slug < b.slug ? -1 : 1))
}

async function* readPages(client: RemoteClient, environment: string): AsyncGenerator<Page> {
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { environment, limit: '100', ...(cursor === null ? {} : { cursor }) }
    const read = parsePage(await client.json('api/v1/templates', query))
    yield read
    cursor = read.next_cursor
    if (cursor === null) return
  }
}

async function readSummary(get: Get, slug: string, environment: string): Promise<PromptSummary> {
  const { file, version } = await get(slug, { environment })
  const { id, title, description = null, tags = [], aliases = [] } = file
  return { id, slug, title, description, tags, aliases, environment, version }
}

function parsePage(value: unknown): Page {
  if (typeof value === 'object' && value !== null && 'templates' in value && Array.isArray(value.templates)) {
    const cursor = 'next_cursor' in value && typeof value.next_cursor === 'string' ? value.next_cursor : null
    if (value.templates.every(isTemplate)) return { templates: value.templates, next_cursor: cursor }
  }
  throw new PromptctlError('unavailable', 'The server answered with something else than a list of prompts', {
    hint: 'Is that the address of promptctl serve?',
  })
}

const isTemplate = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'slug' in value && typeof value.slug === 'string' && 'tags' in value
