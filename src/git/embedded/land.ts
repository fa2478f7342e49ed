import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { tidySync } from '../disk.js'
import { readIfThere } from './disk.js'
import type { Layout } from './layout.js'
import { LockBusy, LockFiles } from './lock-files.js'
import { appendReflogs, type ReflogLine } from './reflog.js'
import type { Refs } from './refs.js'

/** A new index, made from the bytes that it had. */
export interface IndexChange {
  readonly path: string
  readonly before: Buffer | undefined
  readonly after: Buffer
}

export interface Landing {
  readonly layout: Layout
  readonly refs: Refs
  /** A folder on the git directory's device for temporary files. */
  readonly scratch: string
  /** Undefined in a bare repository, which has none. */
  readonly index: IndexChange | undefined
  /** The branch that moves, and what its reflog says; where there is an index HEAD must name it. */
  readonly ref: ReflogLine | undefined
  /** core.logAllRefUpdates: whether a reflog that is not there is begun. */
  readonly makesReflogs: boolean
}

/** How it went: a lock was held, the index was written since it was read, or all is done. */
export type Outcome =
  | { readonly kind: 'busy'; readonly lock: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'done' }

/**
 * Moves the branch and the index together, under git's own locks and in git's order: index, HEAD and branch are locked
 * and compared with what is expected, the branch is renamed (from then on the commit stands), then the index. Not
 * asynchronous: no signal handler of ours runs in between, and the locks are held for less than a millisecond, so that
 * a kill hardly ever leaves one. Throws `conflict` when HEAD or the branch moved.
 */
export function land(landing: Landing): Outcome {
  const locks = new LockFiles(landing.scratch)
  let outcome: Outcome
  try {
    outcome = landLocked(landing, locks)
  } catch (error) {
    tidySync(() => locks.release())
    if (error instanceof LockBusy) return { kind: 'busy', lock: error.lock }
    throw error
  }
  attempt(
    () => locks.release(),
    (error) => {
      if (outcome.kind === 'done' && landing.ref !== undefined) throw new LandedError(landing.ref.after, error)
    },
  )
  return outcome
}

function landLocked({ layout, refs, index, ref, makesReflogs }: Landing, locks: LockFiles): Outcome {
  const newIndex = index === undefined ? undefined : locks.prepare(index.after)
  const newRef = locks.prepare(Buffer.from(`${ref?.after}\n`))
  const noHead = locks.prepare(Buffer.alloc(0))
  if (index !== undefined && newIndex !== undefined) {
    locks.take(index.path, newIndex)
    if (!isSame(readIfThere(index.path), index.before)) return { kind: 'stale' }
  }
  if (ref !== undefined) {
    locks.take(join(layout.gitDir, 'HEAD'), noHead)
    locks.take(refs.pathOf(ref.name), newRef)
    assertUnmoved(refs, ref, index !== undefined)
    const undo = appendReflogs(layout, ref, makesReflogs)
    attempt(() => locks.commit(refs.pathOf(ref.name)), undo)
  }
  if (index !== undefined) {
    attempt(
      () => locks.commit(index.path),
      (error) => {
        if (ref !== undefined) throw new LandedError(ref.after, error)
      },
    )
  }
  return { kind: 'done' }
}

/** Does `action`; when it fails `after` comes first, and may word it otherwise. */
function attempt(action: () => void, after: (error: unknown) => void): void {
  try {
    action()
  } catch (error) {
    after(error)
    throw error
  }
}

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b)

function assertUnmoved(refs: Refs, { name, before }: ReflogLine, isHeads: boolean): void {
  const head = refs.read('HEAD')
  const isThere = !isHeads || (head !== undefined && 'target' in head && head.target === name)
  const now = isThere ? refs.resolve(name) : undefined
  if (isThere && now === before) return
  const what = isThere ? name : 'HEAD'
  throw new PromptctlError('conflict', `${what} moved while the commit was made; nothing was changed`, {
    hint: 'Try again.',
    details: { reason: 'head_moved', expected: before ?? null, actual: now ?? null },
  })
}

/** The branch has moved, and then the disk said no: the commit stands, and nothing may be put back. */
export class LandedError extends PromptctlError {
  constructor(commit: Oid, cause: unknown) {
    super('unavailable', `The commit ${commit.slice(0, 10)} was made, and then: ${wordsOf(cause)}`, {
      hint: 'The next command that writes mends the index; git reset does that, too.',
      details: { commit },
      cause,
    })
  }
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
