import { RE2JS } from 're2js'
import { PromptctlError } from '../../core/errors.js'
import { quoteText } from './assertion.js'

// A pattern is used by all cases that it stands in.
const compiled = new Map<string, RE2JS>()
const MOST_PATTERNS = 200

/** A regular expression that takes linear time. Throws `invalid_config` for what only backtracking finds. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (compiled.size >= MOST_PATTERNS) compiled.clear()
  try {
    const made = RE2JS.compile(RE2JS.translateRegExp(pattern))
    compiled.set(pattern, made)
    return made
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    throw new PromptctlError(
      'invalid_config',
      `the regular expression ${quoteText(pattern)} cannot be used: ${why} (lookaround and backreferences are not supported)`,
      { cause: error },
    )
  }
}
