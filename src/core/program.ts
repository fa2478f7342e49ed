/** Templates joined with their partials and declarations: what the interpreter runs. */

import { PromptctlError } from './errors.js'
import type { Position, VariableSchema } from './prompt-file.js'
import type { SectionNode, Template, TemplateNode, ValueNode } from './template.js'
import { parseTemplate } from './template.js'

/** A template and where it came from, for messages. */
export interface TemplateSource {
  readonly template: Template
  /** The path of the prompt file. */
  readonly file: string
  /** Maps an offset in the template's text to a place in the file. */
  readonly locate: (offset: number) => Position
}

/** The place of one tag. */
export interface TagPlace extends Position {
  readonly file: string
}

export const TEXT = 0
export const VALUE = 1
export const SECTION = 2
export const INCLUDE = 3

/** One step of a program. All have the same fields, so that the interpreter's accesses stay fast. */
export interface Step {
  readonly op: typeof TEXT | typeof VALUE | typeof SECTION | typeof INCLUDE
  /** The literal of TEXT. */
  readonly text: string
  /** The name as it is written; empty for TEXT and INCLUDE. */
  readonly name: string
  /** The parts of a dotted name: the first, and what follows it. */
  readonly first: string
  readonly rest: readonly string[]
  /** VALUE: inserted without the escaping of a lenient rendering. SECTION: inverted. */
  readonly flag: boolean
  /** What the prompt declares for `first`. */
  readonly declared: VariableSchema | undefined
  /** The body of SECTION and INCLUDE. */
  readonly program: Program
  readonly place: () => TagPlace
}

export type Program = readonly Step[]

export interface LinkOptions {
  /** The declarations of the prompt and its partials, by name. */
  readonly declared: ReadonlyMap<string, VariableSchema>
  /** Undefined leaves the partial out. */
  readonly partial: (slug: string) => TemplateSource | undefined
  /** Of the partials' names; only a test of the public specification needs another than the default. */
  readonly partialName?: RegExp
}

/** Partials that are linked for one prompt, indented, in UTF-16 code units: they can multiply. */
const MOST_TEXT = 8 * 1024 * 1024
/** What a short partial costs, in the same unit. */
const LEAST_TEXT = 1024
const NONE: Program = []
const NO_PARTS: readonly string[] = []

/** Links templates of one prompt. A partial is linked once for each indentation. Throws `output_limit` for too many. */
export class Linker {
  readonly #options: LinkOptions
  readonly #partials = new Map<string, Program>()
  #size = 0

  constructor(options: LinkOptions) {
    this.#options = options
  }

  link({ template, file, locate }: TemplateSource): Program {
    const place = (offset: number) => () => ({ file, ...locate(offset) })
    return this.#linkNodes(template.nodes, place)
  }

  #linkNodes(nodes: readonly TemplateNode[], place: PlaceOf): Program {
    return nodes.map((node) => this.#linkNode(node, place))
  }

  #linkNode(node: TemplateNode, place: PlaceOf): Step {
    if (node.kind === 'text') return { ...EMPTY_STEP, text: node.text }
    const step = { ...EMPTY_STEP, place: place(node.offset) }
    if (node.kind === 'partial') return { ...step, op: INCLUDE, program: this.#linkPartial(node.slug, node.indent) }
    const named = { ...step, ...this.#linkName(node) }
    if (node.kind === 'value') return { ...named, op: VALUE, flag: node.verbatim }
    return { ...named, op: SECTION, flag: node.inverted, program: this.#linkNodes(node.nodes, place) }
  }

  #linkName({ name }: ValueNode | SectionNode) {
    const [first = name, ...rest] = name === '.' ? [name] : name.split('.')
    return { name, first, rest: rest.length > 0 ? rest : NO_PARTS, declared: this.#options.declared.get(first) }
  }

  #linkPartial(slug: string, indent: string): Program {
    const key = `${slug} ${indent}`
    const known = this.#partials.get(key)
    if (known) return known
    const source = this.#options.partial(slug)
    if (!source) return NONE
    // Filled below: a partial that includes itself (lenient rendering alone) finds this very array.
    const program: Step[] = []
    this.#partials.set(key, program)
    this.#charge(source, indent)
    const linked = this.link(indent === '' ? source : indentSource(source, indent, this.#options.partialName))
    for (const step of linked) program.push(step)
    return program
  }

  #charge({ template, file }: TemplateSource, indent: string) {
    const lines = indent === '' ? 0 : template.source.split('\n').length
    this.#size += Math.max(LEAST_TEXT, template.source.length + lines * indent.length)
    if (this.#size > MOST_TEXT) throw new PromptctlError('output_limit', `partials expand beyond 8 MiB at ${file}`)
  }
}

type PlaceOf = (offset: number) => Step['place']

const EMPTY_STEP: Step = {
  op: TEXT,
  text: '',
  name: '',
  first: '',
  rest: NO_PARTS,
  flag: false,
  declared: undefined,
  program: NONE,
  place: () => ({ file: '', line: 1, column: 1 }),
}

const LINE_WITH_TEXT = /(^|\n)(?!\r?\n|$)/g

/** Mustache indents the lines of a partial before it is rendered, so that values with line breaks stay as they are. */
function indentSource(
  { template, file, locate }: TemplateSource,
  indent: string,
  partialName?: RegExp,
): TemplateSource {
  const source = template.source.replace(LINE_WITH_TEXT, (lineBreak) => lineBreak + indent)
  const withoutIndents = (offset: number) => {
    const lines = template.source.matchAll(LINE_WITH_TEXT)
    let original = offset
    for (const line of lines) {
      if (line.index + line[0].length > original - indent.length) break
      original -= indent.length
    }
    return original
  }
  const options = partialName ? { partialName } : {}
  return { template: parseTemplate(source, options), file, locate: (offset) => locate(withoutIndents(offset)) }
}
