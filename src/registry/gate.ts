import { isPromptctlError, PromptctlError } from '../core/errors.js'
import type { CaseResult, EvaluationResult } from '../core/evaluation.js'
import type { Change } from '../core/lifecycle/change.js'
import { formatPromptPath, formatTestSetPath } from '../core/paths.js'
import { parsePrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Plan } from './apply.js'
import { type Found, resolvedDigest } from './compile.js'
import type { Place } from './file-at.js'
import type { Oid, PathAndBytes } from './ports.js'
import { livePartials, type PartialReader, prepare } from './prepare.js'
import type { Registry } from './registry.js'
import { assertRulesReviewed, NOT_REVIEWED, readReviewedSet } from './reviewed.js'

declare const passed: unique symbol

/** A plan whose gates have passed, or that meets none: the only one that can be written. Made by a Gate alone. */
export type PassedPlan = Plan & { readonly [passed]: true }

/** The gates of one command. What was evaluated once is not evaluated again when the plan is made anew, whatever came of it. */
export interface Gate {
  /**
   * Throws `gate_failed` when content would become live that does not pass the gates of `registry`, naming all that failed
   * in `details`; `conflict` when the work tree has other rules or another test set than what is committed.
   */
  pass(registry: Registry, plan: Plan, head: Oid | undefined): Promise<PassedPlan>
}

/** Gates go by what is committed at the plan's head; with `index` by what is staged, because that is what will be committed. */
export function createGate(ground: 'head' | 'index' = 'head'): Gate {
  const known: Known = new Map()
  return {
    pass: async (registry, plan, head) => {
      const changes: Change[] = []
      const failures: GateFailure[] = []
      const place = ground === 'index' ? ground : head
      const live = plan.changes.filter(becomesLive).map(({ environment }) => environment)
      await assertRulesReviewed(registry, place, new Set(live))
      for (const change of plan.changes) {
        const outcome = await judgeChange(registry, { plan, head, place }, change, known)
        if ('failure' in outcome) failures.push(outcome.failure)
        else changes.push(outcome.change)
      }
      if (failures.length > 0) throw gateFailed(failures)
      return { ...plan, changes } as unknown as PassedPlan
    },
  }
}

/** False where no environment has a gate: then nothing needs to be planned before the lock is taken. */
export const hasGates = ({ config }: Registry): boolean =>
  [...config.gates.values()].some(({ evalRequired }) => evalRequired)

/** The environments whose gates a plan meets. */
export const gatedEnvironments = (registry: Registry, { changes }: Plan): readonly Environment[] => [
  ...new Set(changes.filter((change) => isGated(registry, change)).map(({ environment }) => environment)),
]

/** What was evaluated, by all that it depends on. */
type Known = Map<string, Promise<EvaluationResult>>

/** What comes back by a rollback was live here before, and at 2 am nobody waits for a model. */
const becomesLive = ({ state, restores }: Change): boolean => state === 'published' && restores === undefined

const isGated = ({ config }: Registry, change: Change): boolean =>
  becomesLive(change) && config.gates.get(change.environment)?.evalRequired === true

/** Why a change does not pass. */
interface GateFailure {
  readonly slug: Slug
  readonly environment: Environment
  readonly set: string
  readonly pass_rate: number
  /** Undefined when the test set could not be run. */
  readonly result: EvaluationResult | undefined
  readonly reason: string
  readonly problems: readonly GateProblem[]
  readonly hint?: string | undefined
}

interface GateProblem {
  readonly file: string
  readonly line?: number | undefined
  readonly column?: number | undefined
  readonly message: string
}

/** A plan, what it was made on, and where test sets are read. */
interface Planned {
  readonly plan: Plan
  readonly head: Oid | undefined
  readonly place: Place | undefined
}

async function judgeChange(
  registry: Registry,
  { plan, head, place }: Planned,
  change: Change,
  known: Known,
): Promise<{ readonly change: Change } | { readonly failure: GateFailure }> {
  if (!isGated(registry, change)) return { change }
  const { slug, environment } = change
  const { passRate = 1 } = registry.config.gates.get(environment) ?? {}
  const about = {
    slug,
    environment,
    set: formatTestSetPath(slug),
    pass_rate: passRate,
    result: undefined,
    problems: [],
  }
  try {
    const set = await readReviewedSet(registry, place, change)
    if (set === undefined) return { failure: { ...about, ...noSet(slug) } }
    const found = await prepareChange(registry, plan, head, change)
    const result = await evaluateOnce(registry, environment, found, set, known)
    if (result.interrupted) throw interrupted()
    if (result.passed / result.total >= passRate) {
      return {
        change: { ...change, evaluation: { passed: result.passed, total: result.total, digest: result.set_digest } },
      }
    }
    const reason = `${result.passed} of ${result.total} tests passed, and pass_rate is ${passRate}`
    return { failure: { ...about, result, reason, problems: problemsOf(result) } }
  } catch (error) {
    if (!isPromptctlError(error) || ENDS.has(error.details?.['reason'])) throw error
    return { failure: { ...about, reason: error.message, problems: placesOf(error), hint: error.hint } }
  }
}

