/** A template in pieces: plain text, and names that are inserted. */
export type Piece = { readonly text: string } | { readonly name: string }

interface Delimiters {
  readonly open: string
  readonly close: string
}

const MUSTACHE: Delimiters = { open: '{{', close: '}}' }
// No pair whose opening begins as it ends: the text `[` before `[[name]]` would read `[[` one character too early.
const PAIRS = ['<%', '[%', '(%', '<@', '[@', '(@', '<~', '[~', '(~', '<|', '[|', '(|']
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['[', ']'],
  ['(', ')'],
])
/** With more stretches of braces than this the whole template uses other delimiters, which its first line says. */
const MAX_STRETCHES = 3

/**
 * The Mustache template whose plain text is exactly that of `pieces`. Braces that Mustache would read as a tag stand
 * between set-delimiter tags: `{{=<% %>=}}{{x}}<%={{ }}=%>` is the text `{{x}}`.
 */
export function formatTemplate(pieces: readonly Piece[]): string {
  const stretches = pieces.map((piece, index) => {
    const next = pieces[index + 1]
    return 'text' in piece ? findBraces(piece.text, next !== undefined && 'name' in next) : []
  })
  const count = stretches.reduce((sum, list) => sum + list.length, 0)
  if (count === 0) return pieces.map((piece) => formatPiece(piece, MUSTACHE)).join('')
  const other = freeDelimiters(pieces)
  const change = `{{=${other.open} ${other.close}=}}`
  if (count > MAX_STRETCHES) {
    // A set-delimiter tag that stands alone on its line is removed with the line.
    return `${change}\n${pieces.map((piece) => formatPiece(piece, other)).join('')}`
  }
  const back = `${other.open}={{ }}=${other.close}`
  const wrap = (text: string, ranges: readonly Range[]) => wrapRanges(text, ranges, change, back)
  return pieces
    .map((piece, index) => ('text' in piece ? wrap(piece.text, stretches[index] ?? []) : formatPiece(piece, MUSTACHE)))
    .join('')
}

const formatPiece = (piece: Piece, { open, close }: Delimiters): string =>
  'text' in piece ? piece.text : `${open}${piece.name}${close}`

type Range = readonly [start: number, end: number]

/**
 * Where `text` must not be read as Mustache: in each line from the first `{{` to the last `}}` (or `{{`, when that comes
 * later), and a `{` at the very end when a tag follows it. Each range begins and ends with a brace, so the tags around
 * it never stand alone on a line.
 */
function findBraces(text: string, tagFollows: boolean): Range[] {
  const ranges: Range[] = []
  for (let start = text.indexOf('{{'); start !== -1; ) {
    const lineEnd = text.indexOf('\n', start)
    const line = text.slice(start, lineEnd === -1 ? text.length : lineEnd)
    ranges.push([start, start + Math.max(line.lastIndexOf('{{'), line.lastIndexOf('}}')) + 2])
    start = text.indexOf('{{', start + line.length)
  }
  if (!tagFollows || !text.endsWith('{')) return ranges
  const last = ranges.at(-1)
  const line = text.lastIndexOf('\n') + 1
  if (last === undefined || last[0] < line) return [...ranges, [text.length - 1, text.length]]
  return [...ranges.slice(0, -1), [last[0], text.length]]
}

function wrapRanges(text: string, ranges: readonly Range[], change: string, back: string): string {
  let wrapped = ''
  let seen = 0
  for (const [start, end] of ranges) {
    wrapped += `${text.slice(seen, start)}${change}${text.slice(start, end)}${back}`
    seen = end
  }
  return wrapped + text.slice(seen)
}

/** The first pair of delimiters that no text holds; longer ones where a text holds them all. */
function freeDelimiters(pieces: readonly Piece[]): Delimiters {
  for (let length = 1; ; length++) {
    for (const pair of PAIRS) {
      const mark = pair.charAt(1).repeat(length)
      const open = `${pair.charAt(0)}${mark}`
      const close = `${mark}${CLOSING.get(pair.charAt(0))}`
      const taken = pieces.some((piece) => 'text' in piece && (piece.text.includes(open) || piece.text.includes(close)))
      if (!taken) return { open, close }
    }
  }
}
