import type { ErrorCode } from '../core/errors.js'

/** The HTTP status of each failure. The compiler keeps the table full. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  usage: 400,
  invalid_config: 422,
  invalid_prompt: 422,
  broken_seal: 422,
  missing_variable: 422,
  invalid_variable: 422,
  unknown_variable: 422,
  undeclared_variable: 422,
  unused_variable: 422,
  missing_partial: 422,
  partial_cycle: 422,
  output_limit: 422,
  gate_failed: 422,
  check_failed: 422,
  rejected: 422,
  not_found: 404,
  conflict: 409,
  illegal_transition: 409,
  ambiguous: 409,
  renumbers: 409,
  unauthorized: 401,
  forbidden: 403,
  unavailable: 503,
  unsupported: 501,
}

/** The HTTP status of a bug. */
export const STATUS_BUG = 500

/** A 409 is this when the request said with If-Match what it expected. */
export const STATUS_PRECONDITION_FAILED = 412
