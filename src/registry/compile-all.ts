import { type ErrorCode, isPromptctlError, PromptctlError } from '../core/errors.js'
import { exampleValues } from '../core/examples.js'
import { formatPromptPath } from '../core/paths.js'
import type { Message } from '../core/prompt-file.js'
import { parsePrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { readOrNothing } from './file-prompt.js'
import { type Included, openPassed, type Passed } from './passed.js'
import { type PartialReader, prepare, viewPartials } from './prepare.js'
import { type Registry, requireEnvironment } from './registry.js'
import { readView } from './resolve.js'
import type { RawPrompt, View } from './view.js'

export interface CompileAllRequest {
  /** Undefined: every environment. */
  readonly environment: Environment | undefined
  readonly strict: boolean
  /** Called with each compiled prompt, for --out. */
  readonly onCompiled?: (slug: Slug, environment: Environment, compiled: string | readonly Message[]) => void
  /** Called with each prompt that is checked without rendering, and the names that have no example. */
  readonly onUnrendered?: (path: string, names: readonly string[]) => void
}

export interface CompileResult {
  readonly slug: Slug
  readonly environment: Environment
  readonly path: string
  readonly ok: boolean
  readonly error?: {
    readonly code: ErrorCode
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  }
}

export interface CompileSummary {
  /** How many passed. */
  readonly compiled: number
  readonly failed: number
  /** How many are archived. */
  readonly skipped: number
  readonly results: readonly CompileResult[]
}

/**
 * Compiles every prompt that is not archived, with the example and default values of its variables; one with a variable
 * that has neither is checked without rendering. What fails is in the results and stops nobody else. What passed before
 * with the same content is not compiled again, unless somebody wants the text.
 */
export async function compileAll(registry: Registry, request: CompileAllRequest): Promise<CompileSummary> {
  const { environment } = request
  const environments =
    environment === undefined ? registry.config.environments : [requireEnvironment(registry.config, environment)]
  const view = await readView(registry)
  const passed =
    request.onCompiled === undefined ? await openPassed(registry, request.strict ? 'strict' : 'lenient') : undefined
  const results: CompileResult[] = []
  let skipped = 0
  if (passed !== undefined) await passInParallel(registry, view, environments, request.strict, passed)
  for (const each of environments) {
    for (const slug of await view.slugs(each)) {
      const result = await compileOne(view, each, slug, request, passed)
      if (result === 'archived') skipped += 1
      else results.push(result)
    }
  }
  passed?.save()
  const failed = results.filter(({ ok }) => !ok).length
  return { compiled: results.length - failed, failed, skipped, results }
}

/** From so many unknown files on, starting threads pays. */
const MANY = 500

/** Lets every core look at the files that are not known to pass; what does not pass alone is left for later. */
async function passInParallel(
  registry: Registry,
  view: View,
  environments: readonly Environment[],
  strict: boolean,
  passed: Passed,
): Promise<void> {
  const places: [Environment, Slug][] = []
  for (const environment of environments) {
    for (const slug of await view.slugs(environment)) places.push([environment, slug])
  }
  // Most are known: then looking which ones are not would cost reading every file twice.
  if (places.length - passed.size < MANY) return
  const unknown: RawPrompt[] = []
  for (const [environment, slug] of places) {
    const raw = await readOrNothing(view, environment, slug)
    if (raw !== undefined && passed.get(passed.blobId(raw.bytes)) === undefined) unknown.push(raw)
  }
  const parallel = unknown.length < MANY ? undefined : await registry.parallel()
  if (parallel === undefined) return
  const results = await (strict ? parallel.strictly(unknown) : parallel.leniently(unknown))
  for (const [index, result] of results.entries()) {
    const raw = unknown[index]
    if (raw !== undefined && result !== 'unclear') passed.add(passed.blobId(raw.bytes), result === 'archived', [])
  }
}

async function compileOne(
  view: View,
  environment: Environment,
  slug: Slug,
  request: CompileAllRequest,
  passed: Passed | undefined,
): Promise<CompileResult | 'archived'> {
  const where = { slug, environment, path: formatPromptPath(environment, slug) }
  try {
    const raw = await view.read(environment, slug)
    if (raw === undefined) throw new PromptctlError('not_found', `${where.path} is gone`)
    const before = passed === undefined ? undefined : await findPassed(view, environment, raw, passed)
    if (before !== undefined) return before.isArchived ? 'archived' : { ...where, ok: true }
    const isArchived = await check(view, environment, raw, request, passed)
    return isArchived ? 'archived' : { ...where, ok: true }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    const { code, message, details } = error
    return { ...where, ok: false, error: { code, message, ...(details === undefined ? {} : { details }) } }
  }
}

/** What is known of this content, when all that it included then is the same now. */
async function findPassed(view: View, environment: Environment, raw: RawPrompt, passed: Passed) {
  const known = passed.get(passed.blobId(raw.bytes))
  for (const [slug, blob] of known?.included ?? []) {
    const partial = await view.read(environment, slug)
    if (partial === undefined || passed.blobId(partial.bytes) !== blob) return undefined
  }
  return known
}

/** Compiles one file, and remembers that it passed. True for one that is archived, which is not compiled. */
async function check(
  view: View,
  environment: Environment,
  raw: RawPrompt,
  { strict, onCompiled, onUnrendered }: CompileAllRequest,
  passed: Passed | undefined,
): Promise<boolean> {
  const document = parsePrompt(raw.bytes, raw.path)
  const { slug, state } = document.prompt
  const included: Included[number][] = []
  if (state !== 'archived') {
    const prepared = await prepare(document, recordingPartials(viewPartials(view, environment), passed, included))
    const { values, without } = exampleValues(prepared)
    if (strict) prepared.assertDeclared()
    if (without.length === 0) {
      const compiled = prepared.compile(values, { strict })
      onCompiled?.(slug, environment, compiled)
    } else onUnrendered?.(raw.path, without)
  }
  passed?.add(passed.blobId(raw.bytes), state === 'archived', included)
  return state === 'archived'
}

/** Notes the blob of each partial that is read. */
const recordingPartials =
  (partials: PartialReader, passed: Passed | undefined, included: Included[number][]): PartialReader =>
  async (slug) => {
    const document = await partials(slug)
    if (document !== undefined && passed !== undefined) {
      included.push([slug, passed.blobId(new TextEncoder().encode(document.source.text))])
    }
    return document
  }
