import {
  type AssertionResult,
  type CaseResult,
  type Evaluation,
  NO_TOKENS,
  type TokenUsage,
} from '../core/evaluation.js'

/**
 * The results as `promptfoo eval --output results.json` writes them (version 3), so that what reads those reads these:
 * https://www.promptfoo.dev/docs/configuration/outputs/
 */
export function formatPromptfoo(evaluations: readonly Evaluation[], now: number): string {
  const timestamp = new Date(now).toISOString()
  const prompts = evaluations.flatMap(promptsOf)
  const results = evaluations.flatMap((evaluation) =>
    evaluation.cases.map((one) =>
      resultOf(
        evaluation,
        one,
        prompts.findIndex((prompt) => isOf(prompt, evaluation, one)),
      ),
    ),
  )
  const sum = (key: 'passed' | 'failed' | 'errors' | 'duration_ms'): number =>
    evaluations.reduce((total, one) => total + one[key], 0)
  return `${JSON.stringify(
    {
      evalId: `promptctl-${timestamp}`,
      results: {
        version: 3,
        timestamp,
        prompts: prompts.map(({ evaluation: _, ...prompt }) => prompt),
        results,
        stats: {
          successes: sum('passed'),
          failures: sum('failed') - sum('errors'),
          errors: sum('errors'),
          tokenUsage: usageOf(
            addAll(evaluations.map(({ tokens }) => tokens)),
            countAnswers(evaluations.flatMap(({ cases }) => cases)),
          ),
          durationMs: sum('duration_ms'),
        },
      },
      config: {
        description: evaluations.map(({ slug, environment }) => `${slug} (${environment})`).join(', '),
        prompts: evaluations.map(({ slug }) => slug),
        providers: [...new Set(evaluations.flatMap(({ providers }) => providers))],
      },
      shareableUrl: null,
      metadata: {
        exportedAt: timestamp,
        promptctl: evaluations.map(({ cases: _, ...rest }) => rest),
      },
    },
    undefined,
    2,
  )}\n`
}

const addAll = (list: readonly TokenUsage[]): TokenUsage =>
  list.reduce(
    (sum, { total, prompt, completion }) => ({
      total: sum.total + total,
      prompt: sum.prompt + prompt,
      completion: sum.completion + completion,
    }),
    NO_TOKENS,
  )

const usageOf = ({ total, prompt, completion }: TokenUsage, numRequests: number) => ({
  total,
  prompt,
  completion,
  cached: 0,
  numRequests,
})

const countAnswers = (cases: readonly CaseResult[]): number => cases.filter(({ output }) => output !== null).length

/** As promptfoo lists them: an assert-set, and then what is in it. */
const flatten = (assertions: readonly AssertionResult[]): readonly AssertionResult[] =>
  assertions.flatMap((result) => [result, ...flatten(result.assertions ?? [])])

/** The weighted mean of the assertions that share a `metric`; one in a set weighs as much of the set as it says. */
function namedScoresOf({ assertions }: CaseResult): ReadonlyMap<string, number> {
  const sums = new Map<string, { score: number; weight: number }>()
  const add = (results: readonly AssertionResult[], share: number): void => {
    for (const { metric, score, weight, assertions: inner = [] } of results) {
      const counted = share * weight
      if (metric !== undefined) {
        const sum = sums.get(metric) ?? { score: 0, weight: 0 }
        sums.set(metric, { score: sum.score + score * counted, weight: sum.weight + counted })
      }
      add(
        inner.filter((one) => one.metric !== metric || metric === undefined),
        counted,
      )
    }
  }
  add(assertions, 1)
  return new Map([...sums].map(([metric, { score, weight }]) => [metric, weight > 0 ? score / weight : 0]))
}

/** Summed over cases, with how many assertions they come from. */
function namedMetricsOf(cases: readonly CaseResult[]) {
  const [scores, counts] = [new Map<string, number>(), new Map<string, number>()]
  for (const one of cases) {
    for (const [metric, score] of namedScoresOf(one)) {
      scores.set(metric, (scores.get(metric) ?? 0) + score)
      const from = flatten(one.assertions).filter((result) => result.metric === metric).length
      counts.set(metric, (counts.get(metric) ?? 0) + from)
    }
  }
  return { namedScores: Object.fromEntries(scores), namedScoresCount: Object.fromEntries(counts) }
}

