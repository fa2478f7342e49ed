import { type ParsedNode, Scalar } from 'yaml'
import { type ErrorCode, PromptctlError } from './errors.js'
import { parsePromptPath } from './paths.js'
import type { JsonObject, Position, Problem } from './prompt-file.js'
import type { Fault } from './yaml/fault.js'
import type { YamlLimits } from './yaml/limits.js'
import { Lines } from './yaml/lines.js'
import { findNode, type Mapping, mappingOf, type Range, styleOf, toRange } from './yaml/nodes.js'
import { findEntriesQuickly, findQuickly, readQuickly } from './yaml/quick.js'
import { offsetInScalar } from './yaml/scalar-offset.js'
import { composeYaml } from './yaml/syntax.js'
import { decodeText } from './yaml/text.js'
import { type Ambiguous, convertRoot, type Path } from './yaml/value.js'

export type { Entry, Mapping, Range, Style } from './yaml/nodes.js'
export type { Ambiguous, Path } from './yaml/value.js'

/** All that is wrong with one file, in its order. `details.problems` is `[{file, line, column, message}]`. */
export class YamlProblems extends PromptctlError {
  readonly problems: readonly Problem[]

  constructor(code: ErrorCode, file: string, problems: readonly Problem[]) {
    const [first] = problems
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
    const place = first === undefined ? file : `${file}:${first.line}:${first.column}: ${first.message}`
    super(code, `${place}${more}`, {
      details: { problems: problems.map(({ line, column, message }) => ({ file, line, column, message })) },
    })
    this.problems = problems
  }
}

/** The text of a YAML mapping, what it says, and where it says so. Positions count from 1 in UTF-16 code units. */
export class YamlSource {
  readonly file: string
  readonly text: string
  readonly value: JsonObject
  /** Unquoted text that a reader of YAML 1.1 takes for something else. */
  readonly ambiguous: readonly Ambiguous[]
  readonly #lines: Lines
  // Thousands of files are held at once, and few are asked for positions: the nodes may go, or were never made, and the
  // text is parsed for them then.
  #root: WeakRef<ParsedNode> | undefined
  readonly #limits: YamlLimits | undefined

  constructor(file: string, text: string, { root, limits, ...rest }: Parsed) {
    this.#limits = limits
    this.file = file
    this.text = text
    this.value = rest.value
    this.ambiguous = rest.ambiguous
    this.#lines = new Lines(text)
    this.#root = root === undefined ? undefined : new WeakRef(root)
  }

  /** Where the value at `path` begins; when it is missing, the nearest value around it that is there. */
  positionOf(path: Path): Position {
    const { node, key } = findNode(this.#nodes(), path)
    return this.positionAt((node ?? key)?.range[0] ?? 0)
  }

  /** Where the key that ends `path` begins; as `positionOf` when there is none. */
  keyPositionOf(path: Path): Position {
    const { node, key, steps } = findNode(this.#nodes(), path)
    return this.positionAt(((steps === path.length ? key : undefined) ?? node ?? key)?.range[0] ?? 0)
  }

  /** The offsets of the value at `path`; undefined when it is missing. */
  rangeOf(path: Path): Range | undefined {
    const { node, steps } = findNode(this.#nodes(), path)
    return node !== undefined && steps === path.length ? toRange(node) : undefined
  }

  /** Where the character at `offset` of the decoded text at `path` stands in the file. */
  locateInScalar(path: Path, offset: number): Position {
    const found = findQuickly(this.text, path, this.#limits)
    if (found !== undefined) return this.positionAt(offsetInScalar(this.text, found, offset))
    const { node, steps } = findNode(this.#nodes(), path)
    if (!(node instanceof Scalar) || steps < path.length) return this.positionOf(path)
    const scalar = { ...toRange(node), style: styleOf(node), value: String(node.value) }
    return this.positionAt(offsetInScalar(this.text, scalar, offset))
  }

  /** How the mapping at `path` is written; undefined when there is none. */
  mappingAt(path: Path): Mapping | undefined {
    const found = path.length === 0 ? findEntriesQuickly(this.text, this.#limits) : undefined
    if (found !== undefined) return found
    const { node, steps } = findNode(this.#nodes(), path)
    return steps === path.length ? mappingOf(node) : undefined
  }

  positionAt(offset: number): Position {
    return this.#lines.positionAt(offset)
  }

  #nodes(): ParsedNode | undefined {
    const kept = this.#root?.deref()
    if (kept !== undefined) return kept
    const { root } = composeYaml(this.text, this.#limits)
    if (root !== undefined) this.#root = new WeakRef(root)
    return root
  }
}

interface Parsed {
  readonly root?: ParsedNode | undefined
  readonly value: JsonObject
  readonly ambiguous: readonly Ambiguous[]
  readonly limits?: YamlLimits | undefined
}

/** Either what a file says, or what is wrong with it. */
export type YamlResult =
  | { readonly source: YamlSource; readonly problems: readonly [] }
  | { readonly source?: undefined; readonly problems: readonly Problem[] }

/** As `readYaml`, but gives the problems back. `limits` are those of a prompt file by default. */
export function tryReadYaml(content: Uint8Array | string, file: string, limits?: YamlLimits): YamlResult {
  const { text, fault } = decodeText(content)
  if (fault !== undefined) return failed(file, text, [fault])
  const quick = readQuickly(text, limits)
  if (quick !== undefined) return { source: new YamlSource(file, text, { ...quick, limits }), problems: [] }
  const { root, faults } = composeYaml(text, limits)
  if (faults.length > 0) return failed(file, text, faults)
  const { value, ambiguous, faults: valueFaults } = convertRoot(root)
  if (valueFaults.length > 0) return failed(file, text, valueFaults)
  return { source: new YamlSource(file, text, { root, value, ambiguous, limits }), problems: [] }
}

/**
 * Reads a strict subset of YAML 1.2 in linear time: one mapping of at most 1 MiB, nested at most 32 deep, without
 * anchors, aliases, tags, directives, duplicate keys or numbers that JSON cannot hold. An empty file is an empty
 * mapping. Throws YamlProblems, with `code`.
 */
export function readYaml(content: Uint8Array | string, file: string, code: ErrorCode = 'invalid_prompt'): YamlSource {
  const { source, problems } = tryReadYaml(content, file)
  if (source !== undefined) return source
  throw new YamlProblems(code, file, problems)
}

function failed(file: string, text: string, faults: readonly Fault[]): YamlResult {
  const lines = new Lines(text)
  const conflict = findConflict(file, text)
  const shown = conflict === undefined ? faults : [conflict]
  return { problems: shown.map(({ offset, message }) => ({ ...lines.positionAt(offset), message })) }
}

/**
 * What a merge left in a file that cannot be read: it explains whatever else is wrong there. Such a line in a template is
 * indented, and is text.
 */
function findConflict(file: string, text: string): Fault | undefined {
  const offset = text.search(/^<{7} /m)
  if (offset === -1) return undefined
  const where = parsePromptPath(file)
  const seal = where === undefined ? '' : `, then promptctl publish ${where.slug} --env ${where.environment} --stage`
  return { offset, message: `a merge conflict begins here: resolve it${seal}` }
}
