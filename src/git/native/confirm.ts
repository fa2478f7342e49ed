import { isPromptctlError, PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import type { PendingFiles } from '../work-tree-files.js'
import type { CommitJob } from './commit-job.js'
import { undoCommit } from './undo.js'
import type { MadeCommit } from './verify.js'

/** Asks the caller whether the commit may stand, and takes it back when that throws. */
export async function confirmOrUndo(job: CommitJob, made: MadeCommit, pending: PendingFiles): Promise<void> {
  try {
    await job.request.confirm?.(made.commit)
  } catch (error) {
    await takeBack(job, made, pending, error)
    throw error
  }
}

async function takeBack(job: CommitJob, made: MadeCommit, pending: PendingFiles, why: unknown): Promise<void> {
  try {
    await undoCommit(job, made, pending)
  } catch (error) {
    if (!isPromptctlError(error, 'rejected') || !isPromptctlError(why)) throw error
    throw standsAnyway(made.commit, why)
  }
}

const standsAnyway = (commit: Oid, why: PromptctlError): PromptctlError =>
  new PromptctlError(
    why.code,
    `${why.message}; commit ${commit.slice(0, 10)} stands here all the same, because more followed it`,
    {
      hint: 'Look at it with git log, and push it with promptctl push.',
      details: { ...why.details, reason: 'commit_stands', commit },
      cause: why,
    },
  )
