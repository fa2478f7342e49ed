import type { Oid } from '../core/history.js'
import { type Cell, createCells } from '../core/overview.js'
import type { Environment, Slug } from '../core/slug.js'
import { createQuery, readAllVersions, readVersionsOf } from './history.js'
import { readCheckedJson, writeCheckedJson } from './ledger/checked-json.js'
import { slugsChangedSince } from './ledger/ledger.js'
import type { Registry } from './registry.js'

/** The cells of one environment at one commit, by slug. */
export type Overview = ReadonlyMap<Slug, Cell>

/** To be raised when the same history would give other cells. */
const FORMAT = 3

interface StoredOverview {
  readonly prefix: string
  readonly tip: Oid
  /** In promotion order: relations depend on it. */
  readonly environments: readonly Environment[]
  readonly cells: readonly PackedCell[]
}

type PackedCell = readonly [
  slug: Slug,
  version: number,
  state: Cell['state'],
  title: string | null,
  tags: readonly string[],
  liveVersion: number | null,
  liveDigest: string | null,
  relation: Cell['relation'],
]

/**
 * Where every prompt stands in an environment at `tip`. Kept, so that looking again costs reading one file; after new
 * commits only their prompts are looked at. Throws `unsupported` in a shallow clone.
 */
export async function readOverview(registry: Registry, tip: Oid, environment: Environment): Promise<Overview> {
  const stored = await readStored(registry, environment)
  if (stored?.tip === tip) return new Map(stored.cells.map(unpackCell))
  const query = await createQuery(registry, tip)
  const changed = stored === undefined ? undefined : await slugsChangedSince(await registry.git(), query, stored.tip)
  const cells = new Map(changed === undefined ? [] : stored?.cells.map(unpackCell))
  const versions =
    changed === undefined ? await readAllVersions(registry, tip) : await readVersionsOf(registry, tip, [...changed])
  for (const [slug, list] of versions) {
    const cell = createCells(list, registry.config.environments).get(environment)
    if (cell !== undefined) cells.set(slug, cell)
  }
  if (query.keep) await store(registry, environment, tip, cells)
  return cells
}

const nameOf = (environment: Environment): string => `overview/${environment}`

async function readStored(registry: Registry, environment: Environment): Promise<StoredOverview | undefined> {
  const { cache, prefix } = await registry.git()
  const stored = readCheckedJson<StoredOverview>(cache, nameOf(environment), FORMAT)
  const isOurs = stored?.prefix === prefix && stored.environments.join() === registry.config.environments.join()
  return isOurs ? stored : undefined
}

async function store(registry: Registry, environment: Environment, tip: Oid, cells: Overview): Promise<void> {
  const { cache, prefix } = await registry.git()
  const { environments } = registry.config
  const value: StoredOverview = { prefix, tip, environments, cells: [...cells].map(packCell) }
  writeCheckedJson(cache, nameOf(environment), FORMAT, value)
}

const packCell = ([slug, cell]: readonly [Slug, Cell]): PackedCell => [
  slug,
  cell.version,
  cell.state,
  cell.title,
  cell.tags,
  cell.liveVersion,
  cell.liveDigest,
  cell.relation,
]

function unpackCell(packed: PackedCell): [Slug, Cell] {
  const [slug, version, state, title, tags, liveVersion, liveDigest, relation] = packed
  return [slug, { version, state, title, tags, liveVersion, liveDigest, relation }]
}
