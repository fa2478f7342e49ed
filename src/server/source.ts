import { PromptctlError } from '../core/errors.js'
import type { Environment } from '../core/slug.js'
import { finalRefOf } from '../registry/branches.js'
import { readSnapshot } from '../registry/delivery/read-snapshot.js'
import type { ServedPrompt, Snapshot } from '../registry/delivery/snapshot.js'
import type { Oid } from '../registry/ports.js'
import type { Registry } from '../registry/registry.js'

/** What is served: every environment at one commit. */
export interface Loaded {
  readonly tip: Oid
  /** Up to where versions are final, and not provisional; undefined when nothing decides that, or nothing was pushed. */
  readonly final: Oid | undefined
  /** Milliseconds since the epoch. */
  readonly loadedAt: number
  readonly snapshots: ReadonlyMap<Environment, Snapshot>
}

/**
 * The branch came to another commit, or what it is at became final by a push; `before` is undefined for the first one.
 */
export interface Move {
  readonly before: Loaded | undefined
  readonly after: Loaded
}

/** Holds what is served, and swaps it whole when the branch moves. */
export interface Source {
  readonly registry: Registry
  /** `refs/heads/main` */
  readonly ref: string
  /** Undefined until the first load. */
  readonly loaded: Loaded | undefined
  /** As `loaded`; throws `unavailable` until then. */
  requireLoaded(): Loaded
  /** What an environment serves. Throws `usage` for one that is not configured, and `unavailable` before the first load. */
  current(environment: Environment): Snapshot
  /** What is live under a name: a whole slug, a UUID or an alias. Throws `not_found`. */
  find(environment: Environment, name: string): ServedPrompt
  /**
   * Looks where the branch is, and resolves when that is served; after a write of ours, so that the next read sees it. Throws
   * what loading threw; what was served goes on being served then.
   */
  refresh(): Promise<Loaded>
  /** Calls after each swap; what it gives back ends that. */
  onMove(listener: (move: Move) => void): () => void
}

export interface SourceOptions {
  readonly registry: Registry
  readonly ref: string
  /** The commit to serve; by default that of `ref`. */
  readonly readTip?: (() => Promise<Oid | undefined>) | undefined
  readonly now: () => number
}

/** A source that has loaded nothing yet. */
export function createSource({ registry, ref, readTip, now }: SourceOptions): Source {
  const listeners = new Set<(move: Move) => void>()
  let loaded: Loaded | undefined
  let loading: Promise<Loaded> | undefined
  /** The reference that says what is final, as of the last load: looking at it costs no more than looking at the branch. */
  let finalRef: string | undefined

  const load = async (tip: Oid, final: Oid | undefined): Promise<Loaded> => {
    const snapshots = new Map<Environment, Snapshot>()
    for (const environment of registry.config.environments) {
      const previous = loaded?.snapshots.get(environment)
      snapshots.set(environment, await readSnapshot(registry, tip, environment, previous))
    }
    return { tip, final, loadedAt: now(), snapshots }
  }

  const look = async (): Promise<Loaded> => {
    const { repository } = await registry.git()
    const tip = await (readTip === undefined ? repository.readRef(ref) : readTip())
    if (tip === undefined) throw new PromptctlError('unavailable', `The branch ${ref} has no commit yet`)
    if (loaded?.tip !== tip) finalRef = await finalRefOf(registry)
    const final = finalRef === undefined ? undefined : await repository.readRef(finalRef)
    if (loaded?.tip === tip && loaded.final === final) return loaded
    const before = loaded
    const after = await load(tip, final)
    loaded = after
    for (const listener of listeners) listener({ before, after })
    return after
  }

  const requireLoaded = (): Loaded => {
    if (loaded !== undefined) return loaded
    throw new PromptctlError('unavailable', 'The prompts are being loaded', { hint: 'Ask again in a moment.' })
  }

  const current = (environment: Environment): Snapshot => {
    const snapshot = requireLoaded().snapshots.get(environment)
    if (snapshot !== undefined) return snapshot
    throw new PromptctlError('usage', `There is no environment ${environment}`, {
      hint: `This registry has ${registry.config.environments.join(', ')}.`,
    })
  }

  return {
    registry,
    ref,
    get loaded() {
      return loaded
    },
    requireLoaded,
    current,
    find: (environment, name) => {
      const served = current(environment).find(name)
      if (served !== undefined) return served
      throw new PromptctlError('not_found', `No prompt of that name is live in ${environment}`, {
        hint: 'Delivery takes a whole slug, a UUID or an alias of what is published there.',
      })
    },
    // One look at a time; who asks while one is under way waits for it, and for another: the branch may have moved since.
    refresh: async () => {
      const earlier = loading
      const mine = (async () => {
        await earlier?.catch(() => undefined)
        return look()
      })()
      loading = mine
      try {
        return await mine
      } finally {
        if (loading === mine) loading = undefined
      }
    },
    onMove: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
