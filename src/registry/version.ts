import { PromptctlError } from '../core/errors.js'
import { newestIn, type Version } from '../core/ledger.js'
import type { Reference } from '../core/reference.js'
import type { Environment, Slug } from '../core/slug.js'
import { requireTip } from './branches.js'
import { readVersions } from './history.js'
import { type LivePrompt, readLive } from './live.js'
import type { Oid } from './ports.js'
import { chooseEnvironment, type Registry, requireEnvironment } from './registry.js'

/**
 * The version that `<slug>@<n>` or `<slug>@<commit>` names. A commit may be of any branch, and stand for what the file
 * was there. Throws `not_found`, and `usage` when `environment` is given and the version is of another one.
 */
export async function findVersion(
  registry: Registry,
  slug: Slug,
  at: NonNullable<Reference['at']>,
  environment: Environment | undefined,
): Promise<Version> {
  if (environment !== undefined) requireEnvironment(registry.config, environment)
  const version =
    'version' in at
      ? await findNumber(registry, slug, at.version)
      : await findCommit(registry, slug, at.commit, environment)
  if (environment !== undefined && version.environment !== environment) {
    throw new PromptctlError(
      'usage',
      `Version ${version.version} of ${slug} is of ${version.environment}, not of ${environment}`,
      {
        hint: 'Leave --env out, or choose a version of that environment.',
      },
    )
  }
  return version
}

async function findNumber(registry: Registry, slug: Slug, number: number): Promise<Version> {
  const versions = await readVersions(registry, await requireTip(registry), slug)
  const version = versions[number - 1]
  if (version !== undefined) return version
  const newest = versions.length === 0 ? 'it has none yet' : `the newest is ${versions.length}`
  throw new PromptctlError('not_found', `${slug} has no version ${number}; ${newest}`, {
    hint: `promptctl log ${slug} lists them.`,
  })
}

async function findCommit(
  registry: Registry,
  slug: Slug,
  text: string,
  environment: Environment | undefined,
): Promise<Version> {
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(text)
  if (commit === undefined) throw new PromptctlError('not_found', `There is no commit ${text}`)
  const onBranch = await readVersions(registry, await requireTip(registry), slug)
  const exact = onBranch.filter((version) => version.commit === commit)
  const versions = exact.length > 0 ? exact : await readVersions(registry, commit, slug)
  const candidates = exact.length > 0 ? exact : newestOfEach(versions)
  const wanted = environment ?? (candidates.length > 1 ? chooseEnvironment(registry, undefined) : undefined)
  const fitting = candidates.find((candidate) => candidate.environment === wanted)
  // One of an environment that was not asked for is the caller's to refuse.
  const version = fitting ?? (wanted === undefined || environment !== undefined ? candidates[0] : undefined)
  if (version !== undefined) return version
  throw new PromptctlError(
    'not_found',
    `${slug} has no version at commit ${text}${wanted === undefined ? '' : ` in ${wanted}`}`,
    {
      hint: `promptctl log ${slug} lists them.`,
    },
  )
}

/** What each environment held. */
const newestOfEach = (versions: readonly Version[]): readonly Version[] => [
  ...new Map(versions.map((version) => [version.environment, version])).values(),
]

/** What an environment serves at a commit; throws `not_found` when that is nothing. */
export async function requireLive(
  registry: Registry,
  commit: Oid,
  environment: Environment,
  slug: Slug,
): Promise<LivePrompt> {
  const live = await readLive(registry, commit, environment, slug)
  if (live !== undefined) return live
  throw new PromptctlError('not_found', `${slug} is not live in ${environment}`, {
    hint: `${await wayToLive(registry, commit, environment, slug)} puts it into service; promptctl status shows where it is live.`,
    details: { slug, environment },
  })
}

/** What was never in an environment is promoted there; the first has nothing before it. */
async function wayToLive(registry: Registry, commit: Oid, environment: Environment, slug: Slug): Promise<string> {
  const { repository } = await registry.git()
  // Without history, that there is no file now is all that is known.
  const versions = (await repository.isShallow()) ? [] : await readVersions(registry, commit, slug)
  const newest = newestIn(versions, environment)
  const isThere = newest !== undefined && newest.state !== 'deleted'
  if (!isThere && environment !== registry.config.environments[0]) {
    return `promptctl promote ${slug} --to ${environment}${newest === undefined ? '' : ' --restore'}`
  }
  const restore = newest?.state === 'archived' ? ' --restore' : ''
  return `promptctl publish ${slug} --env ${environment}${restore}`
}
