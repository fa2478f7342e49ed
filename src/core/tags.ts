/** Where a template's tags are: the part of a template that its parser and its error messages both need. */

import { PromptctlError } from './errors.js'

export type TagKind = 'name' | '{' | '&' | '#' | '^' | '/' | '>' | '!' | '='

/** One tag: `text.slice(start, end)` is the whole of it, delimiters included. `inner` is what names something. */
export interface Tag {
  readonly kind: TagKind
  readonly inner: string
  readonly start: number
  readonly end: number
}

/** A mistake in a template, as `invalid_prompt`; `details.offset` counts UTF-16 code units from the template's start. */
export const templateFault = (offset: number, message: string, cause?: unknown) =>
  new PromptctlError('invalid_prompt', message, { details: { offset }, cause })

interface Delimiters {
  readonly open: string
  readonly close: string
}

const DEFAULT: Delimiters = { open: '{{', close: '}}' }
const DELIMITERS = /^([^\s=]+) ([^\s=]+) ?=$/
const SPACE = /\s*/y
const KINDS = '{&#^/>!='
const LONGEST_QUOTE = 40
/** As many take a quarter of a second to parse. */
const MOST_TAGS = 100_000

/** Every tag of a template in order, with set-delimiter tags obeyed. Linear in the text. Throws `invalid_prompt`. */
export function parseTags(text: string): readonly Tag[] {
  const tags: Tag[] = []
  let delimiters = DEFAULT
  let start = text.indexOf(delimiters.open)
  while (start !== -1) {
    const tag = parseTag(text, start, delimiters)
    tags.push(tag)
    if (tags.length > MOST_TAGS) throw templateFault(start, `a template has at most ${MOST_TAGS} tags`)
    if (tag.kind === '=') delimiters = parseDelimiters(tag)
    start = text.indexOf(delimiters.open, tag.end)
  }
  return tags
}

function parseTag(text: string, start: number, { open, close }: Delimiters): Tag {
  const afterOpen = skipSpace(text, start + open.length)
  const sign = text.charAt(afterOpen)
  const kind = sign !== '' && KINDS.includes(sign) ? (sign as TagKind) : 'name'
  const innerStart = kind === 'name' ? afterOpen : afterOpen + 1
  const ending = kind === '{' ? `}${close}` : close
  const innerEnd = text.indexOf(ending, innerStart)
  if (innerEnd === -1)
    throw templateFault(start, `the tag ${quoteTag(text.slice(start))} is never closed with ${ending}`)
  const inner = kind === '!' ? '' : collapseSpace(text.slice(innerStart, innerEnd))
  return { kind, inner, start, end: innerEnd + ending.length }
}

function parseDelimiters(tag: Tag): Delimiters {
  const [, open, close] = DELIMITERS.exec(tag.inner) ?? []
  if (open === undefined || close === undefined) {
    throw templateFault(tag.start, 'a tag that sets delimiters looks like {{=<% %>=}}')
  }
  return { open, close }
}

/** The start of a tag on one line, for a message. */
export const quoteTag = (tag: string) => {
  const line = collapseSpace(tag.slice(0, LONGEST_QUOTE))
  return tag.length > LONGEST_QUOTE ? `${line}…` : line
}

const collapseSpace = (text: string) => text.replace(/\s+/g, ' ').trim()

function skipSpace(text: string, from: number): number {
  SPACE.lastIndex = from
  SPACE.test(text)
  return SPACE.lastIndex
}
