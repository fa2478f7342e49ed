import { compareBytes } from '../../core/paths.js'
import type { Difference, Entry } from '../../registry/ports.js'

/** The files that two lists of entries do not have alike, in byte order of the paths. */
export function compareEntries(before: readonly Entry[], after: readonly Entry[]): readonly Difference[] {
  const [old, now] = [byPath(before), byPath(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => !isSame(old.get(path), now.get(path)))
    .sort(compareBytes)
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }))
}

const byPath = (entries: readonly Entry[]): ReadonlyMap<string, Entry> =>
  new Map(entries.map((entry) => [entry.path, entry]))

const isSame = (a: Entry | undefined, b: Entry | undefined): boolean => a?.blob === b?.blob && a?.mode === b?.mode
