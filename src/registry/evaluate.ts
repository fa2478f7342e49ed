import { PromptctlError } from '../core/errors.js'
import { type Comparison, compareEvaluations, type Evaluation } from '../core/evaluation.js'
import { parseReference, type Reference } from '../core/reference.js'
import { type Environment, isEnvironment } from '../core/slug.js'
import { readTip } from './branches.js'
import { type Found, findPrepared, resolvedDigest } from './compile.js'
import type { EvaluationRequest, PathAndBytes } from './ports.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { requireTestSet } from './test-sets.js'

/** How a test set is run. */
export type RunOptions = Pick<EvaluationRequest, 'concurrency' | 'timeoutMs'> & {
  /** Of --provider; undefined: those of the test set. */
  readonly providers: readonly string[] | undefined
}

export interface EvaluateRequest extends RunOptions {
  readonly ref: Reference
  readonly environment: Environment | undefined
  /** What the environment serves, and not the file. */
  readonly live: boolean
  /** What it is compared with: a version, a revision of git, or an environment. */
  readonly compare: string | undefined
  /** False spares asking git which version it is. */
  readonly identify: boolean
}

export interface Evaluated {
  readonly evaluation: Evaluation
  readonly base: Evaluation | undefined
  readonly comparison: Comparison | undefined
}

/** Runs a prompt's test set: against its file, what is live, or a version; and against another one, to compare. */
export async function evaluate(registry: Registry, request: EvaluateRequest): Promise<Evaluated> {
  const { compare, ...options } = request
  const found = await findPrepared(registry, request)
  const base = compare === undefined ? undefined : await findBase(registry, found, compare, request)
  const head = registry.workTree === undefined ? await readTip(registry) : undefined
  const set = await requireTestSet(registry, head, found.document.prompt.slug)
  if (base === undefined) {
    return { evaluation: await evaluateFound(registry, found, set, options), base: undefined, comparison: undefined }
  }
  const before = await evaluateFound(registry, base, set, options)
  const evaluation = await evaluateFound(registry, found, set, options)
  return { evaluation, base: before, comparison: compareEvaluations(before, evaluation) }
}

async function evaluateFound(
  registry: Registry,
  found: Found,
  set: PathAndBytes,
  { identify, ...options }: RunOptions & { readonly identify: boolean },
): Promise<Evaluation> {
  const { document, prepared } = found
  // Asked first: after Ctrl-C git is not asked any more.
  const place = identify ? await found.locate() : { version: null, commit: null }
  const result = await runTestSet(registry, found, set, options)
  const { slug, environment } = document.prompt
  const digests = { digest: document.seal, resolved_digest: resolvedDigest(document, prepared) }
  return { slug, environment, ...place, ...digests, ...result }
}

/** Runs a test set with the providers that --provider names, else its own. */
export async function runTestSet(
  registry: Registry,
  { prepared }: Pick<Found, 'prepared'>,
  set: PathAndBytes,
  { providers, concurrency, timeoutMs }: RunOptions,
) {
  const evaluator = await registry.evaluator()
  return evaluator.evaluate(prepared, {
    set,
    providers: providers === undefined ? { by: 'file', ids: undefined } : { by: 'user', ids: providers },
    mayStart: registry.mayStartPrograms,
    concurrency,
    timeoutMs,
  })
}

/** `greet@2` and `greet@1a2b3c4`, which no revision of git looks like. */
const REFERENCE = /^[^@]+@(?:[0-9]+|[0-9a-f]{7,64})$/

async function findBase(
  registry: Registry,
  { document }: Found,
  text: string,
  { environment: flag }: EvaluateRequest,
): Promise<Found> {
  const { slug } = document.prompt
  if (isEnvironment(text) && registry.config.environments.includes(text)) {
    return findPrepared(registry, { ref: parseReference(slug), environment: text, live: true })
  }
  const reference = /^@?[0-9]+$/.test(text) ? `${slug}@${text.replace('@', '')}` : text
  if (REFERENCE.test(reference)) {
    return findPrepared(registry, { ref: parseReference(reference), environment: undefined, live: false })
  }
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(text)
  if (commit === undefined) {
    throw new PromptctlError(
      'not_found',
      `There is no version, commit, branch or environment ${JSON.stringify(text)}`,
      {
        hint: `promptctl log ${slug} lists the versions.`,
      },
    )
  }
  const environment = flag ?? chooseEnvironment(registry, document.prompt.environment)
  return findPrepared(registry, { ref: parseReference(`${slug}@${commit}`), environment, live: false })
}
