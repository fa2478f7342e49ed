import { PromptctlError } from '../core/errors.js'
import { type Environment, isSlug, quoteName, type Slug } from '../core/slug.js'
import { readServedVersion, type VersionName } from '../registry/delivery/read-version.js'
import type { ServedPrompt } from '../registry/delivery/snapshot.js'
import type { ServerContext } from './context.js'

/** Versions that are asked for by number or commit, so many at a time; each is read from git once. */
const KEPT = 1_000
/** A whole commit id never means anything else. */
const WHOLE_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

export interface Pinned {
  /** A published version of an environment in `allowed`. Throws `not_found`, and `usage` for a version that is none. */
  find(name: string, version: string, allowed: readonly Environment[]): Promise<ServedPrompt>
}

/** True when the answer to `?version=` can never change: what is provisional is not when it has been pushed. */
export const isForEver = (version: string, { delivered }: ServedPrompt): boolean =>
  WHOLE_COMMIT.test(version) && !/^\d+$/.test(version) && delivered.provisional !== true

/** `3`, or at least 7 hex digits of a commit; digits alone are a number. Throws `usage`. */
export function parseVersionName(text: string): VersionName {
  if (/^[1-9]\d{0,8}$/.test(text)) return { version: Number(text) }
  if (/^[0-9a-f]{7,64}$/.test(text) && !/^\d+$/.test(text)) return { commit: text }
  throw new PromptctlError('usage', `${quoteName(text)} is not a version`, {
    hint: 'Name its number, or at least 7 hex digits of its commit.',
  })
}

/** Finds versions in the history of what is served now. */
export function createPinned({ source }: ServerContext): Pinned {
  let known = new Map<string, Promise<ServedPrompt>>()
  source.onMove(() => {
    known = new Map()
  })
  return {
    find: async (name, version, allowed) => {
      const { tip } = source.requireLoaded()
      const at = parseVersionName(version)
      const slug = slugOf(source, name, allowed)
      const key = JSON.stringify([slug, version, allowed])
      const found = known.get(key) ?? readServedVersion(source.registry, tip, slug, { at, allowed })
      if (!known.has(key)) {
        if (known.size >= KEPT) known.clear()
        known.set(key, found)
        // What failed may succeed later, and names of nothing are endless.
        found.catch(() => known.delete(key))
      }
      return found
    },
  }
}

/** A slug stands for itself, because an older version may be all that is left of it; other names must be live somewhere. */
function slugOf(source: ServerContext['source'], name: string, allowed: readonly Environment[]): Slug {
  if (isSlug(name)) return name
  for (const environment of allowed) {
    const served = source.current(environment).find(name)
    if (served !== undefined) return served.delivered.slug
  }
  throw new PromptctlError('not_found', 'No prompt of that name is live here', {
    hint: 'A version of a prompt that is not live is found by the whole slug.',
  })
}
