import { PromptctlError } from '../core/errors.js'
import type { Evaluation } from '../core/evaluation.js'
import { type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import { setValues } from '../core/prompt-writer.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Changes } from '../core/yaml/edit.js'
import { requireTip } from './branches.js'
import { type Found, locateFile, resolvedDigest } from './compile.js'
import type { Oid } from './ports.js'
import { livePartials, type PartialReader, prepare, versionPartials } from './prepare.js'
import type { Registry } from './registry.js'
import { notInEnvironment } from './show.js'
import { readVersionDocument } from './standing.js'
import { requireTestSet } from './test-sets.js'
import { findVersion } from './version.js'
import { planningView } from './view.js'

export interface QuickEvaluateRequest {
  readonly slug: Slug
  readonly environment: Environment
  /** Undefined: the file at the tip of the branch. */
  readonly version: number | undefined
  /** Laid over that content; empty: as it is. */
  readonly changes: Changes
  /** Undefined: those of the test set. */
  readonly providers: readonly string[] | undefined
}

/** Tries content that is not published yet, or a version, with the test set of the tip; nothing is written. */
export async function quickEvaluate(registry: Registry, request: QuickEvaluateRequest): Promise<Evaluation> {
  const { slug, environment, changes, providers: ids } = request
  const tip = await requireTip(registry)
  const base = await findBase(registry, tip, request)
  const isChanged = Object.keys(changes).length > 0
  const { file } = base.document.source
  const document = isChanged ? parsePrompt(setValues(base.document.source, changes), file) : base.document
  // What is tried would be published now, and so include what is live now.
  const prepared = await prepare(document, isChanged ? livePartials(registry, tip, environment) : base.partials)
  const set = await requireTestSet(registry, tip, slug)
  const evaluator = await registry.evaluator()
  const providers = { by: 'file', ids } as const
  const result = await evaluator.evaluate(prepared, { set, providers, mayStart: registry.mayStartPrograms })
  return {
    slug,
    environment,
    ...(isChanged ? { version: null, commit: null } : await base.locate()),
    digest: document.seal,
    resolved_digest: resolvedDigest(document, prepared),
    ...result,
  }
}

interface Base {
  readonly document: PromptDocument
  readonly partials: PartialReader
  locate: Found['locate']
}

async function findBase(
  registry: Registry,
  tip: Oid,
  { slug, environment, version: number }: QuickEvaluateRequest,
): Promise<Base> {
  if (number !== undefined) {
    const version = await findVersion(registry, slug, { version: number }, undefined)
    if (version.environment !== environment) {
      throw new PromptctlError('not_found', `${slug} has no version ${number} in ${environment}`)
    }
    const document = await readVersionDocument(registry, version)
    const locate = async () => ({ version: number, commit: version.commit })
    return { document, partials: versionPartials(registry, version), locate }
  }
  const raw = await (await planningView(registry, tip)).read(environment, slug)
  if (raw === undefined) throw await notInEnvironment(registry, slug, environment)
  const document = parsePrompt(raw.bytes, raw.path)
  return {
    document,
    partials: livePartials(registry, tip, environment),
    locate: () => locateFile(registry, environment, slug, raw),
  }
}
