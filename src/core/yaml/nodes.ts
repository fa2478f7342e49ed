import { isMap, isSeq, type ParsedNode, Scalar } from 'yaml'
import { keyText, type Path } from './value.js'

/** From the first to behind the last character, as offsets in UTF-16 code units. */
export interface Range {
  readonly start: number
  readonly end: number
}

export type Style = 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'flow' | 'block'

/** A key with its value, as they stand in a mapping's text. */
export interface Entry {
  readonly key: string
  readonly keyRange: Range
  /**
   * Undefined for a key without a colon, in `{key}`. Empty, behind the colon, when nothing is written. Ends as `end` says.
   */
  readonly valueRange: Range | undefined
  readonly style: Style
  /** Behind the last character of the value that is not comment or white space; behind the newline of a block scalar. */
  readonly end: number
}

export interface Mapping {
  readonly start: number
  readonly style: 'flow' | 'block'
  readonly entries: readonly Entry[]
}

/** What stands at a path, and how many of its steps could be gone. */
export interface Found {
  readonly node: ParsedNode | undefined
  /** The key that led there; undefined at the root and in a list. */
  readonly key: ParsedNode | undefined
  readonly steps: number
}

/** The node at `path`, or the nearest one above it that is there. */
export function findNode(root: ParsedNode | undefined, path: Path): Found {
  let found: Found = { node: root, key: undefined, steps: 0 }
  for (const step of path) {
    const next = stepInto(found, step)
    if (next === undefined) break
    found = next
  }
  return found
}

function stepInto({ node, steps }: Found, step: string | number): Found | undefined {
  if (isSeq<ParsedNode>(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined
    return item === undefined ? undefined : { node: item, key: undefined, steps: steps + 1 }
  }
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return undefined
  const pair = node.items.find(({ key }) => key instanceof Scalar && keyText(key) === String(step))
  return pair === undefined ? undefined : { node: pair.value ?? undefined, key: pair.key, steps: steps + 1 }
}

/** Where a mapping's keys and values stand; undefined when `node` is none. */
export function mappingOf(node: ParsedNode | undefined): Mapping | undefined {
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return undefined
  const entries = node.items.map(({ key, value }): Entry => {
    const keyRange = toRange(key)
    return {
      key: key instanceof Scalar ? (keyText(key) ?? '') : '',
      keyRange,
      valueRange: value === null ? undefined : { start: value.range[0], end: endOf(value) },
      style: styleOf(value),
      end: value === null ? keyRange.end : endOf(value),
    }
  })
  return { start: node.range[0], style: node.flow === true ? 'flow' : 'block', entries }
}

export const toRange = ({ range }: ParsedNode): Range => ({ start: range[0], end: range[1] })

const SCALAR_STYLES: Readonly<Record<string, Style>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
}

export function styleOf(node: ParsedNode | null): Style {
  if (node instanceof Scalar) return SCALAR_STYLES[node.type ?? 'PLAIN'] ?? 'plain'
  return (isMap(node) || isSeq(node)) && node.flow !== true ? 'block' : 'flow'
}

/** A block collection's own range runs on into the comments behind it; its last value says where its text ends. */
function endOf(node: ParsedNode): number {
  if (styleOf(node) !== 'block') return node.range[1]
  const last: unknown = isMap<ParsedNode, ParsedNode | null>(node)
    ? (node.items.at(-1)?.value ?? node.items.at(-1)?.key)
    : isSeq<ParsedNode>(node)
      ? node.items.at(-1)
      : undefined
  return last === undefined ? node.range[1] : endOf(last as ParsedNode)
}