const noSet = (slug: Slug) => ({
  reason: 'it has no test set',
  hint: `Write ${formatTestSetPath(slug)} and commit it; promptctl eval ${slug} runs it.`,
})

const INTERRUPTED = 'interrupted'
/** What is no failure of one prompt, and ends the command. */
const ENDS: ReadonlySet<unknown> = new Set([INTERRUPTED, NOT_REVIEWED])
const interrupted = (): PromptctlError =>
  new PromptctlError('unavailable', 'The evaluation was interrupted, and nothing was written', {
    details: { reason: INTERRUPTED },
  })

/** The content as it would be served: with what is published along, else with what is live. */
async function prepareChange(
  registry: Registry,
  { changes }: Plan,
  head: Oid | undefined,
  { slug, environment, content }: Change,
): Promise<Pick<Found, 'document' | 'prepared'>> {
  const planned = new Map(changes.filter((one) => one.environment === environment).map((one) => [one.slug, one]))
  const live = head === undefined ? undefined : livePartials(registry, head, environment)
  const partials: PartialReader = async (name) => {
    const change = planned.get(name)
    if (change?.state === 'published') return parsePrompt(change.content, formatPromptPath(environment, name))
    return live?.(name)
  }
  const document = parsePrompt(content, formatPromptPath(environment, slug))
  return { document, prepared: await prepare(document, partials) }
}

async function evaluateOnce(
  registry: Registry,
  environment: Environment,
  { document, prepared }: Pick<Found, 'document' | 'prepared'>,
  set: PathAndBytes,
  known: Known,
): Promise<EvaluationResult> {
  const ids = registry.config.gates.get(environment)?.providers
  const text = Buffer.from(set.bytes).toString('base64')
  const key = JSON.stringify([set.path, text, resolvedDigest(document, prepared), ids])
  const before = known.get(key)
  if (before !== undefined) return before
  const evaluator = await registry.evaluator()
  const providers = { by: 'file', ids } as const
  const evaluation = evaluator.evaluate(prepared, { set, providers, mayStart: registry.mayStartPrograms })
  known.set(key, evaluation)
  return evaluation
}

/** So many failing cases are listed; the results have all. */
const MOST_PROBLEMS = 20

const problemsOf = ({ cases, set }: EvaluationResult): readonly GateProblem[] =>
  cases
    .filter(({ pass }) => !pass)
    .slice(0, MOST_PROBLEMS)
    .map((one) => ({ file: set, line: one.line, column: one.column, message: describeCase(one) }))

/** `"refuses politely" (openai:gpt-4o-mini): expected the answer to contain "sorry"` */
export const describeCase = ({ description, case: number, provider, reason }: CaseResult): string =>
  `${description === null ? `case ${number}` : JSON.stringify(description)} (${provider}): ${reason ?? ''}`

const placesOf = (error: PromptctlError): readonly GateProblem[] => {
  const problems = error.details?.['problems']
  return Array.isArray(problems) ? problems.slice(0, MOST_PROBLEMS) : []
}

function gateFailed(failures: readonly GateFailure[]): PromptctlError {
  const [first] = failures
  if (first === undefined) throw new TypeError('a gate that failed has a failure')
  const problems = failures.flatMap((failure) =>
    failure.problems.length > 0
      ? failure.problems
      : [{ file: failure.set, message: `${failure.slug}: ${failure.reason}` }],
  )
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more prompts)` : ''
  const only = problems.length === 1 && first.problems.length === 1 ? `; ${first.problems[0]?.message}` : ''
  return new PromptctlError(
    'gate_failed',
    `${first.slug} does not pass the gate of ${first.environment}: ${first.reason}${more}${only}`,
    {
      hint: first.hint ?? `Nothing was written. Look closer: promptctl eval ${first.slug}`,
      details: { gates: failures.map(formatFailure), problems },
    },
  )
}

const formatFailure = ({ slug, environment, set, pass_rate, result, reason }: GateFailure) => ({
  slug,
  environment,
  set,
  pass_rate,
  reason,
  passed: result?.passed ?? null,
  total: result?.total ?? null,
  failures: (result?.cases ?? [])
    .filter(({ pass }) => !pass)
    .slice(0, MOST_PROBLEMS)
    .map(({ case: number, test, description, provider, reason: why, error }) => ({
      case: number,
      test,
      description,
      provider,
      reason: why,
      error,
    })),
})
