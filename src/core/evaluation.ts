/** What evaluating a prompt against its test set gives: plain data, with the keys that JSON shows. */

import type { Json, JsonObject, Message } from './prompt-file.js'
import type { Environment, Slug } from './slug.js'

/** Of one call, or of all together. */
export interface TokenUsage {
  readonly total: number
  readonly prompt: number
  readonly completion: number
}

export const NO_TOKENS: TokenUsage = { total: 0, prompt: 0, completion: 0 }

/** What one assertion said of an answer. */
export interface AssertionResult {
  /** As the test set says it: `contains`, `not-regex`, `assert-set`. */
  readonly type: string
  readonly pass: boolean
  /** From 0 to 1. */
  readonly score: number
  readonly weight: number
  /** What was expected and what came instead; empty when it passed. */
  readonly reason: string
  /** With the case's variables filled in. */
  readonly value: Json | undefined
  readonly threshold: number | undefined
  readonly metric: string | undefined
  /** Of an `assert-set`. */
  readonly assertions: readonly AssertionResult[] | undefined
}

/** One case of a test set, with the answer of one provider. */
export interface CaseResult {
  /** Which entry of `tests`, from 1; and which of all cases that these expand to. */
  readonly test: number
  readonly case: number
  readonly description: string | null
  readonly vars: JsonObject
  readonly provider: string
  readonly pass: boolean
  /** The weighted mean of the assertions' scores. */
  readonly score: number
  /** Why there is no verdict on an answer: the prompt does not compile, the provider failed, an assertion cannot be run. */
  readonly error: string | null
  /** Why it failed, in one line; null when it passed. */
  readonly reason: string | null
  /** What the provider was given; null when the prompt did not compile. */
  readonly prompt: string | readonly Message[] | null
  /** What it answered; null when it did not. */
  readonly output: string | null
  readonly latency_ms: number | null
  /** In US dollars; null where nobody knows. */
  readonly cost: number | null
  readonly tokens: TokenUsage | null
  readonly assertions: readonly AssertionResult[]
  /** Where the test of a case that failed stands in the test set. */
  readonly line?: number
  readonly column?: number
}

/** All cases of one test set, against one content. */
export interface EvaluationResult {
  /** The path of the test set, relative to the registry's root, and the digest of its bytes: `sha256:<hex>`. */
  readonly set: string
  readonly set_digest: string
  readonly providers: readonly string[]
  readonly passed: number
  readonly failed: number
  /** How many of the failed ones have an `error`. */
  readonly errors: number
  readonly total: number
  readonly tokens: TokenUsage
  /** In US dollars; null where a call's cost is not known. */
  readonly cost: number | null
  readonly duration_ms: number
  /** Ctrl-C: what had no answer by then counts as failed. */
  readonly interrupted: boolean
  readonly cases: readonly CaseResult[]
}

/** An evaluation, and what was evaluated. */
export interface Evaluation extends EvaluationResult {
  readonly slug: Slug
  readonly environment: Environment
  /** Null for content that is no version. */
  readonly version: number | null
  readonly commit: string | null
  readonly digest: string
  readonly resolved_digest: string
}

/** Counts what the cases say. */
export function summarize(
  cases: readonly CaseResult[],
): Pick<EvaluationResult, 'passed' | 'failed' | 'errors' | 'total' | 'tokens' | 'cost'> {
  const passed = cases.filter(({ pass }) => pass).length
  const errors = cases.filter(({ error }) => error !== null).length
  const called = cases.filter(({ output }) => output !== null)
  return {
    passed,
    failed: cases.length - passed,
    errors,
    total: cases.length,
    tokens: called.reduce((sum, { tokens }) => (tokens === null ? sum : addTokens(sum, tokens)), NO_TOKENS),
    cost: called.some(({ cost }) => cost === null) ? null : called.reduce((sum, { cost }) => sum + (cost ?? 0), 0),
  }
}

const addTokens = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
  total: a.total + b.total,
  prompt: a.prompt + b.prompt,
  completion: a.completion + b.completion,
})

/** A case whose verdict two evaluations do not share. */
export interface Turn {
  readonly case: number
  readonly description: string | null
  /** Of the evaluation that is compared, and of what it is compared with. */
  readonly provider: string
  readonly base_provider: string
  readonly reason: string | null
}

export interface Comparison {
  /** Failed before, passes now. */
  readonly better: readonly Turn[]
  readonly worse: readonly Turn[]
}

/** What got better and what got worse from `base` to `head`: the same cases, in the same order. */
export function compareEvaluations(base: EvaluationResult, head: EvaluationResult): Comparison {
  const better: Turn[] = []
  const worse: Turn[] = []
  for (const [index, now] of head.cases.entries()) {
    const before = base.cases[index]
    if (before === undefined || before.pass === now.pass) continue
    const turn = {
      case: now.case,
      description: now.description,
      provider: now.provider,
      base_provider: before.provider,
    }
    if (now.pass) better.push({ ...turn, reason: before.reason })
    else worse.push({ ...turn, reason: now.reason })
  }
  return { better, worse }
}
