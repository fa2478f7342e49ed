import { isPromptctlError } from '../core/errors.js'
import type { Slug } from '../core/slug.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/** To be raised when the same content would be judged otherwise. */
const FORMAT = 2
/** Files that are remembered; the oldest go. */
const MOST = 100_000

/** What a file that passed included, by blob: it passes again while all of these are the same. */
export type Included = readonly (readonly [Slug, Oid])[]

type Entry = readonly [blob: Oid, isArchived: 0 | 1, included: Included]

/** Which contents passed a check before, so that checking thousands of unchanged files costs reading them. */
export interface Passed {
  /** How many contents are known. */
  readonly size: number
  blobId(bytes: Uint8Array): Oid
  /** Undefined when this content has not passed with what it includes now. */
  get(blob: Oid): { readonly isArchived: boolean; readonly included: Included } | undefined
  add(blob: Oid, isArchived: boolean, included: Included): void
  /** Keeps what was added. */
  save(): void
}

/** The contents that passed the check `name`. Outside of a git repository nothing is remembered. */
export async function openPassed(registry: Registry, name: string): Promise<Passed | undefined> {
  const git = await gitOrNothing(registry)
  if (git === undefined) return undefined
  const { cache, repository } = git
  const file = `passed/${name}`
  const stored = readCheckedJson<readonly Entry[]>(cache, file, FORMAT) ?? []
  const known = new Map(
    stored.map(([blob, isArchived, included]) => [blob, { isArchived: isArchived === 1, included }]),
  )
  let isChanged = false
  return {
    size: known.size,
    blobId: repository.blobId,
    get: (blob) => known.get(blob),
    add: (blob, isArchived, included) => {
      known.delete(blob)
      known.set(blob, { isArchived, included })
      isChanged = true
    },
    save: () => {
      if (!isChanged) return
      const entries = [...known].slice(-MOST)
      const packed = entries.map(([blob, { isArchived, included }]): Entry => [blob, isArchived ? 1 : 0, included])
      writeCheckedJson(cache, file, FORMAT, packed)
    },
  }
}

async function gitOrNothing(registry: Registry) {
  try {
    return await registry.git()
  } catch (error) {
    if (isPromptctlError(error)) return undefined
    throw error
  }
}
