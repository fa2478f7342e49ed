/** Templates: Mustache (https://mustache.github.io/mustache.5.html), parsed once into a tree that is never changed. */

import Mustache from 'mustache'
import { parseTags, quoteTag, type Tag, templateFault } from './tags.js'

export interface TextNode {
  readonly kind: 'text'
  readonly text: string
}

/** `{{name}}`. `name` is dotted, or `.` for the current item; `verbatim` is true for `{{{name}}}` and `{{&name}}`. */
export interface ValueNode {
  readonly kind: 'value'
  readonly name: string
  readonly verbatim: boolean
  readonly offset: number
}

export interface SectionNode {
  readonly kind: 'section'
  readonly name: string
  readonly inverted: boolean
  readonly nodes: readonly TemplateNode[]
  readonly offset: number
}

/** `{{> slug}}`. `indent` goes before each line of the partial; it is empty unless the tag has its line for itself. */
export interface PartialNode {
  readonly kind: 'partial'
  readonly slug: string
  readonly indent: string
  readonly offset: number
}

/** `offset` is where the tag starts in the template, in UTF-16 code units. */
export type TemplateNode = TextNode | ValueNode | SectionNode | PartialNode

export interface Template {
  readonly source: string
  readonly nodes: readonly TemplateNode[]
  /** The tags, in order, as they stand in the source. */
  readonly tags: readonly Tag[]
}

export interface ParseOptions {
  /** What a partial's name must look like; by default a whole slug. */
  readonly partialName?: RegExp
}

