import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { newestIn } from '../core/ledger.js'
import { parsePromptPath } from '../core/paths.js'
import { namedBranchOf, readTip } from './branches.js'
import { compareTips } from './divergence.js'
import { divergedError } from './divergence-errors.js'
import { readVersions } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { displayBranch, pullCommand, type SharedBranch } from './shared-branch.js'

/** Where it is pushed to, and where the remote's branch is. */
export interface Target {
  readonly shared: SharedBranch
  /** What is here and not there is given up: the clone is a server's own, and whatever counts is there. */
  readonly mirror?: boolean | undefined
  /** Undefined while the remote has no such branch. */
  readonly there: Oid | undefined
}

/** Where the branch is now, and how many commits the remote does not have; null where it has no such branch. */
export interface Base {
  readonly head: Oid | undefined
  readonly ahead: number | null
}

/**
 * Brings the branch here to the remote's tip, or leaves it where it is ahead of that. Throws `conflict` and `renumbers`
 * when the two have parted, and `conflict` when an edit is in the way.
 */
export async function goForward(registry: Registry, { shared, there, mirror }: Target): Promise<Base> {
  const head = await readTip(registry)
  if (there === undefined) return { head, ahead: null }
  if (head === undefined || (mirror && head !== there)) return advance(registry, shared, head, there)
  const { relation, ahead } = await compareTips(registry, head, there)
  if (relation === 'ahead' || relation === 'equal') return { head, ahead }
  if (relation === 'behind') return advance(registry, shared, head, there)
  throw await divergedError(registry, shared, relation, { local: head, remote: there })
}

/** As goForward for a server that looks again and again: where the two have parted, nothing is done. */
export async function goAlong(registry: Registry, target: Target): Promise<void> {
  const head = await readTip(registry)
  const { there, mirror } = target
  if (there === undefined || head === there) return
  const isBehind = head === undefined || (await compareTips(registry, head, there)).relation === 'behind'
  if (mirror || isBehind) await advance(registry, target.shared, head, there)
}

async function advance(registry: Registry, shared: SharedBranch, from: Oid | undefined, to: Oid): Promise<Base> {
  const { repository } = await registry.git()
  try {
    const branch = await namedBranchOf(registry)
    await repository.advance(from, to, `promptctl: forward to ${displayBranch(shared)}`, branch)
  } catch (error) {
    throw await nameVersions(registry, shared, from, to, error)
  }
  return { head: to, ahead: 0 }
}

/** An edit of a prompt that is in the way of a newer version is told by the versions. */
async function nameVersions(
  registry: Registry,
  shared: SharedBranch,
  here: Oid | undefined,
  there: Oid,
  error: unknown,
): Promise<unknown> {
  const paths = isPromptctlError(error, 'conflict') ? error.details?.['paths'] : undefined
  if (!isPromptctlError(error) || !Array.isArray(paths) || here === undefined) return error
  const { prefix } = await registry.git()
  const prompt = paths.flatMap((path) => parsePromptPath(String(path).slice(prefix.length)) ?? [])[0]
  if (prompt === undefined) return error
  const { slug, environment } = prompt
  const [ours, theirs] = (
    await Promise.all([readVersions(registry, here, slug), readVersions(registry, there, slug)])
  ).map((versions) => newestIn(versions, environment))
  if (theirs === undefined) return error
  const base = ours === undefined ? 'here it is new' : `your edits are on top of version ${ours.version}`
  return new PromptctlError(
    'conflict',
    `${slug} got version ${theirs.version} in ${environment} on ${displayBranch(shared)}, by ${theirs.author.name}, and ${base}`,
    {
      hint: `Nothing was changed. ${wayOut(shared, error)}`,
      details: { ...error.details, slug, environment, expected: ours?.version ?? null, version: theirs.version },
      cause: error,
    },
  )
}

/** A file that git does not know is not joined with one that comes. */
function wayOut(shared: SharedBranch, { details }: PromptctlError): string {
  const pull = pullCommand('--ff-only', shared)
  return details?.['untracked'] === true
    ? `Move your file out of the way, or git stash -u; then ${pull}.`
    : `Put your edits aside (git stash), ${pull}, and git stash pop joins the two.`
}
