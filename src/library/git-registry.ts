import type { CompileOptions, PreparedPrompt, Values } from '../core/compile.js'
import { notLive, parseDeliveredName } from '../core/delivered-name.js'
import { PromptctlError } from '../core/errors.js'
import { freezeJson } from '../core/json.js'
import { formatPromptPath } from '../core/paths.js'
import { type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import { type Environment, isSlug, parseEnvironment, type Slug } from '../core/slug.js'
import { requireTip } from '../registry/branches.js'
import { resolvedDigest } from '../registry/compile.js'
import { changedSlugs } from '../registry/delivery/loaded-snapshot.js'
import { readSnapshot } from '../registry/delivery/read-snapshot.js'
import type { ServedPrompt, Snapshot } from '../registry/delivery/snapshot.js'
import { type ListedPrompt, list } from '../registry/list.js'
import { readLive } from '../registry/live.js'
import { type LogEntry, log } from '../registry/log.js'
import type { Oid } from '../registry/ports.js'
import { livePartials, prepare, viewPartials } from '../registry/prepare.js'
import { chooseEnvironment, type Registry, requireEnvironment } from '../registry/registry.js'
import { readView } from '../registry/resolve.js'
import { resolveExactly } from '../registry/resolve-exactly.js'
import { readVersionDocument } from '../registry/standing.js'
import { findVersion } from '../registry/version.js'
import { createPrompt, type Prompt } from './prompt.js'
import type { GetOptions, ListOptions, PromptChange, PromptRegistry, WatchOptions } from './prompt-registry.js'
import { repeat } from './repeat.js'

export interface GitGetOptions extends GetOptions {
  /** A version's number; without it what the environment serves. */
  readonly version?: number
  /** The file as it is on disk, drafts included: for development. */
  readonly workTree?: boolean
}

export interface FilesOptions extends ListOptions {
  readonly state?: 'draft' | 'published' | 'archived'
}

/** A registry in a git repository: what it serves, and what it holds besides. */
export interface GitRegistry extends PromptRegistry<GitGetOptions> {
  readonly environments: readonly string[]
  /** The prompt files of an environment as they are, drafts included. */
  files(options?: FilesOptions): Promise<readonly ListedPrompt[]>
  /** Newest first, over all environments or one. */
  versions(name: string, options?: GetOptions): Promise<readonly LogEntry[]>
}

/** How often a watched branch is looked at, which is reading a small file. */
const LOOK_MS = 500

/** The library's face of an opened registry, without the types that `promptctl types` adds. */
export function createGitRegistry(registry: Registry, standard: Environment | undefined) {
  const { config } = registry
  const live = createLivePrompts(registry)
  const watchers = new Set<() => void>()
  const environmentOf = (name: string | undefined): Environment =>
    name === undefined ? chooseEnvironment(registry, standard) : requireEnvironment(config, parseEnvironment(name))

  const get = async (name: string, options: GitGetOptions = {}): Promise<Prompt> => {
    const { environment, version, workTree = false } = options
    const where = environmentOf(environment)
    if (!workTree && version === undefined) return live.get(parseDeliveredName(name), where)
    const slug = await resolveExactly(registry, name, where)
    if (workTree || version === undefined) return readFile(registry, slug, where)
    return readVersion(registry, slug, version, environment === undefined ? undefined : where)
  }
  return {
    environments: Object.freeze([...config.environments]),
    get,
    compile: async (name: string, values: Values = {}, options: GitGetOptions & CompileOptions = {}) =>
      (await get(name, options)).compile(values, options),
    list: async ({ environment, tag }: ListOptions = {}) => {
      const snapshot = await live.snapshot(environmentOf(environment))
      return snapshot.list().filter(({ tags }) => tag === undefined || tags.includes(tag))
    },
    files: ({ environment, state, tag }: FilesOptions = {}) =>
      list(registry, { environment: environmentOf(environment), state, tag, full: true }),
    versions: async (name: string, { environment }: GetOptions = {}) => {
      const where = environment === undefined ? undefined : environmentOf(environment)
      const slug = await resolveExactly(registry, name, where ?? environmentOf(undefined))
      return log(registry, { name: slug, environment: where, sinceMs: undefined, limit: undefined, at: undefined })
    },
    watch: (listener: (change: PromptChange) => void, { onError }: WatchOptions = {}) => {
      const environment = environmentOf(undefined)
      const stop = repeat(LOOK_MS, createLook(live, environment), { onResult: listener, onError })
      watchers.add(stop)
      return stop
    },
    close: async () => {
      for (const stop of watchers) stop()
      await registry.close()
    },
  }
}

/** What is live at the branch's tip, which is looked up each time: reading it again is only needed when that moved. */
function createLivePrompts(registry: Registry) {
  const snapshots = new Map<Environment, Snapshot>()
  const prompts = new Map<string, Promise<Prompt>>()
  let tip: Oid | undefined

  const look = async (): Promise<Oid> => {
    const now = await requireTip(registry)
    if (now !== tip) prompts.clear()
    tip = now
    return now
  }
  const snapshot = async (environment: Environment): Promise<Snapshot> => {
    const read = await readSnapshot(registry, await look(), environment, snapshots.get(environment))
    snapshots.set(environment, read)
    return read
  }
  const read = async (name: string, environment: Environment, at: Oid): Promise<Prompt> => {
    if (isSlug(name)) return readServed(registry, name, environment, at)
    const served: ServedPrompt | undefined = (await snapshot(environment)).find(name)
    if (served === undefined) throw notLive(name, environment)
    return createPrompt(served.delivered)
  }
  return {
    snapshot,
    get: async (name: string, environment: Environment): Promise<Prompt> => {
      const at = await look()
      const key = `${at} ${environment} ${name}`
      const known = prompts.get(key)
      if (known !== undefined) return known
      const reading = read(name, environment, at)
      prompts.set(key, reading)
      // What failed is tried again.
      reading.catch(() => prompts.delete(key))
      return reading
    },
  }
}

/** The first look only learns what there is. */
function createLook(
  live: ReturnType<typeof createLivePrompts>,
  environment: Environment,
): () => Promise<PromptChange | undefined> {
  let before: Snapshot | undefined
  return async () => {
    const after = await live.snapshot(environment)
    const slugs = before === undefined ? [] : changedSlugs(before, after)
    before = after
    return slugs.length === 0 ? undefined : { environment, slugs }
  }
}

async function readServed(registry: Registry, slug: Slug, environment: Environment, tip: Oid): Promise<Prompt> {
  const live = await readLive(registry, tip, environment, slug)
  if (live === undefined) throw notLive(slug, environment)
  const [prepared, place] = await Promise.all([
    prepare(live.document, livePartials(registry, tip, environment)),
    live.locate(),
  ])
  return createFilePrompt(live.document, prepared, place)
}

async function readVersion(
  registry: Registry,
  slug: Slug,
  number: number,
  environment: Environment | undefined,
): Promise<Prompt> {
  const version = await findVersion(registry, slug, { version: number }, environment)
  const document = await readVersionDocument(registry, version)
  const prepared = await prepare(document, livePartials(registry, version.commit, version.environment))
  return createFilePrompt(document, prepared, version)
}

async function readFile(registry: Registry, slug: Slug, environment: Environment): Promise<Prompt> {
  const view = await readView(registry)
  const raw = await view.read(environment, slug)
  if (raw === undefined) throw new PromptctlError('not_found', `There is no ${formatPromptPath(environment, slug)}`)
  const document = parsePrompt(raw.bytes, raw.path)
  const prepared = await prepare(document, viewPartials(view, environment))
  return createFilePrompt(document, prepared, { version: null, commit: null })
}

/** A prompt out of its file, frozen: errors name places there. */
function createFilePrompt(
  document: PromptDocument,
  prepared: PreparedPrompt,
  { version, commit }: { readonly version: number | null; readonly commit: Oid | null },
): Prompt {
  const { id, slug, title, environment } = document.prompt
  return Object.freeze({
    id,
    slug,
    title,
    environment,
    version,
    commit,
    digest: document.seal,
    resolvedDigest: resolvedDigest(document, prepared),
    variables: freezeJson(prepared.variables),
    file: freezeJson(document.prompt),
    compile: (values: Values = {}, options: CompileOptions = {}) => prepared.compile(values, options),
  })
}
