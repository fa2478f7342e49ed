import { createSizedMap } from '../core/bounded-map.js'
import type { PromptctlError } from '../core/errors.js'
import { createPrompt, type Prompt } from './prompt.js'
import type { Answer } from './remote-client.js'

/** Names that are remembered; those that were asked for longest ago go. */
const MOST_NAMES = 10_000
/** So many times the age at which a prompt is looked at again: then nobody has asked for long, and an answer waits for the look. */
const LONG_AGO = 6

export interface RemoteCacheOptions {
  readonly ask: (name: string, environment: string, etag: string | null) => Promise<Answer>
  /** In milliseconds. */
  readonly now: () => number
  readonly maxAgeMs: number
}

/** Prompts of a server: fresh ones from memory, older ones too while they are looked at again, and all while it is away. */
export interface RemoteCache {
  /** Throws what the server said, or `unavailable` when it is away and nothing is known under the name. */
  get(name: string, environment: string): Promise<Prompt>
  /** Looks again at all of an environment. Throws the first failure, when all others have been looked at. */
  revalidate(environment: string): Promise<void>
  /** Calls when what was known under a name is another prompt, or none. */
  onChange(listener: (environment: string, slug: string) => void): () => void
}

/** What is known under a name: the last good prompt, or why there is none. */
interface Entry {
  readonly name: string
  readonly environment: string
  prompt: Prompt | undefined
  refused: PromptctlError | undefined
  etag: string | null
  /** When the server last said something of it. */
  checkedAt: number
  triedAt: number
  /** The last try failed, and what is known stays. */
  isAway: boolean
  looking: Promise<void> | undefined
}

export function createRemoteCache({ ask, now, maxAgeMs }: RemoteCacheOptions): RemoteCache {
  const entries = createSizedMap<string, Entry>(MOST_NAMES, () => 1)
  const listeners = new Set<(environment: string, slug: string) => void>()

  const ageOf = ({ triedAt }: Entry): number => now() - triedAt

  const look = async (entry: Entry): Promise<void> => {
    try {
      const answer = await ask(entry.name, entry.environment, entry.etag)
      const before = entry.prompt
      entry.isAway = false
      entry.checkedAt = now()
      if (answer.kind === 'same') return
      learn(entry, answer)
      if (before !== undefined) for (const listener of listeners) listener(entry.environment, before.slug)
    } catch (error) {
      entry.isAway = true
      throw error
    } finally {
      entry.triedAt = now()
      entry.looking = undefined
    }
  }
  /** One look at a time, whoever asks. */
  const lookOnce = (entry: Entry): Promise<void> => {
    entry.looking ??= look(entry)
    return entry.looking
  }
  /** A look that is under way may have begun before what there is to find. */
  const lookAfresh = async (entry: Entry): Promise<void> => {
    await entry.looking?.catch(() => undefined)
    return lookOnce(entry)
  }
  const entryOf = (name: string, environment: string): Entry => {
    const key = `${environment} ${name}`
    const entry = entries.get(key) ?? createEntry(name, environment)
    entries.set(key, entry)
    return entry
  }

  return {
    get: async (name, environment) => {
      const entry = entryOf(name, environment)
      if (ageOf(entry) < maxAgeMs && !(entry.isAway && entry.prompt === undefined)) return resultOf(entry)
      if (entry.prompt === undefined) {
        await lookOnce(entry)
        return resultOf(entry)
      }
      // A server that is away is found out in the background: nobody waits for it twice.
      const looking = lookOnce(entry).catch(() => undefined)
      if (!entry.isAway && now() - entry.checkedAt > LONG_AGO * maxAgeMs) await looking
      return resultOf(entry)
    },
    revalidate: async (environment) => {
      const due = entries.values().filter((entry) => entry.environment === environment)
      const results = await Promise.allSettled(due.map(lookAfresh))
      const failed = results.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const createEntry = (name: string, environment: string): Entry => ({
  name,
  environment,
  prompt: undefined,
  refused: undefined,
  etag: null,
  checkedAt: Number.NEGATIVE_INFINITY,
  triedAt: Number.NEGATIVE_INFINITY,
  isAway: false,
  looking: undefined,
})

function learn(entry: Entry, answer: Exclude<Answer, { kind: 'same' }>): void {
  entry.refused = answer.kind === 'refused' ? answer.error : undefined
  entry.prompt = answer.kind === 'prompt' ? createPrompt(answer.delivered) : undefined
  entry.etag = answer.kind === 'prompt' ? answer.etag : null
}

function resultOf({ prompt, refused, name }: Entry): Prompt {
  if (prompt !== undefined) return prompt
  throw refused ?? new Error(`nothing is known of ${name}`)
}