/** One entry for each prompt and provider: the columns of promptfoo's table. */
function promptsOf(evaluation: Evaluation) {
  const labels = [...new Set(evaluation.cases.map(({ provider }) => provider))]
  return labels.map((provider) => {
    const cases = evaluation.cases.filter((one) => one.provider === provider)
    const assertions = cases.flatMap((one) => flatten(one.assertions))
    return {
      evaluation,
      raw: rawOf(cases[0]),
      label: labelOf(evaluation),
      id: evaluation.resolved_digest,
      provider,
      metrics: {
        score: cases.reduce((sum, { score }) => sum + score, 0),
        testPassCount: cases.filter(({ pass }) => pass).length,
        testFailCount: cases.filter(({ pass, error }) => !pass && error === null).length,
        testErrorCount: cases.filter(({ error }) => error !== null).length,
        assertPassCount: assertions.filter(({ pass }) => pass).length,
        assertFailCount: assertions.filter(({ pass }) => !pass).length,
        totalLatencyMs: cases.reduce((sum, one) => sum + (one.latency_ms ?? 0), 0),
        tokenUsage: usageOf(addAll(cases.map(({ tokens }) => tokens ?? NO_TOKENS)), countAnswers(cases)),
        ...namedMetricsOf(cases),
        cost: cases.reduce((sum, { cost }) => sum + (cost ?? 0), 0),
      },
    }
  })
}

const isOf = (prompt: ReturnType<typeof promptsOf>[number], evaluation: Evaluation, one: CaseResult): boolean =>
  prompt.evaluation === evaluation && prompt.provider === one.provider

const labelOf = ({ slug, environment, version }: Evaluation): string =>
  `${slug}${version === null ? '' : `@${version}`} (${environment})`

const rawOf = (one: CaseResult | undefined): string =>
  one === undefined || one.prompt === null
    ? ''
    : typeof one.prompt === 'string'
      ? one.prompt
      : JSON.stringify(one.prompt)

/** What promptfoo counts: 0 no failure, 1 an assertion, 2 an error. */
const reasonOf = ({ pass, error }: CaseResult): 0 | 1 | 2 => (pass ? 0 : error === null ? 1 : 2)

function resultOf(evaluation: Evaluation, one: CaseResult, promptIdx: number) {
  const { description, vars, assertions } = one
  const namedScores = Object.fromEntries(namedScoresOf(one))
  const tokenUsage = usageOf(one.tokens ?? NO_TOKENS, countAnswers([one]))
  return {
    id: `${evaluation.slug}-${one.case}-${promptIdx}`,
    promptIdx,
    testIdx: one.case - 1,
    testCase: {
      ...(description === null ? {} : { description }),
      vars,
      assert: assertions.map(assertionOf),
      options: {},
      metadata: {},
    },
    promptId: evaluation.resolved_digest,
    provider: { id: one.provider, label: one.provider },
    prompt: { raw: rawOf(one), label: labelOf(evaluation) },
    vars,
    ...(one.output === null
      ? {}
      : { response: { output: one.output, tokenUsage, cost: one.cost ?? 0, cached: false } }),
    ...(one.error === null ? {} : { error: one.error }),
    failureReason: reasonOf(one),
    success: one.pass,
    score: one.score,
    latencyMs: one.latency_ms ?? 0,
    cost: one.cost ?? 0,
    gradingResult: {
      pass: one.pass,
      score: one.score,
      reason: one.reason ?? 'All assertions passed',
      namedScores,
      tokensUsed: usageOf(NO_TOKENS, 0),
      componentResults: flatten(assertions).map((result) => ({
        pass: result.pass,
        score: result.score,
        reason: result.pass ? 'Assertion passed' : result.reason,
        assertion: assertionOf(result),
      })),
    },
    namedScores,
    metadata: {},
  }
}

function assertionOf({ type, value, threshold, weight, metric, assertions }: AssertionResult): object {
  return {
    type,
    ...(value === undefined ? {} : { value }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(weight === 1 ? {} : { weight }),
    ...(metric === undefined ? {} : { metric }),
    ...(assertions === undefined ? {} : { assert: assertions.map(assertionOf) }),
  }
}
