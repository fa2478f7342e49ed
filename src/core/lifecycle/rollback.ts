import { PromptctlError } from '../errors.js'
import { liveIn, newestIn, type Version } from '../ledger.js'
import { formatPromptPath } from '../paths.js'
import type { Environment } from '../slug.js'
import { assertNotWithdrawn, illegalTransition, isWithdrawn, type Standing } from './change.js'

/**
 * Decides which version of `standing.environment` comes back: version `number`, or without one the published content
 * before the one that is live. Returns undefined when exactly that is live and on top already.
 * Throws `not_found` for a number that does not exist, `illegal_transition` for one that was not published here, when
 * nothing comes before, and for what is archived or deleted unless `restore`.
 */
export function planRollback(standing: Standing, number: number | undefined, restore: boolean): Version | undefined {
  const { slug, environment } = standing
  assertNotWithdrawn(
    standing,
    restore,
    `rollback ${slug}${number === undefined ? '' : ` ${number}`} --env ${environment}`,
  )
  const target = number === undefined ? versionBefore(standing) : requirePublished(standing, number)
  const isLive = liveIn(standing.versions, environment)?.blob === target.blob
  return isLive && standing.headBlob === target.blob ? undefined : target
}

/** The published version that a rollback without a number restores. */
function versionBefore(standing: Standing): Version {
  const { slug, environment } = standing
  const published = publishedIn(standing.versions, environment)
  const live = liveIn(standing.versions, environment)
  const target =
    live === undefined
      ? isWithdrawn(standing)
        ? published.at(-1)
        : undefined
      : published.findLast(
          (version) => version.version < traceOrigin(published, live).version && version.digest !== live.digest,
        )
  if (target !== undefined) return target
  if (live !== undefined) {
    throw illegalTransition(
      standing,
      `${slug} has no published content in ${environment} before version ${live.version}`,
      `To take it out of service: promptctl archive ${slug} --env ${environment}`,
    )
  }
  const isDeleted = newestIn(standing.versions, environment)?.state === 'deleted'
  throw illegalTransition(
    standing,
    `${slug} never was published in ${environment}`,
    isDeleted
      ? wayBack(standing)
      : `promptctl publish ${slug} --env ${environment}${isWithdrawn(standing) ? ' --restore' : ''} puts it into service.`,
  )
}

/** How a prompt comes back whose newest version is a deletion: what never was published is in git's history alone. */
export function wayBack({ slug, environment, versions }: Pick<Standing, 'slug' | 'environment' | 'versions'>): string {
  if (publishedIn(versions, environment).length > 0) {
    return `To bring it back: promptctl rollback ${slug} --env ${environment} --restore`
  }
  const deletion = newestIn(versions, environment)?.commit.slice(0, 12)
  return `To bring the file back: git restore --source ${deletion}^ -- ${formatPromptPath(environment, slug)}`
}

/** A rollback restores an older blob: the version that first published it is where the content comes from. */
const traceOrigin = (published: readonly Version[], version: Version): Version =>
  published.find((older) => older.blob === version.blob) ?? version

const publishedIn = (versions: readonly Version[], environment: Environment): readonly Version[] =>
  versions.filter((version) => version.environment === environment && version.state === 'published')

function requirePublished(standing: Standing, number: number): Version {
  const { slug, environment, versions } = standing
  const version = versions.find((candidate) => candidate.version === number)
  if (version === undefined) {
    throw new PromptctlError(
      'not_found',
      `${slug} has no version ${number}; the newest is ${versions.at(-1)?.version}`,
      {
        hint: `promptctl log ${slug} lists them.`,
      },
    )
  }
  if (version.environment !== environment) {
    const same = versions.findLast(
      (other) => other.environment === environment && other.state === 'published' && other.digest === version.digest,
    )
    throw illegalTransition(
      standing,
      `Version ${number} of ${slug} is of ${version.environment}, not of ${environment}`,
      same === undefined
        ? `No version of ${environment} has that content: promptctl log ${slug} --env ${environment}`
        : `Version ${same.version} of ${environment} has the same content: promptctl rollback ${slug} ${same.version} --env ${environment}`,
      same === undefined ? {} : { same_content: same.version },
    )
  }
  if (version.state !== 'published') {
    throw illegalTransition(
      standing,
      `Version ${number} of ${slug} is ${version.state}, and only what was published can be restored`,
      `promptctl log ${slug} --env ${environment} shows the published ones.`,
    )
  }
  return version
}

/**
 * True when `digest` was live in the environment and a rollback took it away, and nothing published it there since.
 * Such content returns only when somebody asks for it by name.
 */
export function isRolledBack(versions: readonly Version[], environment: Environment, digest: string): boolean {
  const published = publishedIn(versions, environment)
  const last = published.findLastIndex((version) => version.digest === digest)
  if (last < 0) return false
  return published.some((restored, index) => {
    if (index <= last) return false
    const origin = published.findIndex((older) => older.blob === restored.blob)
    return origin < last
  })
}
