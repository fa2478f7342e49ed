import { isPromptctlError } from '../core/errors.js'
import { PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { State } from '../core/prompt-file.js'
import { type PromptDocument, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { readTip } from './branches.js'
import { readOrNothing } from './file-prompt.js'
import { readKnowledge } from './known.js'
import { readOverview } from './overview.js'
import { viewPartials } from './prepare.js'
import { contentsOf, createRecord, type PromptContents, type PromptRecord } from './record.js'
import { chooseEnvironment, type Registry, type RegistryRepository } from './registry.js'
import { readView } from './resolve.js'
import { readVariables } from './variables.js'
import type { View } from './view.js'

export interface ListRequest {
  readonly environment: Environment | undefined
  readonly state: State | 'invalid' | undefined
  readonly tag: string | undefined
  readonly full: boolean
}

export type ListedPrompt = PromptRecord & Partial<PromptContents>

/** What a line of a table says. */
export type BriefPrompt = Pick<
  PromptRecord,
  'slug' | 'state' | 'version' | 'live_version' | 'title' | 'tags' | 'modified'
>

/** The prompts of an environment, in byte order of their slugs. One that cannot be read is listed as `invalid`. */
export async function list(registry: Registry, request: ListRequest): Promise<readonly ListedPrompt[]> {
  const environment = chooseEnvironment(registry, request.environment)
  const view = await readView(registry)
  const [slugs, knowledge] = await Promise.all([view.slugs(environment), readKnowledge(registry, environment)])
  const listed: ListedPrompt[] = []
  let changed: ReadonlySet<Slug> | undefined
  for (const slug of slugs) {
    const raw = await readOrNothing(view, environment, slug)
    const document = raw === undefined ? undefined : readPrompt(raw.bytes, raw.path).document
    // What is not read, such as a symbolic link, git compares with HEAD.
    if (raw === undefined) changed ??= new Set(await readChanged(await registry.git(), environment))
    const known = raw === undefined ? knowledge.ofUnread(slug, changed?.has(slug) ?? false) : knowledge.of(slug, raw)
    const record = createRecord({ slug, environment }, document?.prompt, document?.seal, known)
    if (isWanted(record, request))
      listed.push({ ...record, ...(request.full ? await contents(view, environment, document) : {}) })
  }
  return listed
}

const isWanted = ({ state, tags }: BriefPrompt, request: Pick<ListRequest, 'state' | 'tag'>): boolean =>
  (request.state === undefined || state === request.state) && (request.tag === undefined || tags.includes(request.tag))

/**
 * The same prompts, with what a table shows. Of thousands of files only those are read that differ from HEAD; the rest is
 * known from the overview. Where there is no history to have one of, this is `list`.
 */
export async function listBriefly(registry: Registry, request: ListRequest): Promise<readonly BriefPrompt[]> {
  const { repository } = await registry.git()
  const tip = await readTip(registry)
  if (tip === undefined || (await repository.isShallow())) return list(registry, request)
  const environment = chooseEnvironment(registry, request.environment)
  // Git is started first: it looks at the files while the overview is read and parsed.
  const [modified, overview] = await Promise.all([
    readModified(registry, await registry.git(), environment),
    readOverview(registry, tip, environment),
  ])
  const brief = new Map<Slug, BriefPrompt>()
  for (const [slug, { state, version, liveVersion, title, tags }] of overview) {
    if (state !== 'deleted') brief.set(slug, { slug, state, version, live_version: liveVersion, title, tags })
  }
  for (const [slug, prompt] of modified) {
    if (prompt === undefined) brief.delete(slug)
    else brief.set(slug, { ...prompt, live_version: overview.get(slug)?.liveVersion ?? null })
  }
  return [...brief.values()].filter((prompt) => isWanted(prompt, request)).sort((a, b) => (a.slug < b.slug ? -1 : 1))
}

/** The files that differ from HEAD; undefined for one that is gone from the disk. */
async function readModified(
  registry: Registry,
  git: RegistryRepository,
  environment: Environment,
): Promise<ReadonlyMap<Slug, BriefPrompt | undefined>> {
  const modified = new Map<Slug, BriefPrompt | undefined>()
  const changed = await readChanged(git, environment)
  const view = await readView(registry)
  for (const slug of changed) modified.set(slug, await readBrief(view, environment, slug))
  return modified
}

async function readChanged({ repository, prefix }: RegistryRepository, environment: Environment): Promise<Slug[]> {
  if (repository.workTree === undefined) return []
  const changed = await repository.status(`${prefix}${PROMPTS_DIR}/${environment}`)
  return changed.flatMap(({ path }) => parsePromptPath(path.slice(prefix.length))?.slug ?? [])
}

async function readBrief(view: View, environment: Environment, slug: Slug): Promise<BriefPrompt | undefined> {
  const base = { slug, version: null, live_version: null, modified: true } as const
  try {
    const raw = await view.read(environment, slug)
    if (raw === undefined) return undefined
    const { state = 'invalid', title = null, tags = [] } = readPrompt(raw.bytes, raw.path).document?.prompt ?? {}
    return { ...base, state, title, tags }
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return { ...base, state: 'invalid', title: null, tags: [] }
    throw error
  }
}

async function contents(
  view: View,
  environment: Environment,
  document: PromptDocument | undefined,
): Promise<Partial<PromptContents>> {
  if (document === undefined) return {}
  return contentsOf(document.prompt, await readVariables(document, viewPartials(view, environment)))
}
