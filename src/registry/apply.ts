import { formatCommitMessage, type Verb } from '../core/commit-message.js'
import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { formatIdentity, type Identity } from '../core/history.js'
import {
  type Action,
  appendVersion,
  type LedgerRow,
  newestIn,
  type Verdict,
  type Version,
  type VersionState,
} from '../core/ledger.js'
import type { Change, Moment, Standing } from '../core/lifecycle/change.js'
import { compareBytes, formatPromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { isNextProvisional, namedBranchOf, provisionalCommits, readTip } from './branches.js'
import { explainAfterCommit } from './committed.js'
import { createGate, type Gate, gatedEnvironments, hasGates, type PassedPlan } from './gate.js'
import { readVersions } from './history.js'
import type { CommitRequest, CommitResult, FileWrite, Oid } from './ports.js'
import { assertClean } from './preconditions.js'
import type { PushReport } from './push-range.js'
import type { Registry, RegistryRepository } from './registry.js'
import { rememberVerdict } from './verdicts.js'

/** What a command that changes something says of each prompt. */
export interface ChangeRecord {
  readonly slug: Slug
  readonly environment: Environment
  readonly action: Action
  readonly state: VersionState
  /** Null in a dry run, and where history was cut off. */
  readonly version: number | null
  /** The newest version before in that environment. */
  readonly previous_version: number | null
  readonly commit: Oid | null
  readonly digest: string | null
  readonly changed: boolean
  readonly provisional?: true
}

/** A prompt that --all passed over, and why. */
export interface Skipped {
  readonly slug: Slug
  readonly reason: string
}

/** What a use case wants to do, decided on one commit. */
export interface Plan {
  readonly changes: readonly Change[]
  /** What is as it was asked to be already. */
  readonly unchanged: readonly ChangeRecord[]
  readonly skipped: readonly Skipped[]
  /** Of every slug in `changes`, at the commit of the plan; a new prompt has none. */
  readonly versions: ReadonlyMap<Slug, readonly Version[]>
  /** Files whose edits say nothing: they get HEAD's bytes back. */
  readonly repairs?: readonly FileWrite[]
}

export interface ApplyOptions {
  readonly verb: Verb
  readonly dryRun?: boolean | undefined
  readonly reason?: string | undefined
  /** False with --no-verify. */
  readonly verify?: boolean | undefined
  /** Who it is by, where that is not whom git is configured for. */
  readonly author?: Identity | undefined
  /** Of --push, from openSession: the commit is pushed, or taken back. */
  readonly session?: PushSession | undefined
  /** Of who plans twice: what it found is known the second time. A dry run with one does not pass it over. */
  readonly gate?: Gate | undefined
}

/** What --push opens before anything is planned, see openSession; it then takes applyPlan's place. */
export interface PushSession {
  apply(plan: Planner, options: ApplyOptions): Promise<Applied>
}

/**
 * Decides what to do on `head`; asked again when that moved. The registry is that of `head`: with --push, the remote's tip
 * may configure another than the one that was opened.
 */
export type Planner = (registry: Registry, head: Oid | undefined, moment: Moment) => Promise<Plan>

export interface Applied {
  readonly records: readonly ChangeRecord[]
  readonly skipped: readonly Skipped[]
  readonly dryRun: boolean
  /** Undefined when nothing was committed. */
  readonly commit: Oid | undefined
  /** Undefined when nothing was pushed. */
  readonly push?: PushReport
  /** Of a dry run: environments whose gates were not run, because that may cost money. */
  readonly ungated?: readonly Environment[]
}

/** What may meet a gate, and so is planned once before the lock is taken. Under the lock every plan is asked. */
export const MAY_PUBLISH: ReadonlySet<Verb> = new Set(['publish', 'promote', 'edit'])

/** A plan is made anew when a plain `git commit` came in between; after this many it is a `conflict`. */
const ATTEMPTS = 5

/**
 * The one way to change a registry: under its lock, plans on HEAD and applies the plan as one commit, or as none.
 * `plan` is called again when HEAD moved meanwhile.
 */
export async function applyPlan(registry: Registry, planner: Planner, options: ApplyOptions): Promise<Applied> {
  const plan: Planner = async (current, head, moment) => settlePlan(current, await planner(current, head, moment), head)
  if (options.session !== undefined) return options.session.apply(plan, options)
  const git = await registry.git()
  if (options.dryRun) return tryDry(registry, plan, options)
  const { gate = createGate() } = options
  if (hasGates(registry) && MAY_PUBLISH.has(options.verb)) {
    // Models take their time, and the lock is others' too: under it the plan is made again, and evaluated only where it is another.
    await assertIdle(git)
    const head = await readTip(registry)
    await gate.pass(registry, await plan(registry, head, await readMoment(registry, options.author)), head)
  }
  return git.exclusively(async () => {
    for (let attempt = 1; ; attempt += 1) {
      const [head, moment] = await Promise.all([
        readTip(registry),
        readMoment(registry, options.author),
        assertIdle(git),
      ])
      const decided = await gate.pass(registry, await plan(registry, head, moment), head)
      if (decided.repairs !== undefined && decided.repairs.length > 0) await git.repository.stage(decided.repairs)
      if (decided.changes.length === 0) return unchanged(decided)
      try {
        return await commitPlan(registry, decided, head, options)
      } catch (error) {
        if (attempt === ATTEMPTS || !isHeadMoved(error)) throw error
      }
    }
  })
}

async function tryDry(registry: Registry, plan: Planner, { author, gate }: ApplyOptions): Promise<Applied> {
  const head = await readTip(registry)
  const planned = await plan(registry, head, await readMoment(registry, author))
  await gate?.pass(registry, planned, head)
  return { ...preview(planned), ungated: gate === undefined ? gatedEnvironments(registry, planned) : [] }
}

/** Said before the plan looks at a file full of conflict markers. The engine checks it again when it commits. */
export async function assertIdle({ repository }: RegistryRepository): Promise<void> {
  const operation = await repository.operationUnderWay()
  if (operation === undefined || operation === 'bisect') return
  const finish = operation === 'merge' ? 'git commit' : `git ${operation} --continue`
  const resolve = operation === 'merge' ? ' (promptctl publish --stage seals a prompt again)' : ''
  throw new PromptctlError('unsupported', `A ${operation} is under way in this repository`, {
    hint: `Finish it with ${finish}${resolve}, or give it up with git ${operation} --abort.`,
    details: { operation },
  })
}

/** A conflict that only says that somebody committed: planning again is safe, because a plan checks what it stands on. */
export const isHeadMoved = (error: unknown): boolean =>
  isPromptctlError(error, 'conflict') && error.details?.['reason'] === 'head_moved'

/** Now, and whoever is publishing: `author`, or whom git is configured for. */
export async function readMoment(registry: Registry, author: Identity | undefined): Promise<Moment> {
  const { repository } = await registry.git()
  return {
    at: new Date(registry.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    by: formatIdentity(author ?? (await repository.identity())),
  }
}

/** Writes and stages what the plan holds, without a commit; works while a merge is under way. */
export async function stagePlan(registry: Registry, plan: PassedPlan): Promise<Applied> {
  const { repository, prefix } = await registry.git()
  await repository.stage(
    plan.changes.map((change) => ({ path: `${prefix}${pathOf(change)}`, content: change.content })),
  )
  return { ...preview(plan), dryRun: false }
}

/** Makes the plan's one commit. With `confirm` it is taken back when that throws, and is final when it does not. */
export async function commitPlan(
  registry: Registry,
  plan: PassedPlan,
  head: Oid | undefined,
  { verb, reason, verify = true, author, confirm }: ApplyOptions & Pick<CommitRequest, 'confirm'>,
): Promise<Applied> {
  const { repository, prefix } = await registry.git()
  // What was planned on commits alone must not lie over what somebody edits beside it.
  if (registry.workTree === undefined) await assertClean(registry, plan.changes)
  const changes = plan.changes.toSorted((a, b) => compareBytes(pathOf(a), pathOf(b)))
  const files = changes.map((change) => ({ path: `${prefix}${pathOf(change)}`, content: change.content }))
  const request: CommitRequest = {
    files,
    message: formatCommitMessage(verb, changes, { reason, unverified: !verify }),
    expected: head,
    branch: await namedBranchOf(registry),
    author,
    verify,
    keepEdits: changes.filter(({ keepEdits }) => keepEdits).map((change) => `${prefix}${pathOf(change)}`),
    confirm,
  }
  try {
    const result = await repository.commit(request)
    const isProvisional = confirm === undefined && (await isNextProvisional(registry))
    const records = await describeResult(registry, { ...plan, changes }, head, result, isProvisional)
    return { records: [...records, ...plan.unchanged], skipped: plan.skipped, dryRun: false, commit: result.commit }
  } catch (error) {
    throw await explainAfterCommit(registry, files, head, error)
  }
}

const pathOf = ({ environment, slug }: Change): string => formatPromptPath(environment, slug)

/** What is said of a plan that changes nothing. */
export const unchanged = (plan: Plan): Applied => ({
  records: plan.unchanged,
  skipped: plan.skipped,
  dryRun: false,
  commit: undefined,
})

/** What would be done; versions and commits are not known yet. */
export function preview(plan: Plan): Applied {
  const records = plan.changes.map((change): ChangeRecord => ({ ...recordOf(change), version: null, commit: null }))
  return { records: [...records, ...plan.unchanged], skipped: plan.skipped, dryRun: true, commit: undefined }
}

/** The record of a prompt that is as it was asked to be: its newest version in the environment. */
export function unchangedRecord({ slug, environment, versions }: Standing): ChangeRecord {
  const here = versions.filter((version) => version.environment === environment)
  const newest = here.at(-1)
  return {
    slug,
    environment,
    action: newest?.action ?? 'published',
    state: newest?.state ?? 'published',
    version: newest?.version ?? null,
    previous_version: here.at(-2)?.version ?? null,
    commit: newest?.commit ?? null,
    digest: newest?.digest ?? null,
    changed: false,
  }
}

const recordOf = ({ slug, environment, action, state, digest, previousVersion }: Change) => ({
  slug,
  environment,
  action,
  state,
  previous_version: previousVersion,
  digest,
  changed: true,
})

/**
 * The plan with each change called what history will call it, whatever the command was: dry run, commit message, result and
 * event say the same. What is unchanged says whether its number is provisional.
 */
export async function settlePlan(registry: Registry, plan: Plan, head: Oid | undefined): Promise<Plan> {
  const { repository } = await registry.git()
  const changes = plan.changes.map((change): Change => {
    const versions = plan.versions.get(change.slug) ?? []
    const row = nextRow(change, versions.length + 1, repository.blobId(change.content))
    return { ...change, action: appendVersion(versions, row, verdictOf(change)).at(-1)?.action ?? change.action }
  })
  if (head === undefined || plan.unchanged.length === 0) return { ...plan, changes }
  const provisional = await provisionalCommits(registry, head)
  const unchanged = plan.unchanged.map((record): ChangeRecord => {
    const isProvisional = record.commit !== null && provisional.has(record.commit)
    return isProvisional ? { ...record, provisional: true } : record
  })
  return { ...plan, changes, unchanged }
}

/** Says of each change which version it became. Its number follows from the plan unless somebody committed in between. */
async function describeResult(
  registry: Registry,
  plan: Plan,
  head: Oid | undefined,
  result: CommitResult,
  isProvisional: boolean,
): Promise<readonly ChangeRecord[]> {
  const { repository, prefix } = await registry.git()
  const isShallow = await repository.isShallow()
  const records: ChangeRecord[] = []
  for (const change of plan.changes) {
    const blob = result.blobs.get(`${prefix}${pathOf(change)}`)
    if (blob !== undefined) await rememberVerdict(registry, blob, verdictOf(change))
    const { action, version } =
      result.parent === head || isShallow
        ? { action: change.action, version: (plan.versions.get(change.slug) ?? []).length + 1 }
        : await requireNewest(registry, result.commit, change)
    records.push({
      ...recordOf(change),
      action,
      version: isShallow ? null : version,
      commit: result.commit,
      ...(isProvisional ? { provisional: true } : {}),
    })
  }
  return records
}

async function requireNewest(registry: Registry, commit: Oid, { slug, environment }: Change): Promise<Version> {
  const version = newestIn(await readVersions(registry, commit, slug), environment)
  if (version === undefined) throw new Error(`${slug} is not in the commit that was just made`)
  return version
}

function verdictOf({ slug, environment, state, digest, origin }: Change): Extract<Verdict, { valid: true }> {
  const { title, tags = [] } = origin.prompt
  return { valid: true, slug, environment, state, title, tags, digest }
}

/** The row that a change becomes. Commit, author, date and subject are not asked of it. */
const nextRow = ({ slug, environment }: Change, version: number, blob: Oid): LedgerRow => ({
  slug,
  environment,
  version,
  commit: '' as Oid,
  position: Number.POSITIVE_INFINITY,
  blob,
  link: false,
  author: { name: '', email: '' },
  committedAt: 0,
  subject: '',
})
