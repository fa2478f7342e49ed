import { type ErrorCode, isPromptctlError, PromptctlError } from '../core/errors.js'
import { formatPromptPath } from '../core/paths.js'
import type { Message } from '../core/prompt-file.js'
import { parsePrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { exampleValues } from '../core/variables.js'
import { prepare, viewPartials } from './prepare.js'
import { type Registry, requireEnvironment } from './registry.js'
import { readView } from './resolve.js'
import type { View } from './view.js'

export interface CompileAllRequest {
  /** Undefined: every environment. */
  readonly environment: Environment | undefined
  readonly strict: boolean
  /** Called with each compiled prompt, for --out. */
  readonly onCompiled?: (slug: Slug, environment: Environment, compiled: string | readonly Message[]) => void
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
 * that has neither is checked without rendering. What fails is in the results and stops nobody else.
 */
export async function compileAll(registry: Registry, request: CompileAllRequest): Promise<CompileSummary> {
  const { environment } = request
  const environments =
    environment === undefined ? registry.config.environments : [requireEnvironment(registry.config, environment)]
  const view = await readView(registry)
  const results: CompileResult[] = []
  let skipped = 0
  for (const each of environments) {
    for (const slug of await view.slugs(each)) {
      const result = await compileOne(view, each, slug, request)
      if (result === 'archived') skipped += 1
      else results.push(result)
    }
  }
  const failed = results.filter(({ ok }) => !ok).length
  return { compiled: results.length - failed, failed, skipped, results }
}

async function compileOne(
  view: View,
  environment: Environment,
  slug: Slug,
  request: CompileAllRequest,
): Promise<CompileResult | 'archived'> {
  const where = { slug, environment, path: formatPromptPath(environment, slug) }
  try {
    const raw = await view.read(environment, slug)
    if (raw === undefined) throw new PromptctlError('not_found', `${where.path} is gone`)
    const document = parsePrompt(raw.bytes, raw.path)
    if (document.prompt.state === 'archived') return 'archived'
    const prepared = await prepare(document, viewPartials(view, environment))
    const values = exampleValues(prepared.variables)
    if (request.strict) prepared.assertDeclared()
    if (values !== undefined)
      request.onCompiled?.(slug, environment, prepared.compile(values, { strict: request.strict }))
    return { ...where, ok: true }
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    const { code, message, details } = error
    return { ...where, ok: false, error: { code, message, ...(details === undefined ? {} : { details }) } }
  }
}
