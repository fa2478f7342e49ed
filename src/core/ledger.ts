import type { HistoryCommit, Identity, Oid } from './history.js'
import { parsePromptPath } from './paths.js'
import type { State } from './prompt-file.js'
import type { Environment, Slug } from './slug.js'

/** One version as history tells it, before anybody has looked at its content. */
export interface LedgerRow {
  readonly slug: Slug
  readonly environment: Environment
  /** 1, 2, 3, … per slug, over all environments, oldest first. */
  readonly version: number
  readonly commit: Oid
  /** Grows with each row of the history that was read, over all prompts. */
  readonly position: number
  /** Undefined when the version is a deletion. */
  readonly blob: Oid | undefined
  /** A symbolic link in place of a file: never read, always invalid. */
  readonly link: boolean
  readonly author: Identity
  /** Committer date, in seconds since the epoch. */
  readonly committedAt: number
  readonly subject: string
}

/** What the content of a blob says of itself. Depends on the bytes alone, so it can be kept by blob id. */
export type Verdict =
  | { readonly valid: false }
  | {
      readonly valid: true
      readonly slug: Slug
      readonly environment: Environment
      readonly state: State
      readonly title: string
      readonly tags: readonly string[]
      /** The seal of the content; for a published version the one in the file, which is the same. */
      readonly digest: string
    }

export type VersionState = State | 'invalid' | 'deleted'

export type Action = 'created' | 'edited' | 'published' | 'promoted' | 'archived' | 'rolled_back' | 'deleted' | 'broken'

export interface Version extends LedgerRow {
  readonly state: VersionState
  readonly action: Action
  /** Null where there is no readable content; so is the title. */
  readonly digest: string | null
  readonly title: string | null
  readonly tags: readonly string[]
  /** True for the version that its environment serves now. */
  readonly live: boolean
}

/**
 * The versions that a history holds, by slug, each list oldest first and numbered. `commits` are newest first, as git
 * lists them; `prefix` is the registry's folder in the repository (`''` or `team-a/`); `before` are the rows that older
 * history gave, and `firstPosition` follows theirs.
 */
export function createRows(
  commits: readonly HistoryCommit[],
  prefix: string,
  before: ReadonlyMap<Slug, readonly LedgerRow[]> = new Map(),
  firstPosition = [...before.values()].reduce((count, { length }) => count + length, 0),
): Map<Slug, LedgerRow[]> {
  const rows = new Map<Slug, LedgerRow[]>()
  for (const [slug, older] of before) rows.set(slug, [...older])
  let position = firstPosition
  for (const commit of commits.toReversed()) {
    for (const change of commit.changes) {
      const where = change.path.startsWith(prefix) ? parsePromptPath(change.path.slice(prefix.length)) : undefined
      if (where === undefined) continue
      const list = rows.get(where.slug) ?? []
      rows.set(where.slug, list)
      // Key by key, as in createVersion.
      list.push({
        slug: where.slug,
        environment: where.environment,
        version: list.length + 1,
        commit: commit.commit,
        position: position++,
        blob: change.blob,
        link: change.mode === '120000',
        author: commit.author,
        committedAt: commit.committedAt,
        subject: commit.subject,
      })
    }
  }
  return rows
}

/** What one environment looked like while its rows were read, oldest first. */
interface Progress {
  last: VersionState | undefined
  lastBlob: Oid | undefined
  live: number | undefined
  liveDigest: string | null
  readonly publishedBlobs: Set<Oid>
  /** Of all that ever was live. */
  readonly digests: Set<string | null>
}

/**
 * Reads what each row was from content alone: state, action, and which row is live. `rows` are all of one slug, oldest
 * first. Trailers are not asked, so a history whose messages were rewritten gives the same answer.
 */
export function describeVersions(
  rows: readonly LedgerRow[],
  verdictOf: (row: LedgerRow) => Verdict | undefined,
): Version[] {
  const environments = new Map<Environment, Progress>()
  const versions: Version[] = rows.map((row, index) => {
    const progress = environments.get(row.environment) ?? createProgress()
    environments.set(row.environment, progress)
    const content = contentOf(row, verdictOf)
    const { state, digest } = content
    const action = actionOf(row, state, digest, progress, environments)
    progress.last = state
    progress.lastBlob = row.blob
    if (state === 'published') {
      progress.live = index
      progress.liveDigest = digest
      progress.digests.add(digest)
      if (row.blob !== undefined) progress.publishedBlobs.add(row.blob)
    } else if (state === 'archived' || state === 'deleted') {
      progress.live = undefined
      progress.liveDigest = null
    }
    return createVersion(row, content, action)
  })
  for (const { live } of environments.values()) {
    const version = live === undefined ? undefined : versions[live]
    if (live !== undefined && version !== undefined) versions[live] = { ...version, live: true }
  }
  return versions
}

