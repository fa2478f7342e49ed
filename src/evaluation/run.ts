import type { PreparedPrompt } from '../core/compile.js'
import { isPromptctlError } from '../core/errors.js'
import type { CaseResult } from '../core/evaluation.js'
import type { Json } from '../core/prompt-file.js'
import { formatScore, judge, type Verdict } from './assertions/judge.js'
import type { TestCase } from './cases.js'
import { ValueTemplates } from './fill-in.js'
import { type Compiled, type Provider, type Reply, whyEnded } from './providers/provider.js'
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

/** One case for one provider. */
interface Job {
  readonly one: TestCase
  readonly index: number
  readonly provider: Provider | undefined
}

/** Runs every case with every provider, so many at once; case by case, each with all providers. Never throws for a case. */
export async function runCases(run: Run): Promise<readonly CaseResult[]> {
  const providers = run.providers.length === 0 ? [undefined] : run.providers
  const jobs = run.cases.flatMap((one, index) => providers.map((provider): Job => ({ one, index, provider })))
  const results: CaseResult[] = new Array(jobs.length)
  const templates = new ValueTemplates(run.set)
  let [next, done] = [0, 0]
  const work = async (): Promise<void> => {
    for (let job = jobs[next]; job !== undefined; job = jobs[next]) {
      const place = next++
      const result = await runCase(run, templates, job)
      // Finding places takes longer than most cases.
      results[place] = result.pass ? result : { ...result, ...run.set.positionOf(['tests', job.one.test]) }
      run.onDone(++done, jobs.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(run.concurrency, jobs.length) }, work))
  return results
}

async function runCase(run: Run, templates: ValueTemplates, job: Job): Promise<CaseResult> {
  const { vars, providerOutput } = job.one
  let prompt: Compiled | null = null
  try {
    if (run.signal.aborted) return failed(job, `${whyEnded(run.signal)} before it was run`, null)
    prompt = run.prepared.compile(vars)
    const reply = providerOutput === undefined ? await job.provider?.call(prompt, run.signal) : canned(providerOutput)
    if (reply === undefined) return failed(job, 'no provider was named', prompt)
    return judged(job, prompt, reply, templates)
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return failed(job, error.message, prompt)
  }
}

/** A reply, or what was said in its place: then no model was called. */
type Answered = Omit<Reply, 'latencyMs'> & { readonly latencyMs: number | null }

const canned = (output: Json): Answered => ({
  output: typeof output === 'string' ? output : JSON.stringify(output),
  latencyMs: null,
  tokens: null,
  cost: 0,
})

function judged(
  { one, index, provider }: Job,
  prompt: Compiled,
  reply: Answered,
  templates: ValueTemplates,
): CaseResult {
  const verdict = judge(one.assertions, one.threshold, reply, (value, assertion) =>
    templates.fillIn(value, assertion, one.vars),
  )
  const { latencyMs } = reply
  return {
    test: one.test + 1,
    case: index + 1,
    description: one.description ?? null,
    vars: one.vars,
    provider: provider?.label ?? CANNED,
    pass: verdict.pass,
    score: verdict.score,
    error: verdict.error,
    reason: verdict.pass ? null : reasonOf(one, verdict),
    prompt,
    output: reply.output,
    latency_ms: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
    cost: reply.cost,
    tokens: reply.tokens,
    assertions: verdict.results,
  }
}

function reasonOf({ threshold }: TestCase, { error, score, results }: Verdict): string {
  if (error !== null) return error
  const first = results.find(({ pass }) => !pass)?.reason ?? ''
  return threshold === undefined ? first : `score ${formatScore(score)} is below ${threshold}: ${first}`
}

const failed = ({ one, index, provider }: Job, error: string, prompt: Compiled | null): CaseResult => ({
  test: one.test + 1,
  case: index + 1,
  description: one.description ?? null,
  vars: one.vars,
  provider: provider?.label ?? CANNED,
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