const ASCII_NAME = /^(?:\.|[\w-]+(?:\.[\w-]+)*)$/
// Made where it is needed: to compile its classes takes longer than to parse a template.
const isName = (text: string): boolean =>
  ASCII_NAME.test(text) || /^[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*$/u.test(text)
/** Of a variable's name, in characters: as the schema of a prompt file has it. */
const LONGEST_NAME = 200
const FULL_SLUG = /^[a-z0-9-]+-[0-9a-f]{8}$/
/** How deep sections may nest. */
export const DEEPEST_SECTION = 32

/**
 * Parses a template. Throws `invalid_prompt` with `details.offset`, the place of the mistake in `text`. Names are dot-separated
 * letters, digits, `_` and `-`; partials are named by their whole slug.
 */
export function parseTemplate(text: string, { partialName = FULL_SLUG }: ParseOptions = {}): Template {
  const tags = parseTags(text)
  if (tags.length === 0) return { source: text, nodes: text === '' ? [] : [{ kind: 'text', text }], tags }
  for (const tag of tags) checkName(text, tag, partialName)
  const nodes = new TreeBuilder(text, tags).build(parseTokens(text, tags))
  return { source: text, nodes, tags }
}

function checkName(text: string, { kind, inner, start, end }: Tag, partialName: RegExp) {
  if (kind === '!' || kind === '=') return
  const quoted = quoteTag(text.slice(start, end))
  if (kind === '>') {
    if (partialName.test(inner)) return
    throw templateFault(start, `${quoted} does not name a partial by its whole slug, such as {{> tone-1a2b3c4d}}`)
  }
  if (!isName(inner)) throw templateFault(start, `${quoted} is not a name of letters, digits, _ and -, joined by dots`)
  const parts = inner.split('.')
  if (parts.includes('__proto__')) throw templateFault(start, `${quoted}: __proto__ cannot be a name`)
  if ([...(parts[0] ?? '')].length > LONGEST_NAME) {
    throw templateFault(start, `${quoted}: a name has at most ${LONGEST_NAME} characters`)
  }
}

/** What Mustache's parser makes of the tags: [type, name, start, end] and, for a section, its children. */
type Token = readonly [type: string, name: string, start: number, end: number, children?: readonly Token[]]

const writer = Object.assign(new Mustache.Writer(), { templateCache: undefined })

/**
 * Mustache's own parse of the tags alone. It spends 200 ns on each character of text, and time that is quadratic in a run
 * of white space inside a tag; so it is shown neither, and the text is cut from the source by the tags' places.
 */
function parseTokens(text: string, tags: readonly Tag[]): readonly Token[] {
  try {
    return writer.parse(tags.map(formatTag).join(''))
  } catch (error) {
    throw findImbalance(text, tags, error)
  }
}

function formatTag({ kind, inner }: Tag): string {
  if (kind === '{') return `{{{${inner}}}}`
  if (kind === '!' || kind === '=') return '{{!}}'
  return `{{${kind === 'name' ? '' : kind}${inner}}}`
}

function findImbalance(text: string, tags: readonly Tag[], cause: unknown) {
  const open: Tag[] = []
  const quote = ({ start, end }: Tag) => quoteTag(text.slice(start, end))
  for (const tag of tags) {
    if (tag.kind === '#' || tag.kind === '^') open.push(tag)
    if (tag.kind !== '/') continue
    const section = open.pop()
    if (!section) return templateFault(tag.start, `${quote(tag)} closes a section that is not open`, cause)
    if (section.inner !== tag.inner) {
      return templateFault(section.start, `the section ${quote(section)} is not closed before ${quote(tag)}`, cause)
    }
  }
  const section = open.pop()
  if (section) return templateFault(section.start, `the section ${quote(section)} is never closed`, cause)
  return templateFault(0, cause instanceof Error ? cause.message : String(cause), cause)
}

/** Turns nested tokens into nodes. The nth tag of the source is the nth that a walk over the tokens meets. */
class TreeBuilder {
  readonly #text: string
  readonly #tags: readonly Tag[]
  #next = 0
  /** Everything before this offset is in the tree already. */
  #done = 0

  constructor(text: string, tags: readonly Tag[]) {
    this.#text = text
    this.#tags = tags
  }

  build(tokens: readonly Token[]): readonly TemplateNode[] {
    const nodes: TemplateNode[] = []
    this.#addTokens(tokens, nodes, 0)
    addText(nodes, this.#text.slice(this.#done))
    return nodes
  }

  #addTokens(tokens: readonly Token[], nodes: TemplateNode[], depth: number) {
    for (const [type, name, , , children = []] of tokens) {
      const { tag, indent } = this.#takeTag(nodes)
      const offset = tag.start
      if (type === 'name' || type === '&') nodes.push({ kind: 'value', name, verbatim: type === '&', offset })
      else if (type === '>') nodes.push({ kind: 'partial', slug: name, indent, offset })
      else if (type === '#' || type === '^') {
        if (depth === DEEPEST_SECTION) throw templateFault(offset, `sections nest deeper than ${DEEPEST_SECTION}`)
        const inside: TemplateNode[] = []
        nodes.push({ kind: 'section', name, inverted: type === '^', nodes: inside, offset })
        this.#addTokens(children, inside, depth + 1)
        this.#takeTag(inside)
      }
    }
  }

  /** Moves past the next tag, and past its line where it is alone on it; what comes before goes into `nodes`. */
  #takeTag(nodes: TemplateNode[]): { tag: Tag; indent: string } {
    const tag = this.#tags[this.#next++] as Tag
    const line = tag.kind === 'name' || tag.kind === '{' || tag.kind === '&' ? undefined : lineOf(this.#text, tag)
    addText(nodes, this.#text.slice(this.#done, line?.start ?? tag.start))
    this.#done = line?.end ?? tag.end
    return { tag, indent: line ? this.#text.slice(line.start, tag.start) : '' }
  }
}

const addText = (nodes: TemplateNode[], text: string) => {
  if (text !== '') nodes.push({ kind: 'text', text })
}

/** The line that a tag has for itself, with its line break; undefined when something else is on it. */
function lineOf(text: string, tag: Tag): { start: number; end: number } | undefined {
  let start = tag.start
  while (start > 0 && isBlank(text.charCodeAt(start - 1))) start--
  if (start > 0 && text.charCodeAt(start - 1) !== LINE_FEED) return undefined
  let end = tag.end
  while (isBlank(text.charCodeAt(end))) end++
  if (text.startsWith('\r\n', end)) return { start, end: end + 2 }
  if (end === text.length) return { start, end }
  return text.charCodeAt(end) === LINE_FEED ? { start, end: end + 1 } : undefined
}

const LINE_FEED = 10
const isBlank = (code: number) => code === 32 || code === 9
