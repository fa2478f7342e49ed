import type { CompileOptions, PreparedPrompt, Values } from '../core/compile.js'
import { PromptctlError } from '../core/errors.js'
import { formatPromptPath } from '../core/paths.js'
import type { Message, PromptFile } from '../core/prompt-file.js'
import { type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import { type Environment, parseEnvironment, type Slug } from '../core/slug.js'
import type { Variable } from '../core/variables.js'
import { requireTip } from '../registry/branches.js'
import { resolvedDigest } from '../registry/compile.js'
import { type ListedPrompt, list } from '../registry/list.js'
import { readLive } from '../registry/live.js'
import { type LogEntry, log } from '../registry/log.js'
import type { Oid } from '../registry/ports.js'
import { livePartials, prepare, versionPartials, viewPartials } from '../registry/prepare.js'
import { chooseEnvironment, type Registry, requireEnvironment } from '../registry/registry.js'
import { readView } from '../registry/resolve.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import { readVersionDocument } from '../registry/standing.js'
import { findVersion } from '../registry/version.js'

/** A prompt that is ready to compile, as often as you like. */
export interface Prompt {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly environment: string
  /** Null for a file of the work tree, and in a shallow clone. */
  readonly version: number | null
  readonly commit: string | null
  /** `sha256:<hex>` of the content alone. */
  readonly digest: string
  /** The same over all that it includes: equal ones behave the same. */
  readonly resolvedDigest: string
  /** What it needs, its partials included. */
  readonly variables: readonly Variable[]
  /** The file's values: model, tools, config and so on. */
  readonly file: PromptFile
  /**
   * The text, or the messages of a chat prompt. Throws PromptctlError `missing_variable` or `invalid_variable`, with every
   * name in `details.variables`; with `strict` also `unknown_variable`, `undeclared_variable` and `unused_variable`.
   */
  compile(values?: Values, options?: CompileOptions): string | Message[]
}

export interface GetOptions {
  readonly environment?: string
  /** A version's number; without it what the environment serves. */
  readonly version?: number
  /** The file as it is on disk, drafts included: for development. */
  readonly workTree?: boolean
}

export interface ListOptions {
  readonly environment?: string
  readonly state?: 'draft' | 'published' | 'archived'
  readonly tag?: string
}

/** Prompts out of a registry. Names are whole slugs, UUIDs or aliases. */
export interface PromptRegistry {
  readonly environments: readonly string[]
  /** What the environment serves. Throws `not_found` when that is nothing. */
  get(name: string, options?: GetOptions): Promise<Prompt>
  /** `get` and `compile` in one step. */
  compile(name: string, values?: Values, options?: GetOptions & CompileOptions): Promise<string | Message[]>
  /** The prompts of an environment with what their files hold. */
  list(options?: ListOptions): Promise<readonly ListedPrompt[]>
  /** Newest first, over all environments or one. */
  versions(name: string, options?: { readonly environment?: string }): Promise<readonly LogEntry[]>
  close(): Promise<void>
}

/** The library's face of an opened registry. */
export function createPromptRegistry(registry: Registry, standard: Environment | undefined): PromptRegistry {
  const { config } = registry
  const environmentOf = (name: string | undefined): Environment =>
    name === undefined ? chooseEnvironment(registry, standard) : requireEnvironment(config, parseEnvironment(name))
  const get = async (name: string, { environment, version, workTree = false }: GetOptions = {}): Promise<Prompt> => {
    const where = environmentOf(environment)
    const slug = await resolveExactly(registry, name, where)
    if (workTree) return readFile(registry, slug, where)
    if (version === undefined) return readServed(registry, slug, where)
    return readVersion(registry, slug, version, environment === undefined ? undefined : where)
  }
  return {
    environments: config.environments,
    get,
    compile: async (name, values = {}, options = {}) => (await get(name, options)).compile(values, options),
    list: ({ environment, state, tag } = {}) =>
      list(registry, { environment: environmentOf(environment), state, tag, full: true }),
    versions: async (name, { environment } = {}) => {
      const where = environment === undefined ? undefined : environmentOf(environment)
      const slug = await resolveExactly(registry, name, where ?? environmentOf(undefined))
      return log(registry, { name: slug, environment: where, sinceMs: undefined, limit: undefined, at: undefined })
    },
    close: () => registry.close(),
  }
}

async function readServed(registry: Registry, slug: Slug, environment: Environment): Promise<Prompt> {
  const tip = await requireTip(registry)
  const live = await readLive(registry, tip, environment, slug)
  if (live === undefined) {
    throw new PromptctlError('not_found', `${slug} is not live in ${environment}`, { details: { slug, environment } })
  }
  const [prepared, place] = await Promise.all([
    prepare(live.document, livePartials(registry, tip, environment)),
    live.locate(),
  ])
  return createPrompt(live.document, prepared, place)
}

async function readVersion(
  registry: Registry,
  slug: Slug,
  number: number,
  environment: Environment | undefined,
): Promise<Prompt> {
  const version = await findVersion(registry, slug, { version: number }, environment)
  const document = await readVersionDocument(registry, version)
  const prepared = await prepare(document, versionPartials(registry, version))
  return createPrompt(document, prepared, version)
}

async function readFile(registry: Registry, slug: Slug, environment: Environment): Promise<Prompt> {
  const view = await readView(registry)
  const raw = await view.read(environment, slug)
  if (raw === undefined) throw new PromptctlError('not_found', `There is no ${formatPromptPath(environment, slug)}`)
  const document = parsePrompt(raw.bytes, raw.path)
  const prepared = await prepare(document, viewPartials(view, environment))
  return createPrompt(document, prepared, { version: null, commit: null })
}

function createPrompt(
  document: PromptDocument,
  prepared: PreparedPrompt,
  { version, commit }: { readonly version: number | null; readonly commit: Oid | null },
): Prompt {
  const { id, slug, title, environment } = document.prompt
  return {
    id,
    slug,
    title,
    environment,
    version,
    commit,
    digest: document.seal,
    resolvedDigest: resolvedDigest(document, prepared),
    variables: prepared.variables,
    file: document.prompt,
    compile: (values = {}, options = {}) => prepared.compile(values, options),
  }
}