/** Key by key: spreading two objects takes ten times as long, and there are hundreds of thousands of versions. */
const createVersion = (row: LedgerRow, { state, digest, title, tags }: Content, action: Action): Version => ({
  slug: row.slug,
  environment: row.environment,
  version: row.version,
  commit: row.commit,
  position: row.position,
  blob: row.blob,
  link: row.link,
  author: row.author,
  committedAt: row.committedAt,
  subject: row.subject,
  state,
  digest,
  title,
  tags,
  action,
  live: false,
})

const createProgress = (): Progress => ({
  last: undefined,
  lastBlob: undefined,
  live: undefined,
  liveDigest: null,
  publishedBlobs: new Set(),
  digests: new Set(),
})

type Content = Pick<Version, 'state' | 'digest' | 'title' | 'tags'>

const UNREADABLE = { digest: null, title: null, tags: [] } as const

function contentOf(row: LedgerRow, verdictOf: (row: LedgerRow) => Verdict | undefined): Content {
  if (row.blob === undefined) return { state: 'deleted', ...UNREADABLE }
  const verdict = row.link ? undefined : verdictOf(row)
  // A file that was copied from another place still says where it belongs; it is not a version of this prompt.
  if (!verdict?.valid || verdict.slug !== row.slug || verdict.environment !== row.environment) {
    return { state: 'invalid', ...UNREADABLE }
  }
  const { state, digest, title, tags } = verdict
  return { state, digest, title, tags }
}

function actionOf(
  row: LedgerRow,
  state: VersionState,
  digest: string | null,
  here: Progress,
  environments: ReadonlyMap<Environment, Progress>,
): Action {
  const isNew = here.last === undefined || here.last === 'deleted'
  if (state === 'deleted') return 'deleted'
  if (state === 'invalid') return 'broken'
  if (state === 'archived') return here.last === 'archived' ? 'edited' : 'archived'
  if (state === 'draft') return isNew ? 'created' : 'edited'
  // The same bytes again: only the file's mode changed.
  if (here.last === 'published' && here.lastBlob === row.blob) return 'edited'
  if (row.blob !== undefined && here.publishedBlobs.has(row.blob)) return 'rolled_back'
  const others = [...environments].filter(([environment]) => environment !== row.environment)
  return isPromotion(
    digest,
    here,
    others.map(([, other]) => other),
  )
    ? 'promoted'
    : 'published'
}

/**
 * Content that is new here and was live elsewhere: a promotion that was merged late comes when its source has moved on.
 * Content that was here before is promoted again only from where it is live now.
 */
function isPromotion(digest: string | null, here: Progress, others: readonly Progress[]): boolean {
  if (here.liveDigest === digest) return false
  return others.some((other) => (here.digests.has(digest) ? other.liveDigest === digest : other.digests.has(digest)))
}

/** `versions` and one more on top, which `verdict` describes. */
export function appendVersion(versions: readonly Version[], row: LedgerRow, verdict: Verdict): readonly Version[] {
  const known = new Map<LedgerRow, Verdict>(versions.map((version) => [version, verdictOfVersion(version)]))
  return describeVersions([...versions, row], (asked) => (asked === row ? verdict : known.get(asked)))
}

const verdictOfVersion = ({ slug, environment, state, digest, title, tags }: Version): Verdict =>
  state === 'invalid' || state === 'deleted' || digest === null || title === null
    ? { valid: false }
    : { valid: true, slug, environment, state, title, tags, digest }

/** The newest version of an environment, of whatever state. `versions` are oldest first. */
export const newestIn = (versions: readonly Version[], environment: Environment): Version | undefined =>
  versions.findLast((version) => version.environment === environment)

/** The version that an environment serves, or undefined when it serves nothing. */
export const liveIn = (versions: readonly Version[], environment: Environment): Version | undefined =>
  versions.find((version) => version.live && version.environment === environment)
