import type { ErrorCode } from '../core/errors.js'

/** The exit status of each failure. The compiler keeps the table full. */
export const EXIT: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  invalid_config: 1,
  invalid_prompt: 1,
  broken_seal: 1,
  missing_variable: 1,
  invalid_variable: 1,
  unknown_variable: 1,
  undeclared_variable: 1,
  unused_variable: 1,
  missing_partial: 1,
  partial_cycle: 1,
  output_limit: 1,
  gate_failed: 1,
  check_failed: 1,
  rejected: 1,
  not_found: 3,
  conflict: 4,
  illegal_transition: 4,
  ambiguous: 4,
  renumbers: 4,
  unauthorized: 5,
  forbidden: 5,
  unavailable: 6,
  unsupported: 6,
}

/** The exit status of a bug. */
export const EXIT_BUG = 70
