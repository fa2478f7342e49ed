import { isPromptctlError } from '../core/errors.js'
import type { Oid, Repository } from './ports.js'
import type { Registry } from './registry.js'

/** What a repository knows of a push that it receives: for the hooks pre-receive and post-receive. */

/** One branch of a push, as git tells the hooks that receive it; undefined where it is not there. */
export interface ReceivedLine {
  /** `refs/heads/main` */
  readonly ref: string
  readonly old: Oid | undefined
  readonly new: Oid | undefined
}

/** As git writes a branch that is not there: before it was made, or after it was deleted. */
export const isNothing = (revision: string): boolean => /^0{40}(?:0{24})?$/.test(revision)

/** The branches in git's `old new ref` lines; tags and the like are left out. */
export function parseReceivedLines(text: string): readonly ReceivedLine[] {
  return text.split('\n').flatMap((line) => {
    const [, old, tip, ref] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/heads\/.+)$/.exec(line) ?? []
    if (old === undefined || tip === undefined || ref === undefined) return []
    return [{ ref, old: isNothing(old) ? undefined : (old as Oid), new: isNothing(tip) ? undefined : (tip as Oid) }]
  })
}

/** A registry in the tree of a commit, with the configuration that it has there. */
export interface RegistryAt {
  /** The registry's folder in the repository: `''`, or `team-a/` with the slash. */
  readonly prefix: string
  /** Throws `invalid_config`. */
  open(): Promise<Registry>
}

/** A repository that others push to. */
export interface Receiving {
  readonly repository: Repository
  /** Every registry in the tree of a commit; none where there is no commit. */
  registriesAt(commit: Oid | undefined): Promise<readonly RegistryAt[]>
  close(): Promise<void>
}

/** Whether a line of a push moves the branch that shares the registry in a folder of the repository. */
export type IsShared = (prefix: string, line: ReceivedLine) => Promise<boolean>

/**
 * The one rule of which pushed branch is a registry's shared branch. It is decided outside of that branch, or whoever may
 * push any branch could say that it is the one: by the registry's configuration on HEAD's branch, and where that names none,
 * is wrong or not there, it is HEAD's branch. Only while HEAD's branch has no commit, not even in this push, the pushed
 * commit's own configuration says it.
 */
export async function openSharing(receiving: Receiving, lines: readonly ReceivedLine[]): Promise<IsShared> {
  const { branch, commit } = await receiving.repository.head()
  const head = commit ?? lines.find(({ ref }) => ref === `refs/heads/${branch}`)?.new
  const decided = head === undefined ? undefined : await readBranches(receiving, head)
  return async (prefix, { ref, old, new: tip }) => {
    const branches = decided ?? (await readBranches(receiving, tip ?? old))
    return ref === `refs/heads/${branches.get(prefix) ?? branch}`
  }
}

/** The branch that each registry of a commit names, by folder. */
async function readBranches(receiving: Receiving, commit: Oid | undefined): Promise<ReadonlyMap<string, string>> {
  const branches = new Map<string, string>()
  for (const registry of await receiving.registriesAt(commit)) {
    const branch = (await tryOpen(registry))?.config.branch
    if (branch !== undefined) branches.set(registry.prefix, branch)
  }
  return branches
}

/** Undefined for a configuration that is wrong: what was accepted once must not keep its mending out, so it has no say. */
export async function tryOpen(registry: RegistryAt | undefined): Promise<Registry | undefined> {
  try {
    return await registry?.open()
  } catch (error) {
    if (isPromptctlError(error, 'invalid_config')) return undefined
    throw error
  }
}
