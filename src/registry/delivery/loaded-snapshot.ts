import { type BoundedMap, createSizedMap } from '../../core/bounded-map.js'
import { type DeliveredSummary, indexNames } from '../../core/delivered.js'
import type { PromptFile } from '../../core/prompt-file.js'
import type { Environment, Slug } from '../../core/slug.js'
import type { Oid } from '../ports.js'
import { Contents } from './contents.js'
import { type Row, readRowPrompt, readSummary } from './row.js'
import { Served } from './served.js'
import type { ServedPrompt, Snapshot } from './snapshot.js'

/** In bytes, of what is made of the rows that are asked for; what is asked for seldom is made again. */
const SERVED_LIMIT = 64 * 1024 * 1024

const MOST_PARTIALS = 200

/** What the snapshots of a registry share. */
export interface Shared {
  readonly contents: Contents
  readonly served: BoundedMap<Row, Served>
  /** What the rows of partials say: thousands of prompts may include one. */
  readonly partials: BoundedMap<Row, PromptFile>
}

export const createShared = (): Shared => ({
  contents: new Contents(),
  served: createSizedMap(SERVED_LIMIT, ({ size }) => size),
  partials: createSizedMap(MOST_PARTIALS, () => 1),
})

/** What an environment serves, as far as that follows from the commit. */
export interface Standings {
  readonly environment: Environment
  readonly tip: Oid
  readonly isShallow: boolean
  readonly rows: ReadonlyMap<Slug, Row>
  readonly invalid: ReadonlySet<Slug>
  readonly unknown: ReadonlySet<Slug>
  /** How many prompts changed, in any environment, since what was written to the cache; without end where nothing was. */
  readonly unsaved: number
}

export class LoadedSnapshot implements Snapshot {
  readonly standings: Standings
  readonly provisional: ReadonlySet<Oid>
  readonly slugs: readonly Slug[]
  readonly invalid: readonly Slug[]
  readonly unknown: readonly Slug[]
  readonly #shared: Shared
  #names: ReadonlyMap<string, Row> | undefined

  constructor(standings: Standings, provisional: ReadonlySet<Oid>, shared: Shared) {
    this.standings = standings
    this.provisional = provisional
    // Slugs are ASCII, so this is byte order.
    this.slugs = [...standings.rows.keys()].sort()
    this.invalid = [...standings.invalid].sort()
    this.unknown = [...standings.unknown].sort()
    this.#shared = shared
  }

  get environment(): Environment {
    return this.standings.environment
  }

  get tip(): Oid {
    return this.standings.tip
  }

  get size(): number {
    return this.slugs.length
  }

  find(name: string): ServedPrompt | undefined {
    const row = this.standings.rows.get(name as Slug) ?? this.#rowNamed(name)
    if (row === undefined) return undefined
    const known = this.#shared.served.get(row)
    return known !== undefined && this.#isCurrent(known) ? known : this.#serve(row)
  }

  list(): readonly DeliveredSummary[] {
    return this.slugs.flatMap((slug) => {
      const row = this.standings.rows.get(slug)
      return row === undefined ? [] : [readSummary(row, this.environment)]
    })
  }

  /** A number becomes final when its commit is pushed, which changes no row. */
  #isCurrent({ commit, isProvisional }: Served): boolean {
    return commit === null || this.provisional.has(commit) === isProvisional
  }

  #serve(row: Row): Served {
    const { environment, provisional } = this
    const partials = this.#partialsOf(row)
    const served = new Served(row, { environment, provisional, partials, readPartial: this.#readPartial })
    this.#shared.served.set(row, served)
    return served
  }

  readonly #readPartial = (row: Row): PromptFile => {
    const { partials } = this.#shared
    const known = partials.get(row) ?? readRowPrompt(row, this.environment)
    partials.set(row, known)
    return known
  }

  #rowNamed(name: string): Row | undefined {
    this.#names ??= indexNames(this.slugs.flatMap((slug) => this.standings.rows.get(slug) ?? []))
    return this.#names.get(name)
  }

  #partialsOf({ slug: own, content }: Row): readonly Row[] {
    const found = new Map<Slug, Row>()
    const pending = [...content.includes]
    for (let slug = pending.pop(); slug !== undefined; slug = pending.pop()) {
      const row = this.standings.rows.get(slug)
      if (row === undefined || row.content.isChat || found.has(slug) || slug === own) continue
      found.set(slug, row)
      pending.push(...row.content.includes)
    }
    return [...found.values()].sort((a, b) => (a.slug < b.slug ? -1 : 1))
  }
}

/** The prompts that two snapshots of one environment serve otherwise, in byte order. */
export function changedSlugs(before: Snapshot, after: Snapshot): readonly Slug[] {
  if (!(before instanceof LoadedSnapshot && after instanceof LoadedSnapshot)) return []
  const [old, now] = [before.standings.rows, after.standings.rows]
  const changed = [...now].filter(([slug, row]) => old.get(slug) !== row).map(([slug]) => slug)
  const gone = [...old.keys()].filter((slug) => !now.has(slug))
  return [...changed, ...gone].sort()
}
