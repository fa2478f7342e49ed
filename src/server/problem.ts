import { type ErrorCode, explainSystemError, isPromptctlError, type PromptctlError } from '../core/errors.js'
import { formatHint } from './hint.js'
import { STATUS, STATUS_BUG, STATUS_PRECONDITION_FAILED } from './status.js'

/** An RFC 9457 problem document. */
export interface Problem {
  /** `urn:promptctl:error:not_found` */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode | 'bug'
  readonly hint?: string
  readonly details?: unknown
}

export const PROBLEM_TYPE = 'application/problem+json'

/** An answer that HTTP itself asks for, such as 405: `code` is the nearest of ours, `headers` what belongs to it. */
export class HttpError extends Error {
  readonly status: number
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** The problem document of any failure. A bug tells nothing of what is inside, and no answer shows a path of the server. */
export function problemOf(thrown: unknown, { isConditional = false } = {}): Problem {
  const error = explainSystemError(thrown) ?? thrown
  if (isPromptctlError(error)) return problemOfFailure(error, isConditional)
  if (error instanceof HttpError) return createProblem(error.status, error.code, error.message)
  const status = clientStatusOf(error)
  if (status === undefined) return createProblem(STATUS_BUG, 'bug', 'The server failed; its log says more')
  return createProblem(status, status === 404 ? 'not_found' : 'usage', sentenceOf(error))
}

function problemOfFailure(error: PromptctlError, isConditional: boolean): Problem {
  const { code, message, hint, details } = error
  const usual = STATUS[code]
  const status = usual === 409 && isConditional ? STATUS_PRECONDITION_FAILED : usual
  return {
    ...createProblem(status, code, withoutPaths(message)),
    ...(hint === undefined ? {} : { hint: formatHint(withoutPaths(hint)) }),
    ...(details === undefined ? {} : { details: withoutPathsIn(details) }),
  }
}

const createProblem = (status: number, code: Problem['code'], detail: string): Problem => ({
  type: `urn:promptctl:error:${code}`,
  title: titleOf(code),
  status,
  detail,
  code,
})

/** `missing_variable` is `Missing variable`. */
const titleOf = (code: string): string => `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('_', ' ')}`

/** What fastify refuses has a status of its own: a body that is no JSON, one that is too large, a bad URL. */
function clientStatusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}

/** Our words for what fastify refuses, by its code. */
const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body is to be JSON, with the content type application/json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON, or has the key __proto__, or constructor with a prototype',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than 256 KiB',
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return SENTENCES[code] ?? error.message.replace(/\.$/, '')
}

/** An absolute path, as a failed read or a lock names one; a URL's path and `a/b` are none. */
const ABSOLUTE_PATH = /(?<![\w.:/%~*>-])\/(?:[\w.@%+~-]+\/)+[\w.@%+~-]+/g

const withoutPaths = (text: string): string => text.replace(ABSOLUTE_PATH, '…')

function withoutPathsIn(value: unknown): unknown {
  if (typeof value === 'string') return withoutPaths(value)
  if (Array.isArray(value)) return value.map(withoutPathsIn)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutPathsIn(inner)]))
}
