import type { IncomingHttpHeaders } from 'node:http'
import { PromptctlError } from '../core/errors.js'
import type { Environment } from '../core/slug.js'
import { type Access, findToken, isAllowed, type Token } from '../core/tokens.js'
import { HttpError } from './problem.js'

/** Who asks. */
export interface Caller {
  /** The token's name; undefined for somebody without one, on a server that needs none for reading. */
  readonly name: string | undefined
  may(access: Access, environment: Environment): boolean
}

/** The tokens of now; undefined on a server that was started without. */
export type TokenSource = () => readonly Token[] | undefined

/** Without tokens, which only a loopback address allows, everybody may read, and nobody writes. */
const ANYBODY: Caller = { name: undefined, may: (access) => access === 'read' }

/** Headers that were good are remembered, so that a request costs no hash; so many, because callers may be many. */
const REMEMBERED = 1_000

/**
 * Tells who asks by `Authorization: Bearer <token>`, or Basic with the token as its password (Langfuse's clients send public
 * and secret key so). Throws 401 with WWW-Authenticate for no token and for a wrong one.
 */
export function createAuthenticator(tokens: TokenSource): (headers: IncomingHttpHeaders) => Caller {
  let remembered = new Map<string, Caller>()
  let since: readonly Token[] | undefined
  return ({ authorization = '' }) => {
    const list = tokens()
    if (list === undefined) return ANYBODY
    if (since !== list) {
      remembered = new Map()
      since = list
    }
    const known = remembered.get(authorization)
    if (known !== undefined) return known
    const caller = authenticate(list, authorization)
    if (remembered.size < REMEMBERED) remembered.set(authorization, caller)
    return caller
  }
}

function authenticate(tokens: readonly Token[], authorization: string): Caller {
  const secret = secretOf(authorization)
  const token = secret === undefined ? undefined : findToken(tokens, secret)
  if (token === undefined) throw unauthorized(authorization === '' ? 'This needs a token' : 'That token is not known')
  const { name, scopes } = token
  return { name, may: (access, environment) => isAllowed(scopes, access, environment) }
}

/** The token in the header: what stands behind Bearer, or the password of Basic. */
function secretOf(authorization: string): string | undefined {
  const [, scheme = '', credentials = ''] = /^(bearer|basic) +([^\s]+)$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme === '') return undefined
  const pair = Buffer.from(credentials, 'base64').toString('utf8')
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined
}

const unauthorized = (message: string): HttpError =>
  new HttpError(401, 'unauthorized', message, {
    'www-authenticate': 'Bearer realm="promptctl", Basic realm="promptctl"',
  })

/** Throws `unauthorized` for a caller without a name: before anything of a write is looked at. */
export function requireName({ caller }: { readonly caller: Caller }): void {
  if (caller.name === undefined) throw unauthorized('A write needs a token')
}

/**
 * Throws `forbidden` when the caller may not do that there, and `unauthorized` when nobody may without a token: a write
 * needs one always.
 */
export function requireScope({ caller }: { readonly caller: Caller }, access: Access, environment: Environment): void {
  if (caller.may(access, environment)) return
  requireName({ caller })
  throw new PromptctlError('forbidden', `The token ${caller.name} may not ${access} in ${environment}`, {
    hint: `A token with the scope ${access}:${environment} may.`,
  })
}
