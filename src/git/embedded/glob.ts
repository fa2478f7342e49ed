/** Longer patterns match nothing: a path is at most 4096 bytes, and matching costs pattern times path. */
const MAX_PATTERN = 1024

/**
 * git's wildmatch with WM_PATHNAME (https://git-scm.com/docs/gitignore#_pattern_format): `*` and `?` stop at a slash,
 * `**` as a whole part crosses it. Each pair of positions is tried once, so a hostile pattern cannot take for ever.
 */
export function matchesGlob(pattern: string, text: string, { ignoreCase = false } = {}): boolean {
  if (pattern.length > MAX_PATTERN) return false
  const [glob, subject] = ignoreCase ? [pattern.toLowerCase(), text.toLowerCase()] : [pattern, text]
  const failed = new Set<number>()
  const match = (at: number, position: number): boolean => {
    const key = at * (subject.length + 1) + position
    if (failed.has(key)) return false
    const result = step(at, position)
    if (!result) failed.add(key)
    return result
  }
  const step = (at: number, position: number): boolean => {
    const char = glob[at]
    if (char === undefined) return position === subject.length
    if (char === '*') return star(at, position)
    const next = subject[position]
    if (next === undefined) return false
    if (char === '?') return next !== '/' && match(at + 1, position + 1)
    if (char === '[') {
      const set = readClass(glob, at, next)
      if (set !== undefined) return set.matches && next !== '/' && match(set.end, position + 1)
    }
    if (char === '\\' && at + 1 < glob.length) return glob[at + 1] === next && match(at + 2, position + 1)
    return char === next && match(at + 1, position + 1)
  }
  const star = (at: number, position: number): boolean => {
    let end = at
    while (glob[end] === '*') end += 1
    const crosses = end - at === 2 && isPart(glob, at, end)
    // `**/` also matches nothing at all: `a/**/b` is `a/b` too.
    if (crosses && glob[end] === '/' && match(end + 1, position)) return true
    for (let to = position; to <= subject.length; to += 1) {
      if (match(end, to)) return true
      if (!crosses && subject[to] === '/') return false
    }
    return false
  }
  return match(0, 0)
}

const isPart = (glob: string, start: number, end: number): boolean =>
  (start === 0 || glob[start - 1] === '/') && (end === glob.length || glob[end] === '/')

/** A `[a-z]` class that begins at `at`: whether `char` is in it, and where it ends; undefined when it never closes. */
function readClass(glob: string, at: number, char: string): { matches: boolean; end: number } | undefined {
  let position = at + 1
  const negated = glob[position] === '!' || glob[position] === '^'
  if (negated) position += 1
  const first = position
  let found = false
  for (; position < glob.length; position += 1) {
    if (glob[position] === ']' && position > first) return { matches: found !== negated, end: position + 1 }
    if (glob[position] === '\\') position += 1
    const low = glob[position] ?? ''
    const isRange = glob[position + 1] === '-' && glob[position + 2] !== ']' && glob[position + 2] !== undefined
    const high = isRange ? (glob[position + 2] ?? low) : low
    if (isRange) position += 2
    if (low <= char && char <= high) found = true
  }
  return undefined
}
