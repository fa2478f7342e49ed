/** A `${name}` or `${name:default}` in a text. */
export interface Placeholder {
  readonly start: number
  /** The index after its closing brace. */
  readonly end: number
  readonly name: string
  /** The exact text after the first colon. */
  readonly default?: string
}

interface Found {
  readonly placeholders: readonly Placeholder[]
  /** What begins like a placeholder and is none: shell and JavaScript expressions, nested and unclosed ones. */
  readonly unlike: readonly string[]
}

const MAX_NAME_LENGTH = 100
// Words, with single spaces, hyphens or apostrophes and the signs that labels have (`Q&A`, `Name / Title`) between them.
// No dots, brackets or operators: `${user.name}` and `${list[0]}` are somebody's code.
const NAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*(?:(?: ?[&/] ?|['’]|[ -]+)[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*)*$/u
// `${VAR:-word}`, `${VAR/old/new}` and their kin: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_06_02
const SHELL = /^[A-Za-z_][A-Za-z0-9_]*(?::[-=?+]|\/[^\s:]*\/)/

/** The placeholders of a text in order, in linear time. One that has another inside stays text as a whole, with it. */
export function findPlaceholders(text: string): Found {
  const placeholders: Placeholder[] = []
  const unlike: string[] = []
  const ends = matchBraces(text)
  for (let start = text.indexOf('${'); start !== -1; ) {
    const end = ends.get(start)
    const next = end ?? start + 2
    const placeholder = end === undefined ? undefined : parsePlaceholder(text, start, end)
    if (placeholder === undefined) unlike.push(text.slice(start, end ?? start + 20).split('\n', 1)[0] ?? '')
    else placeholders.push(placeholder)
    start = text.indexOf('${', next)
  }
  return { placeholders, unlike }
}

function parsePlaceholder(text: string, start: number, end: number): Placeholder | undefined {
  const inner = text.slice(start + 2, end - 1)
  const colon = inner.indexOf(':')
  const name = (colon === -1 ? inner : inner.slice(0, colon)).trim()
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name) || /[{}]/.test(inner) || SHELL.test(inner)) return undefined
  return colon === -1 ? { start, end, name } : { start, end, name, default: inner.slice(colon + 1) }
}

/**
 * The index after the closing brace, by the index of its `${`. A default may go over several lines; what has braces
 * inside is closed in its own line or not at all, so that one stray `${` does not swallow what follows.
 */
function matchBraces(text: string): Map<number, number> {
  const ends = new Map<number, number>()
  const open: { start: number; isPlaceholder: boolean; nested: boolean; line: number }[] = []
  let line = 0
  for (const { 0: token, index } of text.matchAll(/\$\{|[{}\n]/g)) {
    if (token === '\n') {
      line++
    } else if (token === '}') {
      const last = open.pop()
      if (last?.isPlaceholder && (!last.nested || last.line === line)) ends.set(last.start, index + 1)
    } else {
      const outer = open.at(-1)
      if (outer !== undefined) outer.nested = true
      open.push({ start: index, isPlaceholder: token !== '{', nested: false, line })
    }
  }
  return ends
}
