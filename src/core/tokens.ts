/** Tokens and their scopes, as a file lists them: a line for each, `ci sha256:<hex> read:production,write:staging`. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { PromptctlError } from './errors.js'
import { type Environment, isEnvironment, parseEnvironment, quoteName } from './slug.js'

export type Access = 'read' | 'write'

/** What a token allows in one environment, or with `*` in each. */
export interface Scope {
  readonly access: Access
  readonly environment: Environment | '*'
}

export interface Token {
  /** Who asks: the author of what it writes, and the name in the log. */
  readonly name: string
  /** SHA-256 of the token's UTF-8 bytes. */
  readonly hash: Uint8Array
  readonly scopes: readonly Scope[]
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/
const HASH = /^sha256:([0-9a-f]{64})$/

/** `read:production`, `write:*`. Throws `usage`. */
export function parseScope(text: string): Scope {
  const [access, environment, ...rest] = text.split(':')
  if ((access === 'read' || access === 'write') && environment !== undefined && rest.length === 0) {
    return { access, environment: environment === '*' ? environment : parseEnvironment(environment) }
  }
  throw new PromptctlError('usage', `${quoteName(text)} is not a scope`, {
    hint: 'Write read:<environment> or write:<environment>, with * for every environment.',
  })
}

export const formatScope = ({ access, environment }: Scope): string => `${access}:${environment}`

/** A token's name: letters, digits and `._@-`, at most 64. Throws `usage`. */
export function parseTokenName(text: string): string {
  if (NAME.test(text)) return text
  throw new PromptctlError('usage', `${quoteName(text)} is not a name for a token`, {
    hint: 'Such a name has at most 64 letters, digits and ._@-, and begins with a letter or digit.',
  })
}

/** The SHA-256 that stands for a token in the file. */
export const hashToken = (secret: string): Uint8Array => createHash('sha256').update(secret, 'utf8').digest()

/** The line for the file; the token itself is not in it. */
export const formatTokenLine = ({ name, hash, scopes }: Token): string =>
  `${name} sha256:${Buffer.from(hash).toString('hex')} ${scopes.map(formatScope).join(',')}`

/**
 * Reads a file of tokens; `#` begins a comment line. Throws `invalid_config` with the line, and never quotes it: somebody may
 * have put the token itself there.
 */
export function parseTokens(text: string, file: string): readonly Token[] {
  const tokens: Token[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const token = parseLine(line.trim())
    if (token === undefined) throw badLine(file, index, 'is not <name> sha256:<64 hex digits> <scope>[,<scope>…]')
    const twin = tokens.find(({ name, hash }) => name === token.name || timingSafeEqual(hash, token.hash))
    if (twin !== undefined) throw badLine(file, index, `has the name or the hash of ${twin.name} again`)
    tokens.push(token)
  }
  return tokens
}

function parseLine(line: string): Token | undefined {
  const [name = '', hash = '', list = '', ...rest] = line.split(/[ \t]+/)
  const hex = HASH.exec(hash)?.[1]
  const scopes = list.split(',').map(scopeOf)
  if (hex === undefined || rest.length > 0 || !NAME.test(name)) return undefined
  if (!scopes.every((scope) => scope !== undefined)) return undefined
  return { name, hash: Buffer.from(hex, 'hex'), scopes }
}

function scopeOf(text: string): Scope | undefined {
  const [, access, environment = ''] = /^(read|write):(.+)$/.exec(text) ?? []
  if ((access !== 'read' && access !== 'write') || (environment !== '*' && !isEnvironment(environment)))
    return undefined
  return { access, environment }
}

const badLine = (file: string, index: number, what: string): PromptctlError =>
  new PromptctlError('invalid_config', `${file}:${index + 1} ${what}`, {
    hint: 'promptctl token create prints such a line.',
    details: { file, line: index + 1 },
  })

/** The token whose hash this is. Every one is compared, in constant time, so that the time tells nothing. */
export function findToken(tokens: readonly Token[], secret: string): Token | undefined {
  const hash = hashToken(secret)
  let found: Token | undefined
  for (const token of tokens) if (timingSafeEqual(token.hash, hash)) found = token
  return found
}

/** True when one of the scopes allows that. */
export const isAllowed = (scopes: readonly Scope[], access: Access, environment: Environment): boolean =>
  scopes.some((scope) => scope.access === access && (scope.environment === '*' || scope.environment === environment))
