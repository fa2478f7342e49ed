import { Composer, type CST, Lexer, type ParsedNode, Parser, type YAMLParseError } from 'yaml'
import { type Fault, MAX_FAULTS } from './fault.js'
import { DEFAULT_LIMITS, type YamlLimits } from './limits.js'
import { checkTree, MAX_DEPTH, MISPLACED } from './subset.js'

/** The document and the scalar on the parser's stack, beside the collections. */
const STACK_EXTRA = 2

export interface Composed {
  /** Undefined for an empty document, and when there are faults. */
  readonly root?: ParsedNode
  readonly faults: readonly Fault[]
}

/**
 * Parses text to nodes that have ranges. Every scalar stays text (the failsafe schema); what it means is for the
 * reader of values. Duplicate keys are not looked for: yaml's own search is quadratic.
 */
export function composeYaml(text: string, limits = DEFAULT_LIMITS): Composed {
  const { tokens, fault } = parseTokens(text, limits)
  if (fault !== undefined) return { faults: [fault] }
  const faults = checkTree(tokens)
  return faults.length > 0 ? { faults } : composeTokens(tokens)
}

function parseTokens(text: string, limits: YamlLimits): { tokens: CST.Token[]; fault?: Fault } {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let count = 0
  let keys = 0
  let errors = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token)
      if (token.type === 'error' && ++errors >= MAX_FAULTS) return { tokens }
    }
    if (lexeme === ':') keys++
    const tooMuch = excess(++count, keys, parser.stack.length, limits)
    if (tooMuch !== undefined) return { tokens, fault: { offset: Math.max(0, parser.offset - 1), message: tooMuch } }
  }
  for (const token of parser.end()) tokens.push(token)
  return { tokens }
}

function excess(tokens: number, keys: number, stack: number, limits: YamlLimits): string | undefined {
  if (stack > MAX_DEPTH + STACK_EXTRA) return `nested more than ${MAX_DEPTH} levels deep`
  if (keys > limits.keys) return `more than ${limits.keys} keys`
  if (tokens > limits.tokens) return 'more lines and values than are read from one file'
  return undefined
}

function composeTokens(tokens: readonly CST.Token[]): Composed {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' })
  for (const document of composer.compose(tokens)) {
    if (document.errors.length > 0) return { faults: describeErrors(document.errors) }
    return document.contents === null ? { faults: [] } : { root: document.contents, faults: [] }
  }
  return { faults: [] }
}

/** Worded here, because yaml's own messages may quote the file. */
const MEANINGS: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  BAD_INDENT: 'the indentation does not fit the lines before, or a bracket is not closed',
  BAD_SCALAR_START: 'unquoted text cannot begin with this character: quote it',
  BLOCK_AS_IMPLICIT_KEY: 'unquoted text cannot hold ": ": quote it',
  BLOCK_IN_FLOW: 'inside [ ] and { } nothing is written by indentation',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  MISSING_CHAR: 'something is missing before this: a closing quote or bracket, a comma, a space, or the ":" of a key',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with its ":"',
  TAB_AS_INDENT: 'a tab in the indentation: use spaces',
}

/** One fault a place: the first is the cause of the others. */
function describeErrors(errors: readonly YAMLParseError[]): readonly Fault[] {
  const faults = new Map<number, Fault>()
  for (const { code, pos } of errors) {
    const [offset] = pos
    if (!faults.has(offset)) faults.set(offset, { offset, message: MEANINGS[code] ?? MISPLACED })
    if (faults.size >= MAX_FAULTS) break
  }
  return [...faults.values()]
}
