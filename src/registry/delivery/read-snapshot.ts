import { createHash } from 'node:crypto'
import type { PreparedPrompt } from '../../core/compile.js'
import { createDelivered, type DeliveredPrompt, type LiveVersion, type VersionOrigin } from '../../core/delivered.js'
import { prepareDelivered } from '../../core/delivered-source.js'
import { isPromptctlError } from '../../core/errors.js'
import type { Oid } from '../../core/history.js'
import type { Version } from '../../core/ledger.js'
import { partialsOf } from '../../core/partials.js'
import { compareBytes, formatPromptPath } from '../../core/paths.js'
import type { PromptFile } from '../../core/prompt-file.js'
import { parsePrompt } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import { provisionalCommits } from '../branches.js'
import { readAllVersions } from '../history.js'
import { type Registry, requireEnvironment } from '../registry.js'
import { readPublishedFiles, standingOf } from './live-versions.js'
import type { ServedPrompt, Snapshot } from './snapshot.js'

/**
 * What an environment serves at `tip`. In a shallow clone versions are null, and what only history knows is left out and
 * named in `unknown`. With a `previous` snapshot of the environment, only what changed since is read.
 */
export async function readSnapshot(
  registry: Registry,
  tip: Oid,
  environment: Environment,
  previous?: Snapshot,
): Promise<Snapshot> {
  requireEnvironment(registry.config, environment)
  if (previous?.tip === tip && previous.environment === environment) return previous
  const { repository } = await registry.git()
  const { live, invalid, unknown } = (await repository.isShallow())
    ? await readFiles(registry, tip, environment)
    : await readHistory(registry, tip, environment)
  return createSnapshot({ environment, tip, live, invalid, unknown })
}

interface Found {
  readonly live: ReadonlyMap<Slug, LiveVersion>
  readonly invalid: readonly Slug[]
  readonly unknown: readonly Slug[]
}

async function readFiles(registry: Registry, tip: Oid, environment: Environment): Promise<Found> {
  const { live, unknown } = await readPublishedFiles(registry, tip, environment)
  const origins = new Map([...live].map(([slug, blob]) => [slug, { blob, origin: undefined }] as const))
  return { live: await readContents(registry, environment, origins), invalid: [], unknown }
}

async function readHistory(registry: Registry, tip: Oid, environment: Environment): Promise<Found> {
  const [all, provisional] = await Promise.all([readAllVersions(registry, tip), provisionalCommits(registry, tip)])
  const standings = [...all].map(([slug, versions]) => standingOf(slug, versions, environment))
  const origins = new Map<Slug, Origin>()
  for (const { slug, live } of standings) {
    if (live?.blob !== undefined) origins.set(slug, { blob: live.blob, origin: originOf(live, provisional) })
  }
  const invalid = standings.filter(({ isInvalid }) => isInvalid).map(({ slug }) => slug)
  return { live: await readContents(registry, environment, origins), invalid, unknown: [] }
}

const originOf = (version: Version, provisional: ReadonlySet<Oid>): VersionOrigin => ({
  version: version.version,
  commit: version.commit,
  author: version.author,
  committedAt: version.committedAt,
  subject: version.subject,
  provisional: provisional.has(version.commit),
})

interface Origin {
  readonly blob: Oid
  readonly origin: VersionOrigin | undefined
}

async function readContents(
  registry: Registry,
  environment: Environment,
  origins: ReadonlyMap<Slug, Origin>,
): Promise<ReadonlyMap<Slug, LiveVersion>> {
  const { repository } = await registry.git()
  const contents = await repository.readBlobs(new Set([...origins.values()].map(({ blob }) => blob)))
  const live = new Map<Slug, LiveVersion>()
  for (const [slug, { blob, origin }] of origins) {
    const { prompt, seal } = parsePrompt(contents.get(blob) ?? new Uint8Array(), formatPromptPath(environment, slug))
    live.set(slug, { prompt, digest: seal, blob, origin })
  }
  return live
}

function createSnapshot(found: Found & Pick<Snapshot, 'environment' | 'tip'>): Snapshot {
  const { environment, tip, live, invalid, unknown } = found
  const slugs = [...live.keys()].sort(compareBytes)
  const served = new Map<Slug, ServedPrompt>()
  const names = new Map<string, Slug>()
  const claim = (name: string, slug: Slug) => {
    if (!names.has(name)) names.set(name, slug)
  }
  for (const slug of slugs) {
    const version = live.get(slug)
    if (version === undefined) continue
    served.set(slug, createServed(createDelivered(version, collectPartials(version.prompt, live))))
    claim(version.prompt.id, slug)
  }
  for (const [slug, { delivered }] of served) for (const alias of delivered.aliases) claim(alias, slug)
  return {
    environment,
    tip,
    size: slugs.length,
    slugs,
    invalid: [...invalid].sort(compareBytes),
    unknown: [...unknown].sort(compareBytes),
    find: (name) => served.get(name as Slug) ?? served.get(names.get(name) ?? (name as Slug)),
  }
}

function createServed(delivered: DeliveredPrompt): ServedPrompt {
  let prepared: PreparedPrompt | undefined
  return {
    delivered,
    revision: createHash('sha256').update(JSON.stringify(delivered)).digest('hex').slice(0, 32),
    get prepared() {
      prepared ??= prepareDelivered(delivered)
      return prepared
    },
  }
}

/** All live prompts that a prompt includes, directly or not. A template that cannot be parsed includes nothing. */
function collectPartials(prompt: PromptFile, live: ReadonlyMap<Slug, LiveVersion>): ReadonlyMap<Slug, PromptFile> {
  const found = new Map<Slug, PromptFile>()
  const pending = includedBy(prompt)
  for (let slug = pending.pop(); slug !== undefined; slug = pending.pop()) {
    const partial = live.get(slug)?.prompt
    if (partial?.template === undefined || found.has(slug) || slug === prompt.slug) continue
    found.set(slug, partial)
    pending.push(...includedBy(partial))
  }
  return found
}

function includedBy(prompt: PromptFile): Slug[] {
  try {
    return [...partialsOf({ file: '', prompt })]
  } catch (error) {
    if (isPromptctlError(error)) return []
    throw error
  }
}
