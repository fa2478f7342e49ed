/** Every way in which promptctl can fail, in the order of the README's table. */
export const ERROR_CODES = [
  'usage',
  'invalid_config',
  'invalid_prompt',
  'broken_seal',
  'missing_variable',
  'invalid_variable',
  'unknown_variable',
  'undeclared_variable',
  'unused_variable',
  'missing_partial',
  'partial_cycle',
  'output_limit',
  'gate_failed',
  'check_failed',
  'rejected',
  'not_found',
  'conflict',
  'illegal_transition',
  'ambiguous',
  'renumbers',
  'unauthorized',
  'forbidden',
  'unavailable',
  'unsupported',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface ErrorOptions {
  /** The next step, as a sentence or a command. */
  readonly hint?: string | undefined
  /** JSON-safe data for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly cause?: unknown
}

/**
 * A failure that a user can act on. `message` is one sentence that names the thing; the code decides the
 * exit status and the HTTP status. Any other error class that reaches the top is a bug.
 */
export class PromptctlError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, { hint, details, cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'PromptctlError'
    this.code = code
    this.hint = hint
    this.details = details
  }
}

export const isPromptctlError = (error: unknown, code?: ErrorCode): error is PromptctlError =>
  error instanceof PromptctlError && (code === undefined || error.code === code)

/** What is wrong, without the place in front, where `details.problems` tells that apart: for who names the place beside it. */
export function problemOf({ message, details }: PromptctlError): string {
  const problems: unknown = details?.['problems']
  const first: unknown = Array.isArray(problems) ? problems[0]?.message : undefined
  return typeof first === 'string' ? first : message
}

/**
 * What the system says to a file operation or a connection (`ENOSPC: no space left on device, open 'x'`) as the failure
 * that it is, `unavailable`. Undefined for an error that is not the system's.
 */
export function explainSystemError(error: unknown): PromptctlError | undefined {
  if (!(error instanceof Error && 'syscall' in error)) return undefined
  const path = 'path' in error && typeof error.path === 'string' ? { path: error.path } : {}
  return new PromptctlError('unavailable', error.message, { details: path, cause: error })
}
