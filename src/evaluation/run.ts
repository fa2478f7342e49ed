import type { PreparedPrompt } from '../core/compile.js'
import { isPromptctlError } from '../core/errors.js'
import type { CaseResult } from '../core/evaluation.js'
import type { Json } from '../core/prompt-file.js'
import { formatScore, judge } from './assertions/judge.js'
import type { TestCase } from './cases.js'
import { ValueTemplates } from './fill-in.js'
import type { Compiled, Provider, Reply } from './providers/provider.js'
import type { TestSet } from './test-set.js'

export interface Run {
  readonly set: TestSet
  readonly cases: readonly TestCase[]
  readonly prepared: PreparedPrompt
  /** None only where every case has its answer with it. */
  readonly providers: readonly Provider[]
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly onDone: (done: number, total: number) => void
}

/** What a case with an answer of its own says of its provider, where the test set names none. */
const CANNED = 'providerOutput'

/** Runs every case with every provider, so many at once; case by case, each with all providers. Never throws for a case. */
export async function runCases(run: Run): Promise<readonly CaseResult[]> {
  const labels = run.providers.length === 0 ? [undefined] : run.providers
  const jobs = run.cases.flatMap((one, index) => labels.map((provider) => ({ one, index, provider })))
  const results: CaseResult[] = new Array(jobs.length)
  const templates = new ValueTemplates(run.set)
  let [next, done] = [0, 0]
  const work = async (): Promise<void> => {
    for (let job = jobs[next]; job !== undefined; job = jobs[next]) {
      const place = next++
      const result = await runCase(run, templates, job.one, job.index, job.provider)
      // Finding places takes longer than most cases.
      results[place] = result.pass ? result : { ...result, ...run.set.positionOf(['tests', job.one.test]) }
      run.onDone(++done, jobs.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(run.concurrency, jobs.length) }, work))
  return results
}

async function runCase(
  run: Run,
  templates: ValueTemplates,
  one: TestCase,
  index: number,
  provider: Provider | undefined,
): Promise<CaseResult> {
  const about = { ...describe(one, index), provider: provider?.label ?? CANNED }
  let prompt: Compiled | null = null
  try {
    if (run.signal.aborted) return failed(about, 'interrupted before it was run', null)
    prompt = run.prepared.compile(one.vars)
    const reply =
      one.providerOutput === undefined ? await provider?.call(prompt, run.signal) : canned(one.providerOutput)
    if (reply === undefined) return failed(about, 'no provider was named', prompt)
    return judged(about, one, prompt, reply, templates)
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return failed(about, error.message, prompt)
  }
}

type About = Pick<CaseResult, 'test' | 'case' | 'description' | 'vars' | 'provider'>

const describe = ({ test, description, vars }: TestCase, index: number): Omit<About, 'provider'> => ({
  test: test + 1,
  case: index + 1,
  description: description ?? null,
  vars,
})

const canned = (output: Json): Omit<Reply, 'latencyMs'> & { latencyMs: null } => ({
  output: typeof output === 'string' ? output : JSON.stringify(output),
  latencyMs: null,
  tokens: null,
  cost: 0,
})

const failed = (about: About, error: string, prompt: Compiled | null): CaseResult => ({
  ...about,
  pass: false,
  score: 0,
  error,
  reason: error,
  prompt,
  output: null,
  latency_ms: null,
  cost: null,
  tokens: null,
  assertions: [],
})

function judged(
  about: About,
  one: TestCase,
  prompt: Compiled,
  { output, latencyMs, tokens, cost }: Omit<Reply, 'latencyMs'> & { latencyMs: number | null },
  templates: ValueTemplates,
): CaseResult {
  const verdict = judge(one.assertions, one.threshold, { output, latencyMs, cost }, (value, assertion) =>
    templates.fillIn(value, [...assertion.path, 'value'], one.vars),
  )
  const { pass, score, results, error } = verdict
  const first = results.find((result) => !result.pass)?.reason ?? ''
  const below = one.threshold === undefined ? first : `score ${formatScore(score)} is below ${one.threshold}: ${first}`
  return {
    ...about,
    pass,
    score,
    error,
    reason: pass ? null : (error ?? below),
    prompt,
    output,
    latency_ms: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
    cost,
    tokens,
    assertions: results,
  }
}
