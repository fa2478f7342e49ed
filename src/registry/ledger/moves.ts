import type { LedgerRow } from '../../core/ledger.js'
import { createRows } from '../../core/ledger.js'
import type { Slug } from '../../core/slug.js'
import type { Cache } from '../ports.js'
import type { RegistryRepository } from '../registry.js'
import { readCheckedJson, writeCheckedJson } from './checked-json.js'
import { readAllStoredRows, readStoredLedger, rowCount } from './store.js'

/** A number that meant one commit, and means another since history was rewritten. */
export interface MovedNumber {
  readonly slug: Slug
  readonly version: number
  readonly was: string
  /** Null when the number is gone. */
  readonly is: string | null
}

const FORMAT = 1
const NAME = 'moves'
const MOST = 1000

/** Compares the rows of a ledger that is made anew with those of the one that it replaces, and keeps what moved for `doctor`. */
export function recordMoves(
  { cache, prefix }: RegistryRepository,
  rows: ReadonlyMap<Slug, readonly LedgerRow[]>,
): void {
  const stored = readStoredLedger(cache, prefix)
  const older = stored === undefined ? undefined : readAllStoredRows(cache, stored.segments)
  if (stored === undefined || older === undefined) return
  const moves: MovedNumber[] = []
  for (const [slug, list] of createRows(stored.tail, prefix, older, rowCount(stored))) {
    for (const { version, commit } of list) {
      const is = rows.get(slug)?.[version - 1]?.commit
      if (is !== commit && moves.length < MOST) moves.push({ slug, version, was: commit, is: is ?? null })
    }
  }
  if (moves.length > 0) writeCheckedJson(cache, NAME, FORMAT, moves)
}

/** What moved when the ledger was last made anew; empty when nothing did. */
export const readMoves = (cache: Cache): readonly MovedNumber[] =>
  readCheckedJson<readonly MovedNumber[]>(cache, NAME, FORMAT) ?? []
