import type { CompileOptions, Values } from '../core/compile.js'
import { parseDeliveredName } from '../core/delivered-name.js'
import { PromptctlError } from '../core/errors.js'
import type { Prompt } from './prompt.js'
import type { GetOptions, ListOptions, PromptChange, WatchOptions } from './prompt-registry.js'
import { createRemoteCache, type RemoteCache } from './remote-cache.js'
import { createRemoteClient, type RemoteClient } from './remote-client.js'
import { createListLook, listRemote } from './remote-list.js'
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
    list: ({ environment = standard, tag }: ListOptions = {}) => listRemote(client, get, requireName(environment), tag),
    watch: (listener: (change: PromptChange) => void, { onError }: WatchOptions = {}) => {
      const environment = requireName(standard)
      const { look, end } = createRemoteLook(client, cache, environment)
      const onResult = (slugs: readonly string[]): void => listener({ environment, slugs })
      const stop = repeat(Math.max(maxAgeMs, SHORTEST_PAUSE_MS), look, { onResult, onError })
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

/**
 * Looks at the list of an environment, which is one short question while nothing changes, and at all that is kept when it
 * has. What is kept also tells of prompts that changed by what they include.
 */
function createRemoteLook(client: RemoteClient, cache: RemoteCache, environment: string) {
  const readChanges = createListLook(client, environment)
  const changed = new Set<string>()
  let isDue = true
  const end = cache.onChange((where, slug) => {
    if (where === environment) changed.add(slug)
  })
  const look = async (): Promise<readonly string[] | undefined> => {
    for (const slug of await readChanges()) {
      changed.add(slug)
      isDue = true
    }
    if (isDue) await cache.revalidate(environment)
    isDue = false
    const slugs = [...changed].sort()
    changed.clear()
    return slugs.length === 0 ? undefined : slugs
  }
  return { look, end }
}

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
