import { isPromptctlError, PromptctlError } from '../core/errors.js'
import type { Oid } from '../registry/ports.js'

/** The commit was confirmed, so it is pushed, and then the branch here could not be moved to it. */
export const pushedOnly = (commit: Oid, error: unknown): unknown =>
  isPromptctlError(error)
    ? new PromptctlError(error.code, `${error.message} The commit ${commit.slice(0, 10)} was pushed before that`, {
        hint: 'The next command with --push brings it here.',
        details: { ...error.details, reason: 'pushed_only', commit },
        cause: error,
      })
    : error
