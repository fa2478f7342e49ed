import { isPromptctlError } from '../../core/errors.js'
import type { AssertionResult } from '../../core/evaluation.js'
import type { Json } from '../../core/prompt-file.js'
import type { AssertionEntry } from '../test-set.js'
import type { Answer, Finding } from './assertion.js'
import { kindOf } from './kinds.js'

/** An assertion's value, filled in; throws PromptctlError. */
export type FillIn = (value: Json, assertion: AssertionEntry) => Json

export interface Verdict {
  readonly pass: boolean
  readonly score: number
  readonly results: readonly AssertionResult[]
  /** An assertion that could not be run: then nothing passes. */
  readonly error: string | null
}

/**
 * Judges an answer: the score is the weighted mean of the assertions'. Without a threshold all must pass; with one the score
 * must reach it. Without assertions an answer is enough. What weighs nothing never fails, as in promptfoo.
 */
export function judge(
  assertions: readonly AssertionEntry[],
  threshold: number | undefined,
  answer: Answer,
  fillIn: FillIn,
): Verdict {
  const results: AssertionResult[] = []
  let [error, sum, weights, allPass]: [string | null, number, number, boolean] = [null, 0, 0, true]
  for (const assertion of assertions) {
    const { result, error: broken } = judgeOne(assertion, answer, fillIn)
    results.push(result)
    error ??= broken
    sum += result.score * result.weight
    weights += result.weight
    if (!result.pass) allPass = false
  }
  const score = assertions.length === 0 ? 1 : weights > 0 ? sum / weights : 0
  const isEnough = threshold === undefined ? allPass : score >= threshold
  return { pass: error === null && isEnough, score, results, error }
}

interface Judged {
  readonly result: AssertionResult
  readonly error: string | null
}

function judgeOne(assertion: AssertionEntry, answer: Answer, fillIn: FillIn): Judged {
  if (assertion.assert !== undefined) return judgeSet(assertion, assertion.assert, answer, fillIn)
  const { type, threshold } = assertion
  const { kind, isNot } = kindOf(type)
  let value = assertion.value
  try {
    value = value === undefined ? undefined : fillIn(value, assertion)
    const finding = kind.judge(answer, { value, threshold })
    const holds = finding.holds !== isNot
    return {
      result: resultOf(assertion, value, holds, holds ? 1 : 0, holds ? '' : describe(finding, isNot)),
      error: null,
    }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    // Not even what weighs nothing passes without having been run.
    const result = { ...resultOf(assertion, value, false, 0, error.message), pass: false }
    return { result, error: `${type}: ${error.message}` }
  }
}

function judgeSet(assertion: AssertionEntry, inner: readonly AssertionEntry[], answer: Answer, fillIn: FillIn): Judged {
  const { threshold } = assertion
  const { pass, score, results, error } = judge(inner, threshold, answer, fillIn)
  const reason = pass ? '' : (error ?? describeSet(results, score, threshold))
  return { result: { ...resultOf(assertion, undefined, pass, score, reason), assertions: results }, error }
}

/** Always of the same shape: there are thousands. */
const resultOf = (
  { type, weight = 1, threshold, metric }: AssertionEntry,
  value: Json | undefined,
  holds: boolean,
  score: number,
  reason: string,
): AssertionResult => ({
  type,
  pass: holds || weight === 0,
  score,
  weight,
  reason,
  value,
  threshold,
  metric,
  assertions: undefined,
})

function describe({ wanted, found }: Finding, isNot: boolean): string {
  if (isNot) return `expected the answer not to ${wanted()}`
  return `expected the answer to ${wanted()}${found === undefined ? '' : `, but ${found}`}`
}

function describeSet(results: readonly AssertionResult[], score: number, threshold: number | undefined): string {
  const first = results.find(({ pass }) => !pass)?.reason ?? ''
  return threshold === undefined ? first : `score ${formatScore(score)} is below ${threshold}: ${first}`
}

/** At most two digits after the point. */
export const formatScore = (score: number): string => String(Math.round(score * 100) / 100)
