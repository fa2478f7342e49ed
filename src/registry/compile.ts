import type { PreparedPrompt, Values } from '../core/compile.js'
import { digestOf, resolvedDigestOf } from '../core/digest.js'
import { isPromptctlError } from '../core/errors.js'
import type { Message } from '../core/prompt-file.js'
import { type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import type { Reference } from '../core/reference.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Variable } from '../core/variables.js'
import { requireTip } from './branches.js'
import type { Oid } from './ports.js'
import { livePartials, prepare, versionPartials, viewPartials } from './prepare.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { readView, resolveSlug } from './resolve.js'
import { notInEnvironment } from './show.js'
import { readVersionDocument } from './standing.js'
import { findVersion, requireLive } from './version.js'
import type { RawPrompt } from './view.js'

export interface CompileRequest {
  readonly ref: Reference
  readonly environment: Environment | undefined
  /** What the environment serves, and not the file. */
  readonly live: boolean
  /** Given the declarations, so that text from a command line can be converted. */
  readonly values: (prepared: PreparedPrompt) => Values
  readonly strict: boolean
}

export interface Compiled {
  readonly slug: Slug
  readonly environment: Environment
  readonly compiled: string | readonly Message[]
  /** Says which version it was; asks git for what the file alone does not tell. */
  identify(): Promise<CompiledIdentity>
}

export interface CompiledIdentity {
  /** Null when the file is not what HEAD has, and where there is no history to number it by. */
  readonly version: number | null
  readonly commit: Oid | null
  readonly digest: string
  /** Covers the prompt and all that it includes: equal ones behave the same. */
  readonly resolved_digest: string
  readonly variables: readonly Variable[]
}

/** Compiles one prompt: its file, what is live, or a version. */
export async function compile(registry: Registry, request: CompileRequest): Promise<Compiled> {
  const found = await findPrepared(registry, request)
  const { document, prepared } = found
  const compiled = prepared.compile(request.values(prepared), { strict: request.strict })
  return {
    slug: document.prompt.slug,
    environment: document.prompt.environment,
    compiled,
    identify: async () => ({
      ...(await found.locate()),
      digest: document.seal,
      resolved_digest: resolvedDigest(document, prepared),
      variables: prepared.variables,
    }),
  }
}

/** `sha256:<hex>` over the digest of a prompt and those of all that it includes, by slug. */
export function resolvedDigest({ seal }: PromptDocument, prepared: PreparedPrompt): string {
  return resolvedDigestOf(seal, new Map([...prepared.partialFiles].map(([slug, partial]) => [slug, digestOf(partial)])))
}

/** A prompt that is ready to compile, and which version it is. */
export interface Found {
  readonly document: PromptDocument
  readonly prepared: PreparedPrompt
  locate(): Promise<{ version: number | null; commit: Oid | null }>
}

/** Finds a prompt, with all that it includes: its file, what is live, or a version. */
export async function findPrepared(
  registry: Registry,
  { ref, environment: flag, live }: Pick<CompileRequest, 'ref' | 'environment' | 'live'>,
): Promise<Found> {
  const slug = await resolveSlug(registry, ref.name, { deleted: live || ref.at !== undefined })
  if (ref.at !== undefined) {
    const version = await findVersion(registry, slug, ref.at, flag)
    const document = await readVersionDocument(registry, version)
    const prepared = await prepare(document, versionPartials(registry, version))
    return { document, prepared, locate: async () => ({ version: version.version, commit: version.commit }) }
  }
  const environment = chooseEnvironment(registry, flag)
  if (live) {
    const tip = await requireTip(registry)
    const { document, locate } = await requireLive(registry, tip, environment, slug)
    return { document, prepared: await prepare(document, livePartials(registry, tip, environment)), locate }
  }
  const view = await readView(registry)
  const raw = await view.read(environment, slug)
  if (raw === undefined) throw await notInEnvironment(registry, slug, environment)
  const document = parsePrompt(raw.bytes, raw.path)
  const prepared = await prepare(document, viewPartials(view, environment))
  return { document, prepared, locate: () => locateFile(registry, environment, slug, raw) }
}

/** The version that a file is. A folder that is no git repository has none. */
export async function locateFile(registry: Registry, environment: Environment, slug: Slug, raw: RawPrompt) {
  try {
    const { readKnowledge } = await import('./known.js')
    const { createRecord } = await import('./record.js')
    const known = (await readKnowledge(registry, environment, slug)).of(slug, raw)
    const { version, commit } = createRecord({ slug, environment }, undefined, undefined, known)
    return { version, commit }
  } catch (error) {
    if (isPromptctlError(error, 'not_found')) return { version: null, commit: null }
    throw error
  }
}
