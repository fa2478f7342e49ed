import type { Oid } from '../../core/history.js'
import type { LedgerRow } from '../../core/ledger.js'
import type { Slug } from '../../core/slug.js'
import type { Cache } from '../ports.js'
import { readCheckedJson, writeCheckedJson } from './checked-json.js'

/** A final number that meant one commit, and does so no longer since history was rewritten. */
export interface MovedNumber {
  readonly slug: Slug
  readonly version: number
  readonly was: Oid
}

type Rows = ReadonlyMap<Slug, readonly LedgerRow[]>

const FORMAT = 2
const NAME = 'moves'
const MOST = 1000

/** Compares what was known with what history says now, and keeps which final numbers moved for `doctor` and `serve`. */
export function recordMoves(cache: Cache, before: Rows, after: Rows, isFinal: (commit: Oid) => boolean): void {
  const moves: MovedNumber[] = []
  for (const [slug, list] of before) {
    for (const { version, commit } of list) {
      const isMoved = after.get(slug)?.[version - 1]?.commit !== commit && isFinal(commit)
      if (isMoved && moves.length < MOST) moves.push({ slug, version, was: commit })
    }
  }
  if (moves.length === 0) return
  const known = new Set(moves.map(keyOf))
  const older = readMoves(cache).filter((move) => !known.has(keyOf(move)))
  writeCheckedJson(cache, NAME, FORMAT, [...moves, ...older].slice(0, MOST))
}

const keyOf = ({ slug, version, was }: MovedNumber): string => `${slug}@${version} ${was}`

/** What moved since the caches were cleared, the last rewriting first; empty when nothing did. */
export const readMoves = (cache: Cache): readonly MovedNumber[] =>
  readCheckedJson<readonly MovedNumber[]>(cache, NAME, FORMAT) ?? []
