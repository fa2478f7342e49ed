import { PromptctlError } from '../../core/errors.js'
import type { Json } from '../../core/prompt-file.js'
import type { Expectation, Kind } from './assertion.js'

interface Bounds {
  readonly min: number
  readonly max: number
}

/** A number is both bounds; `{min, max}` may leave one out. Undefined for anything else. */
function boundsOf(value: Json | undefined): Bounds | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number') return Number.isFinite(number) ? { min: number, max: number } : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { min = 0, max = Number.POSITIVE_INFINITY, ...rest } = value as { min?: unknown; max?: unknown }
  const isRight = typeof min === 'number' && typeof max === 'number' && min <= max && Object.keys(value).length > 0
  return isRight && Object.keys(rest).length === 0 ? { min, max } : undefined
}

const formatBounds = ({ min, max }: Bounds): string => {
  if (min === max) return `${min} words`
  return max === Number.POSITIVE_INFINITY ? `at least ${min} words` : `${min} to ${max} words`
}

const WRONG_BOUNDS = '"value" must be a number, or {min, max}'

/** Words are what white space separates. */
export const wordCount: Kind = {
  // Text may hold a variable, whose value only a case knows.
  check: ({ value }) => (boundsOf(value) === undefined && typeof value !== 'string' ? WRONG_BOUNDS : undefined),
  judge: ({ output }, { value }) => {
    const bounds = boundsOf(value)
    if (bounds === undefined) throw new PromptctlError('invalid_config', WRONG_BOUNDS)
    const count = output.trim() === '' ? 0 : output.trim().split(/\s+/).length
    return {
      holds: count >= bounds.min && count <= bounds.max,
      wanted: () => `have ${formatBounds(bounds)}`,
      found: `it has ${count}`,
    }
  },
}

const needsThreshold = ({ threshold }: Expectation): string | undefined =>
  threshold === undefined ? '"threshold" is missing' : undefined

/** Milliseconds of the provider's call. */
export const latency: Kind = {
  check: needsThreshold,
  judge: ({ latencyMs }, { threshold = 0 }) => {
    if (latencyMs === null) throw new PromptctlError('invalid_config', 'no model was called')
    return {
      holds: latencyMs <= threshold,
      wanted: () => `come within ${threshold} ms`,
      found: `it took ${Math.round(latencyMs)} ms`,
    }
  },
}

/** US dollars of the provider's call. */
export const cost: Kind = {
  check: needsThreshold,
  judge: ({ cost: dollars }, { threshold = 0 }) => {
    if (dollars === null) {
      throw new PromptctlError('invalid_config', 'the provider does not say what the answer cost', {
        hint: "A provider's config takes inputCost and outputCost, in US dollars a token.",
      })
    }
    return { holds: dollars <= threshold, wanted: () => `cost at most $${threshold}`, found: `it cost $${dollars}` }
  },
}
