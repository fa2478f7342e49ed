import { PromptctlError } from '../core/errors.js'
import { parsePrompt } from '../core/prompt-reader.js'
import type { Reference } from '../core/reference.js'
import type { Environment, Slug } from '../core/slug.js'
import { provisionalCommits, requireTip } from './branches.js'
import { readVersions } from './history.js'
import { readKnowledge } from './known.js'
import { versionPartials, viewPartials } from './prepare.js'
import { contentsOf, createRecord, type PromptContents, type PromptRecord } from './record.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { readView, resolveSlug } from './resolve.js'
import { readVersionDocument } from './standing.js'
import { readVariables } from './variables.js'
import { findVersion } from './version.js'

export interface ShowRequest {
  readonly ref: Reference
  readonly environment: Environment | undefined
}

/** A prompt as its file is now, or as it was at a version. */
export async function show(registry: Registry, request: ShowRequest): Promise<PromptRecord & PromptContents> {
  const { ref, environment } = request
  const slug = await resolveSlug(registry, ref.name, { deleted: ref.at !== undefined })
  return ref.at === undefined
    ? showFile(registry, slug, chooseEnvironment(registry, environment))
    : showVersion(registry, slug, ref.at, environment)
}

async function showFile(
  registry: Registry,
  slug: Slug,
  environment: Environment,
): Promise<PromptRecord & PromptContents> {
  const view = await readView(registry)
  const raw = await view.read(environment, slug)
  if (raw === undefined) throw await notInEnvironment(registry, slug, environment)
  const document = parsePrompt(raw.bytes, raw.path)
  const [knowledge, variables] = await Promise.all([
    readKnowledge(registry, environment, slug),
    readVariables(document, viewPartials(view, environment)),
  ])
  const record = createRecord({ slug, environment }, document.prompt, document.seal, knowledge.of(slug, raw))
  return { ...record, ...contentsOf(document.prompt, variables) }
}

async function showVersion(
  registry: Registry,
  slug: Slug,
  at: NonNullable<Reference['at']>,
  flag: Environment | undefined,
): Promise<PromptRecord & PromptContents> {
  const version = await findVersion(registry, slug, at, flag)
  const { environment, commit } = version
  const document = await readVersionDocument(registry, version)
  const tip = await requireTip(registry)
  const versions = await readVersions(registry, tip, slug)
  const isOnBranch = versions.some((other) => other.commit === commit)
  const [provisional, variables] = await Promise.all([
    provisionalCommits(registry, isOnBranch ? tip : commit),
    readVariables(document, versionPartials(registry, version)),
  ])
  const { provisional: _, ...record } = createRecord({ slug, environment }, document.prompt, document.seal, {
    versions,
    modified: false,
    provisional,
  })
  return {
    ...record,
    state: version.state,
    version: version.version,
    commit,
    ...(provisional.has(commit) ? { provisional: true as const } : {}),
    ...contentsOf(document.prompt, variables),
  }
}

/** The error for a prompt that is elsewhere: it says where. */
export async function notInEnvironment(
  registry: Registry,
  slug: Slug,
  environment: Environment,
): Promise<PromptctlError> {
  const view = await readView(registry)
  const homes: Environment[] = []
  for (const other of registry.config.environments) {
    if ((await view.read(other, slug)) !== undefined) homes.push(other)
  }
  return new PromptctlError('not_found', `${slug} is not in ${environment}`, {
    hint: homes.length > 0 ? `It is in ${homes.join(', ')}: choose with --env.` : 'promptctl list shows what there is.',
    details: { slug, environment, environments: homes },
  })
}
