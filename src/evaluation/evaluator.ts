import type { PreparedPrompt } from '../core/compile.js'
import { PromptctlError } from '../core/errors.js'
import { type EvaluationResult, summarize } from '../core/evaluation.js'
import type { EvaluationRequest, Evaluator, ProviderChoice } from '../registry/ports.js'
import { expandCases, type TestCase } from './cases.js'
import { nameProvider, openProvider, type ProviderMeans } from './providers/open.js'
import type { Provider } from './providers/provider.js'
import { runCases } from './run.js'
import { type ProviderEntry, parseTestSet, type TestSet } from './test-set.js'

export interface EvaluatorOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where the user stands: programs that --provider names are started there, others at the registry's root. */
  readonly directory: string
  readonly root: string
  /** What Ctrl-C does: the first one ends the calls, and what has been answered is still reported. */
  readonly interrupt?: { readonly signal: AbortSignal; protect<T>(action: () => Promise<T>): Promise<T> }
  readonly progress?: () => { update(done: number, total: number): void; end(): void }
}

const DEFAULT_CONCURRENCY = 4
const DEFAULT_TIMEOUT_MS = 60_000

/** Implements the Evaluator port with the providers of providers/. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { interrupt } = options
  return {
    evaluate: (prepared, request) => {
      const run = () => evaluate(options, prepared, request)
      return interrupt === undefined ? run() : interrupt.protect(run)
    },
  }
}

async function evaluate(
  options: EvaluatorOptions,
  prepared: PreparedPrompt,
  request: EvaluationRequest,
): Promise<EvaluationResult> {
  const set = parseTestSet(request.set.bytes, request.set.path)
  const cases = expandCases(set)
  const { concurrency = DEFAULT_CONCURRENCY } = request
  const providers = openProviders(set, cases, request.providers, {
    env: options.env,
    cwd: request.providers.by === 'user' ? options.directory : options.root,
    exec: mayStart(options, request),
    prompt: prepared.prompt,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    concurrency,
  })
  const interrupt = options.interrupt?.signal
  const signal = AbortSignal.any([interrupt, request.deadline].filter((one) => one !== undefined))
  const progress = options.progress?.()
  const start = performance.now()
  const results = await runCases({
    set,
    cases,
    prepared,
    providers,
    concurrency,
    signal,
    onDone: (done, total) => progress?.update(done, total),
  })
  progress?.end()
  return {
    set: set.file,
    set_digest: set.digest,
    providers: providers.map(({ label }) => label),
    ...summarize(results),
    duration_ms: Math.round(performance.now() - start),
    interrupted: interrupt?.aborted === true,
    cases: results,
  }
}

function mayStart({ env }: EvaluatorOptions, { mayStart, providers }: EvaluationRequest): ProviderMeans['exec'] {
  if (!mayStart) return 'never'
  return providers.by === 'user' || env['PROMPTCTL_EVAL_ALLOW_EXEC'] === '1' ? 'allowed' : 'not allowed'
}

function openProviders(
  set: TestSet,
  cases: readonly TestCase[],
  { ids }: ProviderChoice,
  means: ProviderMeans,
): readonly Provider[] {
  const entries = ids === undefined ? set.providers : ids.map((id) => entryOf(set, id))
  const isCalled = cases.some(({ providerOutput }) => providerOutput === undefined)
  if (entries.length === 0 && isCalled) {
    throw new PromptctlError('usage', `${set.file} names no provider`, {
      hint: 'providers: [openai:gpt-4o-mini] in the file, or --provider; echo answers with the compiled prompt itself.',
    })
  }
  return entries.map((entry) => (isCalled ? openProvider(entry, means) : nameProvider(entry)))
}

/**
 * A provider that the test set has too keeps the config that it has there. It is found by its id alone: a label is a file's
 * word, and must not turn what the user named into another program.
 */
const entryOf = ({ providers }: TestSet, id: string): ProviderEntry =>
  providers.find((known) => known.id === id) ?? { id, label: id, config: {} }
