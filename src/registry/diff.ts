import { PromptctlError } from '../core/errors.js'
import { liveIn } from '../core/ledger.js'
import { type PromptDocument, parsePrompt } from '../core/prompt-reader.js'
import { type Environment, isEnvironment, type Slug } from '../core/slug.js'
import { requireTip } from './branches.js'
import { compareSides, type PromptDiff, type Side } from './diff-sides.js'
import { readAllVersions, readVersions } from './history.js'
import { livePartials, versionPartials, viewPartials } from './prepare.js'
import { chooseEnvironment, type Registry, requireEnvironment } from './registry.js'
import { readView, resolveSlug } from './resolve.js'
import { notInEnvironment } from './show.js'
import { readVersionDocument } from './standing.js'
import { directUsers, readTreeDocuments, readViewDocuments, usersOf } from './users.js'
import { findVersion } from './version.js'

export interface DiffRequest {
  readonly name: string
  /** Versions, commits or environments; without the second, the file; without both, what is live and the file. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly environment: Environment | undefined
  /** Also says who includes it in the environment of the second: every file there is read. */
  readonly users: boolean
}

/** A side, and the files of whose environment may include it: the work tree's, or those at the branch's tip. */
interface PlacedSide extends Side {
  readonly environment: Environment
  readonly isFile: boolean
}

/** What changed in one prompt between two versions, environments, or a version and the file. */
export async function diffPrompt(registry: Registry, request: DiffRequest): Promise<PromptDiff> {
  const { name, from, to, environment: flag, users } = request
  const slug = await resolveSlug(registry, name, { deleted: true })
  const environment = chooseEnvironment(registry, flag)
  // Without a second side --env says which file is meant; with one, the versions have to be of it.
  const isOfFile = to === undefined
  const side = (text: string): Promise<PlacedSide> => sideOf(registry, slug, text, { flag, isOfFile })
  const before = from === undefined ? await liveSide(registry, slug, environment) : await side(from)
  const after = to === undefined ? await fileSide(registry, slug, environment) : await side(to)
  const diff = await compareSides(slug, before, after)
  if (!users) return diff
  const documents = after.isFile
    ? await readViewDocuments(await readView(registry), after.environment)
    : await readTreeDocuments(registry, await requireTip(registry), after.environment)
  return { ...diff, included_by: usersOf(directUsers(documents), slug) }
}

/**
 * Every prompt whose live content differs between two environments, in byte order of the slugs; with `users`, and who includes
 * it in the second.
 */
export async function diffEnvironments(
  registry: Registry,
  from: Environment,
  to: Environment,
  users: boolean,
): Promise<readonly PromptDiff[]> {
  requireEnvironment(registry.config, from)
  requireEnvironment(registry.config, to)
  const tip = await requireTip(registry)
  const direct = users ? directUsers(await readTreeDocuments(registry, tip, to)) : undefined
  const diffs: PromptDiff[] = []
  for (const [slug, versions] of [...(await readAllVersions(registry, tip))].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [before, after] = [liveIn(versions, from), liveIn(versions, to)]
    if (before?.digest === after?.digest) continue
    const sides = await Promise.all(
      (
        [
          [from, before],
          [to, after],
        ] as const
      ).map(
        async ([environment, version]): Promise<Side> => ({
          label: version === undefined ? environment : `${environment} v${version.version}`,
          document: version === undefined ? undefined : await readVersionDocument(registry, version),
          partials: livePartials(registry, tip, environment),
        }),
      ),
    )
    const [a, b] = sides
    if (a === undefined || b === undefined) continue
    diffs.push({ ...(await compareSides(slug, a, b)), ...(direct && { included_by: usersOf(direct, slug) }) })
  }
  return diffs
}

/** A number, a commit, or the name of an environment (what is live there). */
async function sideOf(
  registry: Registry,
  slug: Slug,
  text: string,
  { flag, isOfFile }: { flag: Environment | undefined; isOfFile: boolean },
): Promise<PlacedSide> {
  if (isEnvironment(text) && registry.config.environments.includes(text)) {
    if (!isOfFile && flag !== undefined && flag !== text) throw environmentTwice(text, flag)
    return liveSide(registry, slug, text)
  }
  const at = /^[0-9]+$/.test(text) ? { version: Number(text) } : { commit: text }
  if ('commit' in at && !/^[0-9a-f]{7,64}$/.test(text)) {
    throw new PromptctlError(
      'usage',
      `${JSON.stringify(text)} is neither a version, nor a commit, nor an environment`,
      {
        hint: `promptctl log ${slug} lists the versions.`,
      },
    )
  }
  const version = await findVersion(registry, slug, at, 'version' in at && isOfFile ? undefined : flag)
  return {
    label: `v${version.version} (${version.environment})`,
    document: await readVersionDocument(registry, version),
    partials: versionPartials(registry, version),
    environment: version.environment,
    isFile: false,
  }
}

const environmentTwice = (named: Environment, flag: Environment): PromptctlError =>
  new PromptctlError('usage', `${named} is an environment already, and --env says ${flag}`, {
    hint: 'Leave --env out: two environments are compared by their names.',
  })

async function liveSide(registry: Registry, slug: Slug, environment: Environment): Promise<PlacedSide> {
  const tip = await requireTip(registry)
  const live = liveIn(await readVersions(registry, tip, slug), environment)
  return {
    label: live === undefined ? `nothing live in ${environment}` : `live in ${environment} (v${live.version})`,
    document: live === undefined ? undefined : await readVersionDocument(registry, live),
    partials: livePartials(registry, tip, environment),
    environment,
    isFile: false,
  }
}

async function fileSide(registry: Registry, slug: Slug, environment: Environment): Promise<PlacedSide> {
  const view = await readView(registry)
  const raw = await view.read(environment, slug)
  if (raw === undefined) throw await notInEnvironment(registry, slug, environment)
  const document: PromptDocument = parsePrompt(raw.bytes, raw.path)
  return { label: raw.path, document, partials: viewPartials(view, environment), environment, isFile: true }
}
