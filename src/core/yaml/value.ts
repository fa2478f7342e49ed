import { isMap, isScalar, isSeq, type ParsedNode, Scalar, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Json, JsonObject } from '../prompt-file.js'
import { type Fault, MAX_FAULTS } from './fault.js'
import {
  duplicateKey,
  inexactNumber,
  isOtherInYaml11,
  isSurelyText,
  LONE_SURROGATE,
  resolvePlain,
  SPLIT_PAIR,
} from './plain.js'

export type Path = readonly (string | number)[]

/** Unquoted text that is text here, and something else to a reader of YAML 1.1: `yes`, `12:30`, `2024-01-01`. */
export interface Ambiguous {
  readonly path: Path
  readonly offset: number
  readonly text: string
}

export interface Converted {
  readonly value: JsonObject
  readonly ambiguous: readonly Ambiguous[]
  readonly faults: readonly Fault[]
}

/** What is gathered on the way down; `path` is where the walk stands. */
export interface Walk {
  readonly path: (string | number)[]
  readonly ambiguous: Ambiguous[]
  readonly faults: Fault[]
}

/** The JSON value of a mapping. The depth of the tree is known to be small. */
export function convertRoot(root: ParsedNode | undefined): Converted {
  const walk: Walk = { path: [], ambiguous: [], faults: [] }
  if (root === undefined) return { ...walk, value: {} }
  if (!isMap(root)) {
    const message = 'the file must hold keys and values, such as "title: Greeting"'
    return { ...walk, value: {}, faults: [{ offset: root.range[0], message }] }
  }
  return { ...walk, value: convertMap(root, walk) }
}

function convertNode(node: unknown, walk: Walk): Json {
  if (node instanceof Scalar) return convertScalar(node, walk)
  if (isMap(node)) return convertMap(node, walk)
  if (isSeq(node)) return convertList(node, walk)
  return null
}

function convertMap(map: YAMLMap, walk: Walk): JsonObject {
  const object: Record<string, Json> = {}
  const seen = new Set<string>()
  for (const { key: keyNode, value } of map.items) {
    const key = convertKey(keyNode, seen, walk)
    if (key === undefined) {
      if (walk.faults.length >= MAX_FAULTS) break
      continue
    }
    walk.path.push(key)
    object[key] = convertNode(value, walk)
    walk.path.pop()
  }
  return object
}

function convertList({ items }: YAMLSeq, walk: Walk): Json[] {
  return items.map((item, index) => {
    walk.path.push(index)
    const value = convertNode(item, walk)
    walk.path.pop()
    return value
  })
}

/** The key's text, or undefined after a fault was reported. */
function convertKey(node: unknown, seen: Set<string>, walk: Walk): string | undefined {
  const [offset] = rangeOf(node)
  const key = isScalar(node) ? keyText(node) : undefined
  const message =
    key === undefined
      ? 'a key must be text: quote it'
      : key === '__proto__'
        ? 'the key __proto__ is not allowed'
        : seen.has(key)
          ? duplicateKey(key)
          : undefined
  if (message === undefined && key !== undefined) {
    checkSurrogates(key, node, walk)
    seen.add(key)
    return key
  }
  walk.faults.push({ offset, message: message ?? '' })
  return undefined
}

/** A number is kept as it is written: 1.50 is the key "1.50". */
export function keyText(node: Scalar): string | undefined {
  const source = String(node.value)
  if (node.type !== Scalar.PLAIN) return source
  const meaning = resolvePlain(source)
  return typeof meaning === 'string' || typeof meaning === 'number' ? source : undefined
}

function convertScalar(node: Scalar, walk: Walk): Json {
  const source = String(node.value)
  if (node.type !== Scalar.PLAIN) {
    if (node.type === Scalar.QUOTE_DOUBLE) checkSurrogates(source, node, walk)
    return source
  }
  return convertPlain(source, rangeOf(node)[0], walk)
}

/** What unquoted text at `offset` says; null after a fault was reported. */
export function convertPlain(source: string, offset: number, walk: Walk): Json {
  if (isSurelyText(source)) return source
  const meaning = resolvePlain(source)
  if (typeof meaning === 'string' && isOtherInYaml11(source)) {
    walk.ambiguous.push({ path: [...walk.path], offset, text: source })
  }
  if (meaning === null || typeof meaning !== 'object') return meaning
  walk.faults.push({ offset, message: inexactNumber(meaning.inexact) })
  return null
}

function checkSurrogates(text: string, node: unknown, { faults }: Walk): void {
  if (LONE_SURROGATE.test(text)) faults.push({ offset: rangeOf(node)[0], message: SPLIT_PAIR })
}

const rangeOf = (node: unknown): readonly [number, number] =>
  isScalar(node) && node.range ? [node.range[0], node.range[1]] : [0, 0]
