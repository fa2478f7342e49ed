import { isPromptctlError, type PromptctlError } from '../core/errors.js'
import type { Evaluation } from '../core/evaluation.js'
import { formatPromptPath, formatTestSetPath, TEST_SETS_DIR } from '../core/paths.js'
import { parsePrompt } from '../core/prompt-reader.js'
import { type Environment, isSlug, type Slug } from '../core/slug.js'
import { readTip } from './branches.js'
import { resolvedDigest } from './compile.js'
import { type RunOptions, runTestSet } from './evaluate.js'
import { commitForRange } from './lint-range.js'
import type { Oid } from './ports.js'
import { prepare, viewPartials } from './prepare.js'
import { type Registry, requireEnvironment } from './registry.js'
import { readView } from './resolve.js'
import { listTestSets, readTestSet } from './test-sets.js'
import type { View } from './view.js'

export interface EvaluateAllRequest extends RunOptions {
  /** Undefined: every environment. */
  readonly environment: Environment | undefined
  /** A revision of git: only what differs from where the two histories parted, and edits that are not committed. */
  readonly changedSince: string | undefined
}

/** What could not be evaluated, at its place. */
export interface EvaluationProblem {
  readonly code: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface EvaluatedAll {
  readonly evaluations: readonly Evaluation[]
  readonly problems: readonly EvaluationProblem[]
}

/**
 * Runs the test set of every prompt that has one, on its file in every environment; the same content once. What cannot be
 * run is a problem of its own, and so is a prompt without a test set that the gate of its environment asks for.
 */
export async function evaluateAll(registry: Registry, request: EvaluateAllRequest): Promise<EvaluatedAll> {
  const { environment, changedSince } = request
  const { config } = registry
  const view = await readView(registry)
  const head = registry.workTree === undefined ? await readTip(registry) : undefined
  const changed = changedSince === undefined ? undefined : await changedPaths(registry, changedSince)
  const sets = await listTestSets(registry, head)
  const work: Work = { registry, request, view, head, changed, sets: new Set(sets), done: new Set() }
  const evaluations: Evaluation[] = []
  const problems = await strayProblems(work, sets)
  for (const each of environment === undefined ? config.environments : [requireEnvironment(config, environment)]) {
    for (const slug of await view.slugs(each)) {
      const outcome = await evaluateOne(work, each, slug).catch((error: unknown) => {
        if (isPromptctlError(error)) return problemsOf(error, formatPromptPath(each, slug))
        throw error
      })
      if (outcome === undefined) continue
      if (!('cases' in outcome)) problems.push(...outcome)
      else evaluations.push(outcome)
      if ('cases' in outcome && outcome.interrupted) return { evaluations, problems }
    }
  }
  return { evaluations, problems }
}

interface Work {
  readonly registry: Registry
  readonly request: EvaluateAllRequest
  readonly view: View
  /** The commit that test sets are read from; undefined for the work tree. */
  readonly head: Oid | undefined
  /** Below the registry's root; undefined: everything counts as changed. */
  readonly changed: ReadonlySet<string> | undefined
  readonly sets: ReadonlySet<string>
  /** What was evaluated already, by content and test set. */
  readonly done: Set<string>
}

/** Undefined when there is nothing to do. Throws what is wrong with the prompt. */
async function evaluateOne(
  { registry, request, view, head, changed, sets, done }: Work,
  environment: Environment,
  slug: Slug,
): Promise<Evaluation | readonly EvaluationProblem[] | undefined> {
  const path = formatPromptPath(environment, slug)
  const setPath = formatTestSetPath(slug)
  const isTouched = changed === undefined || changed.has(path) || changed.has(setPath)
  const hasSet = sets.has(slug)
  if (!hasSet && (!isTouched || registry.config.gates.get(environment)?.evalRequired !== true)) return undefined
  const raw = await view.read(environment, slug)
  if (raw === undefined) return undefined
  const document = parsePrompt(raw.bytes, raw.path)
  if (document.prompt.state === 'archived') return undefined
  if (!hasSet) return [noSet(path, slug, environment)]
  const prepared = await prepare(document, viewPartials(view, environment))
  const includesChanged = prepared.partials.some((name) => changed?.has(formatPromptPath(environment, name)))
  if (!isTouched && !includesChanged) return undefined
  const resolved_digest = resolvedDigest(document, prepared)
  const key = `${slug} ${resolved_digest}`
  const set = done.has(key) ? undefined : await readTestSet(registry, head, slug)
  if (set === undefined) return undefined
  done.add(key)
  try {
    const result = await runTestSet(registry, { prepared }, set, request)
    return { slug, environment, version: null, commit: null, digest: document.seal, resolved_digest, ...result }
  } catch (error) {
    if (isPromptctlError(error)) return problemsOf(error, setPath)
    throw error
  }
}

const noSet = (file: string, slug: Slug, environment: Environment): EvaluationProblem => ({
  code: 'gate_failed',
  file,
  line: 1,
  column: 1,
  message: `${slug} has no test set, and the gate of ${environment} asks for one: ${formatTestSetPath(slug)}`,
})

/** All that an error names, each at its own place; else the error itself, at the file. */
function problemsOf({ code, message, details }: PromptctlError, file: string): readonly EvaluationProblem[] {
  const named: unknown = details?.['problems']
  const problems: readonly Partial<EvaluationProblem>[] = Array.isArray(named) ? named : [{ ...details, message }]
  return problems.map((problem) => ({
    code,
    file: problem.file ?? file,
    line: problem.line ?? 1,
    column: problem.column ?? 1,
    message: problem.message ?? message,
  }))
}

/** Test sets of prompts that there are not. */
async function strayProblems({ registry, view, changed }: Work, sets: readonly string[]): Promise<EvaluationProblem[]> {
  const slugs = new Set<string>()
  for (const environment of registry.config.environments) {
    for (const slug of await view.slugs(environment)) slugs.add(slug)
  }
  return sets
    .filter((name) => !slugs.has(name))
    .map((name) => ({
      code: 'not_found',
      file: `${TEST_SETS_DIR}/${name}.yaml`,
      line: 1,
      column: 1,
      message: isSlug(name) ? `there is no prompt ${name}` : 'a test set has the name of a prompt: its whole slug',
    }))
    .filter(({ file }) => changed === undefined || changed.has(file))
}

async function changedPaths(registry: Registry, since: string): Promise<ReadonlySet<string>> {
  const { repository, prefix } = await registry.git()
  const { base, head } = await commitForRange(registry, since, 'HEAD')
  const folder = prefix.replace(/\/$/, '')
  const [committed, edited] = await Promise.all([
    repository.differences(base, head, folder),
    registry.workTree === undefined ? [] : repository.status(folder),
  ])
  return new Set([...committed, ...edited].map(({ path }) => path.slice(prefix.length)))
}
