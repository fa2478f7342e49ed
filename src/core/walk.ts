/** Going over the tags of a prompt and of the partials in it. */

import { PromptctlError } from './errors.js'
import type { VariableSchema } from './prompt-file.js'
import {
  type ContentSource,
  type JsonPath,
  type PromptSource,
  type SourceFile,
  templatesOf,
} from './prompt-templates.js'
import type { PartialNode, SectionNode, TemplateNode, ValueNode } from './template.js'

export interface WalkOptions {
  readonly declared: ReadonlyMap<string, VariableSchema>
  /** Undefined leaves the partial out. */
  readonly partial: (slug: string) => PromptSource | undefined
}

/** Template nodes and their home. */
export interface Text {
  readonly nodes: readonly TemplateNode[]
  readonly source: SourceFile
  readonly path: JsonPath
  /** Undefined for the prompt itself. */
  readonly slug: string | undefined
}

const MOST_NODES = 400_000

/** The texts of a prompt; of a partial, with its slug. */
export const textsIn = (source: ContentSource, slug: string | undefined): Text[] =>
  templatesOf(source).map(({ path, template }) => ({ nodes: template.nodes, source, path, slug }))

/** Walks texts with their partials in place; an inclusion inside itself is passed over, since that is refused elsewhere. */
export abstract class Walk<Context> {
  protected readonly options: WalkOptions
  readonly #including: string[] = []
  #nodes = 0

  constructor(options: WalkOptions) {
    this.options = options
  }

  protected walk(text: Text, context: Context) {
    this.#nodes += text.nodes.length
    if (this.#nodes > MOST_NODES) throw new PromptctlError('output_limit', `partials expand to over ${MOST_NODES} tags`)
    for (const node of text.nodes) {
      if (node.kind === 'value') this.value(node, text, context)
      else if (node.kind === 'section') this.section(node, text, context)
      else if (node.kind === 'partial') this.#partial(node, context)
    }
  }

  #partial({ slug }: PartialNode, context: Context) {
    const source = this.#including.includes(slug) ? undefined : this.options.partial(slug)
    if (!source) return
    this.#including.push(slug)
    for (const text of textsIn(source, slug)) this.walk(text, context)
    this.#including.pop()
  }

  protected abstract value(node: ValueNode, text: Text, context: Context): void
  protected abstract section(node: SectionNode, text: Text, context: Context): void
}
