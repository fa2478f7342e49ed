/** A template as one text: its partials put in, for readers that know none. */

import { PromptctlError } from './errors.js'
import type { Tag } from './tags.js'
import { parseTemplate, type TemplateNode } from './template.js'

/** As much as a compiled prompt may have, in UTF-16 code units. */
const MOST_TEXT = 1024 * 1024
const LINE_WITH_TEXT = /(^|\n)(?!\r?\n|$)/g

/**
 * The text with every partial in place, indented as Mustache does; a text without partials as it is. `partial` gives the text
 * of one, and all must be there without a circle (preparing the prompt checks that). Throws `output_limit` beyond 1 MiB.
 */
export function expandPartials(text: string, partial: (slug: string) => string): string {
  const expanded = new Map<string, string>()
  const expandPartial = (slug: string): string => {
    const known = expanded.get(slug)
    if (known !== undefined) return known
    const whole = expand(partial(slug), expandPartial)
    expanded.set(slug, whole)
    return whole
  }
  return parseTemplate(text).tags.some(isPartial) ? expand(text, expandPartial) : text
}

const isPartial = ({ kind }: Tag): boolean => kind === '>'

function expand(text: string, partial: (slug: string) => string): string {
  const { nodes, tags } = parseTemplate(text)
  // A partial would be read with the delimiters around it, so these are the usual ones.
  if (tags.some(({ kind }) => kind === '=')) return expand(formatNodes(nodes), partial)
  let [whole, done] = ['', 0]
  for (const tag of tags.filter(isPartial)) {
    const { start, end, indent } = rangeOf(text, tag)
    const inner = partial(tag.inner)
    whole += text.slice(done, start) + (indent === '' ? inner : inner.replace(LINE_WITH_TEXT, (lead) => lead + indent))
    done = end
    if (whole.length > MOST_TEXT) throw new PromptctlError('output_limit', 'The partials expand beyond 1 MiB')
  }
  return whole + text.slice(done)
}

/** A tag that is alone on its line takes the line with it. */
function rangeOf(text: string, { start, end }: Tag): { start: number; end: number; indent: string } {
  const before = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, start))
  const after = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(end))
  if (before === null || after === null) return { start, end, indent: '' }
  const indent = before[1] ?? ''
  return { start: start - indent.length, end: end + after[0].length, indent }
}

const formatNodes = (nodes: readonly TemplateNode[]): string => nodes.map(formatNode).join('')

function formatNode(node: TemplateNode): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'value':
      return `{{${node.name}}}`
    case 'partial':
      return node.indent === '' ? `{{> ${node.slug}}}` : `${node.indent}{{> ${node.slug}}}\n`
    case 'section':
      return `{{${node.inverted ? '^' : '#'}${node.name}}}${formatNodes(node.nodes)}{{/${node.name}}}`
  }
}
