import type { CompileOptions, Values } from '../core/compile.js'
import { type DeliveredSummary, summaryOf } from '../core/delivered.js'
import { parseDeliveredName } from '../core/delivered-name.js'
import { PromptctlError } from '../core/errors.js'
import type { Prompt } from './prompt.js'
import type { GetOptions, ListOptions, PromptChange, PromptSummary, WatchOptions } from './prompt-registry.js'
import { createRemoteCache } from './remote-cache.js'
import { createRemoteClient, type RemoteClient } from './remote-client.js'
import { repeat } from './repeat.js'

export interface RemoteRegistryOptions {
  readonly url: string
  readonly environment: string | undefined
  readonly token: string | undefined
  readonly maxAgeMs: number
  readonly timeoutMs: number
  readonly now: () => number
}

/** Prompts of a promptctl serve: compiled here, kept in memory, and asked for again when they are older than `maxAgeMs`. */
export function createRemoteRegistry(options: RemoteRegistryOptions) {
  const { environment: standard, maxAgeMs, now } = options
  const client = createRemoteClient({ ...options, url: parseUrl(options.url) })
  const cache = createRemoteCache({ ask: client.prompt, now, maxAgeMs })
  const watchers = new Set<() => void>()

  const get = async (name: string, { environment = standard }: GetOptions = {}): Promise<Prompt> =>
    cache.get(parseDeliveredName(name), requireName(environment))
  return {
    get,
    compile: async (name: string, values: Values = {}, rest: GetOptions & CompileOptions = {}) =>
      (await get(name, rest)).compile(values, rest),
    list: ({ environment = standard, tag }: ListOptions = {}) => listLive(client, get, requireName(environment), tag),
    watch: (listener: (change: PromptChange) => void, { onError }: WatchOptions = {}) => {
      const changed = new Map<string, Set<string>>()
      const end = cache.onChange((environment, slug) => {
        changed.set(environment, (changed.get(environment) ?? new Set()).add(slug))
      })
      const tell = (): void => {
        const changes = [...changed]
        changed.clear()
        for (const [environment, slugs] of changes) listener({ environment, slugs: [...slugs].sort() })
      }
      const look = async (): Promise<true> => {
        await cache.revalidate().finally(tell)
        return true
      }
      const stop = repeat(Math.max(maxAgeMs, SHORTEST_PAUSE_MS), look, { onResult: () => undefined, onError })
      const stopAll = (): void => {
        stop()
        end()
      }
      watchers.add(stopAll)
      return stopAll
    },
    close: async () => {
      for (const stop of watchers) stop()
    },
  }
}

const SHORTEST_PAUSE_MS = 50

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new PromptctlError('usage', 'url takes the http(s) address of a promptctl serve, without a password', {
      hint: "openRegistry({ url: 'https://prompts.example.com', token, environment: 'production' })",
    })
  }
  // Routes are below it, also where a proxy has put the server into a folder.
  url.pathname = url.pathname.replace(/\/*$/, '/')
  url.search = ''
  url.hash = ''
  return url
}

function requireName(environment: string | undefined): string {
  if (environment !== undefined) return environment
  throw new PromptctlError('usage', 'A server is asked for the prompts of one environment, and none is named', {
    hint: "openRegistry({ url, environment: 'production' })",
  })
}

interface Page {
  readonly templates: readonly (DeliveredSummary & { readonly live_version: number | null })[]
  readonly next_cursor: string | null
}

/** What is live of the templates; where the newest version is another one than the live one, the live one is asked for. */
async function listLive(
  client: RemoteClient,
  get: (name: string, options: GetOptions) => Promise<Prompt>,
  environment: string,
  tag: string | undefined,
): Promise<readonly PromptSummary[]> {
  const live: PromptSummary[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = parsePage(
      await client.json('api/v1/templates', { environment, limit: '100', ...(cursor === '' ? {} : { cursor }) }),
    )
    for (const template of page.templates) {
      if (template.live_version === null) continue
      const isNewest = template.version === template.live_version
      live.push(isNewest ? summaryOf(template) : await readSummary(get, template.slug, environment))
    }
    cursor = page.next_cursor
  }
  return live.filter(({ tags }) => tag === undefined || tags.includes(tag)).sort((a, b) => (a.slug < b.slug ? -1 : 1))
}

async function readSummary(
  get: (name: string, options: GetOptions) => Promise<Prompt>,
  slug: string,
  environment: string,
): Promise<PromptSummary> {
  const { file, version } = await get(slug, { environment })
  const { id, title, description = null, tags = [], aliases = [] } = file
  return { id, slug, title, description, tags, aliases, environment, version }
}

function parsePage(value: unknown): Page {
  const isPage = typeof value === 'object' && value !== null && 'templates' in value && Array.isArray(value.templates)
  if (isPage) return { next_cursor: null, ...value } as unknown as Page
  throw new PromptctlError('unavailable', 'The server answered with something else than a list of prompts')
}
