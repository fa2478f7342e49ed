/** Which names a prompt and its partials use, and what they belong to: the static side of scope.ts. */

import { InnerNames } from './inner-names.js'
import type { TagPlace } from './program.js'
import type { VariableSchema } from './prompt-file.js'
import { type ContentSource, placeOf } from './prompt-templates.js'
import { allowsType, isContainer, ownsNames, propertyOf } from './scope.js'
import type { SectionNode, ValueNode } from './template.js'
import { type Text, textsIn, Walk, type WalkOptions } from './walk.js'

/** How one name is used. */
export interface Use {
  /** The first use, looked up when it is asked for. */
  readonly place: () => TagPlace
  /** The partial of the first use; undefined when that is in the prompt. */
  readonly partial: string | undefined
  /** Used in the prompt itself, and not only in partials. */
  inPrompt: boolean
  inserted: boolean
  sectioned: boolean
  inverted: boolean
  /** A part of it is named with a dot. */
  dotted: boolean
  /** `{{.}}` stands in a section over it. */
  itemInserted: boolean
  /** Names in a section over it belong to it. */
  scoped: boolean
  /** Names in a section over it belong to what is around. */
  transparent: boolean
  /** Its parts, by name: after a dot, or inside a section. */
  readonly fields: Map<string, Use>
}

interface Scope {
  readonly parent: Scope | undefined
  readonly use: Use
  readonly schema: VariableSchema | undefined
  readonly isDeclared: boolean
}

/** The variables that a prompt and its partials use, in order of first use, without placeholders. */
export function collectUses(source: ContentSource, options: WalkOptions): Map<string, Use> {
  const texts = textsIn(source, undefined)
  const inner = new InnerNames(options)
  for (const text of texts) inner.add(text)
  const collector = new UseCollector(options, inner)
  for (const text of texts) collector.add(text)
  return collector.uses
}

class UseCollector extends Walk<Scope | undefined> {
  readonly uses = new Map<string, Use>()
  readonly #inner: InnerNames

  constructor(options: WalkOptions, inner: InnerNames) {
    super(options)
    this.#inner = inner
  }

  add(text: Text) {
    this.walk(text, undefined)
  }

  protected value(node: ValueNode, text: Text, scope: Scope | undefined) {
    if (node.name === '.') {
      if (scope) scope.use.itemInserted = true
    } else this.#find(node, text, scope).use.inserted = true
  }

  protected section(node: SectionNode, text: Text, scope: Scope | undefined) {
    const inside = { ...text, nodes: node.nodes }
    const { use, schema } = node.name === '.' ? itemOf(scope) : this.#find(node, text, scope)
    if (use && node.inverted) use.inverted = true
    if (node.inverted || !use) return this.walk(inside, scope)
    use.sectioned = true
    const { isList, item } = itemSchema(schema)
    const isDeclared = ownsNames(schema, isList)
    if (isDeclared || (!isTyped(schema) && this.#inner.isHome(node.name))) use.scoped = true
    else if (this.#inner.hasNames(node.name)) use.transparent = true
    this.walk(
      inside,
      isTyped(schema) && !isContainer(schema) ? scope : { parent: scope, use, schema: item, isDeclared },
    )
  }

  /** The use of a whole dotted name, and what is declared for it. */
  #find({ name, offset }: ValueNode | SectionNode, text: Text, scope: Scope | undefined) {
    const [first = name, ...rest] = name.split('.')
    const owner = this.#ownerOf(first, scope)
    const place = () => placeOf(text.source, text.path, offset)
    const found = (uses: Map<string, Use>, part: string) => {
      const use = uses.get(part) ?? createUse(place, text.slug)
      uses.set(part, use)
      if (text.slug === undefined) use.inPrompt = true
      return use
    }
    let use = found(owner ? owner.use.fields : this.uses, first)
    let schema = owner ? propertyOf(owner.schema, first) : this.options.declared.get(first)
    for (const part of rest) {
      use.dotted = true
      use = found(use.fields, part)
      schema = propertyOf(schema, part)
    }
    return { use, schema }
  }

  #ownerOf(name: string, scope: Scope | undefined): Scope | undefined {
    for (let at = scope; at; at = at.parent) if (this.#belongsTo(at, name)) return at
    return undefined
  }

  #belongsTo({ schema, isDeclared, use, parent }: Scope, name: string): boolean {
    if (propertyOf(schema, name)) return true
    if (isDeclared && !schema?.properties) return true
    if (!isDeclared && !use.scoped) return false
    if (this.options.declared.has(name)) return false
    for (let at = parent; at; at = at.parent) if (propertyOf(at.schema, name)) return false
    return true
  }
}

const createUse = (place: () => TagPlace, partial: string | undefined): Use => ({
  place,
  partial,
  inPrompt: false,
  inserted: false,
  sectioned: false,
  inverted: false,
  dotted: false,
  itemInserted: false,
  scoped: false,
  transparent: false,
  fields: new Map(),
})

const isTyped = (schema: VariableSchema | undefined) => schema?.type !== undefined || isContainer(schema)

/** What a section's body is about, going by the declaration alone. */
function itemSchema(schema: VariableSchema | undefined): { isList: boolean; item: VariableSchema | undefined } {
  const isList =
    schema !== undefined && (schema.items !== undefined || (!schema.properties && allowsType(schema, 'array')))
  return { isList, item: isList ? schema.items : schema }
}

/** A section over `{{.}}` is one over the item of the section around it. */
function itemOf(scope: Scope | undefined): { use: Use | undefined; schema: VariableSchema | undefined } {
  if (scope) scope.use.itemInserted = true
  return { use: scope?.use, schema: scope?.schema }
}
