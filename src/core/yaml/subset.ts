import type { CST } from 'yaml'
import { type Fault, MAX_FAULTS } from './fault.js'

/** How deep lists and mappings may be nested. */
export const MAX_DEPTH = 32

export const MISPLACED = 'text that does not belong here: look at the quotes, brackets and indentation before it'

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['alias', 'aliases (*name) are not read: write the value out'],
  ['anchor', 'anchors (&name) are not read: write the value out where it is needed'],
  ['tag', 'tags (!name) are not read: quote the text if it begins with "!"'],
  ['directive', 'directives (%NAME) are not read'],
  ['explicit-key-ind', 'keys marked with "?" are not read: write "key: value"'],
  ['error', MISPLACED],
])

interface Visit {
  readonly token: CST.Token
  readonly depth: number
}

/**
 * What the tree holds that YAML allows and this subset does not, in the order of the file; also what yaml would
 * report once for each token. Walks without recursion, so that depth costs nothing.
 */
export function checkTree(tokens: readonly CST.Token[]): readonly Fault[] {
  const faults: Fault[] = []
  const report = (offset: number, message: string): void => void faults.push({ offset, message })
  const second = tokens.filter(({ type }) => type === 'document')[1]
  if (second !== undefined) report(second.offset, 'a second document: a file holds one')
  const pending: Visit[] = tokens.map((token) => ({ token, depth: 0 })).reverse()
  for (let visit = pending.pop(); visit !== undefined && faults.length < MAX_FAULTS; visit = pending.pop()) {
    checkToken(visit, pending, report)
  }
  return faults.sort((a, b) => a.offset - b.offset)
}

type Report = (offset: number, message: string) => void

function checkToken({ token, depth }: Visit, pending: Visit[], report: Report): void {
  const refusal = REFUSED.get(token.type)
  const bad = badEscape(token)
  if (refusal !== undefined) report(token.offset, refusal)
  else if (isUnclosed(token)) report(token.offset, 'the quote that begins here is not closed')
  else if (bad !== undefined)
    report(bad, 'an escape that YAML does not know; in double quotes a backslash is written twice')
  else if (token.type === 'document') {
    checkSource(token.start, report)
    if (token.value !== undefined) pending.push({ token: token.value, depth })
  } else if (token.type === 'block-map' || token.type === 'block-seq' || token.type === 'flow-collection') {
    if (depth >= MAX_DEPTH) report(token.offset, `nested more than ${MAX_DEPTH} levels deep`)
    else checkCollection(token, depth + 1, pending, report)
  }
}

type Collection = CST.BlockMap | CST.BlockSequence | CST.FlowCollection

function checkCollection(token: Collection, depth: number, pending: Visit[], report: Report): void {
  const fault = token.type === 'flow-collection' ? flowFault(token) : undefined
  if (fault !== undefined) report(fault.offset, fault.message)
  for (const item of token.items) checkItem(item, depth, pending, report)
}

function checkItem(item: CST.CollectionItem, depth: number, pending: Visit[], report: Report): void {
  checkSource(item.start, report)
  if (item.sep !== undefined) checkSource(item.sep, report)
  if (item.key != null) {
    const isText = item.key.type === 'scalar' || item.key.type.endsWith('quoted-scalar') || REFUSED.has(item.key.type)
    if (isText || item.sep === undefined) pending.push({ token: item.key, depth })
    else report(item.key.offset, 'a key must be text')
  }
  if (item.value != null) pending.push({ token: item.value, depth })
}

function checkSource(tokens: readonly CST.SourceToken[], report: Report): void {
  for (const { type, offset } of tokens) {
    const refusal = REFUSED.get(type)
    if (refusal !== undefined) report(offset, refusal)
  }
}

const ESCAPE =
  /\\(?:[0abefnrtvN_LP \t\n"/\\]|\r\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})/y

/** Where the first escape is that YAML does not know; yaml would make an error for each. */
function badEscape(token: CST.Token): number | undefined {
  if (token.type !== 'double-quoted-scalar') return undefined
  const { source, offset } = token
  for (let at = source.indexOf('\\'); at >= 0; at = source.indexOf('\\', ESCAPE.lastIndex)) {
    ESCAPE.lastIndex = at
    if (!ESCAPE.test(source)) return offset + at
  }
  return undefined
}

const isUnclosed = (token: CST.Token): boolean =>
  (token.type === 'double-quoted-scalar' || token.type === 'single-quoted-scalar') &&
  (token.source.length < 2 || token.source.at(-1) !== token.source[0])

/** Where an open bracket is; and one fault for a list such as `[,,,,`, where yaml makes an error for each comma. */
function flowFault({ items, start, end }: CST.FlowCollection): Fault | undefined {
  if (end[0]?.source !== (start.source === '{' ? '}' : ']')) {
    return { offset: start.offset, message: `the ${start.source} that begins here is not closed` }
  }
  for (const [index, item] of items.entries()) {
    const commas = item.start.filter(({ type }) => type === 'comma')
    const extra = commas[index === 0 ? 0 : 1]
    if (extra !== undefined) return { offset: extra.offset, message: 'nothing before this comma' }
    const isEmpty = item.key == null && item.sep === undefined && item.value == null
    if (index > 0 && commas.length === 0 && !isEmpty) {
      return { offset: offsetOf(item), message: 'a comma is missing before this' }
    }
  }
  return undefined
}

const offsetOf = ({ start, key, sep, value }: CST.CollectionItem): number =>
  start[0]?.offset ?? key?.offset ?? sep?.[0]?.offset ?? value?.offset ?? 0
