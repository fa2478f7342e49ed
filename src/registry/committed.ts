import { explainSystemError, isPromptctlError, PromptctlError } from '../core/errors.js'
import { readTip } from './branches.js'
import type { FileWrite, Oid } from './ports.js'
import type { Registry } from './registry.js'

/**
 * Says of a failure whether the commit stands all the same: a disk can say no after the branch has moved, and who is told
 * only of that would do it all again. `before` is where the branch was. Other failures are given back as they are.
 */
export async function explainAfterCommit(
  registry: Registry,
  files: readonly FileWrite[],
  before: Oid | undefined,
  thrown: unknown,
): Promise<unknown> {
  const error = isPromptctlError(thrown) ? thrown : explainSystemError(thrown)
  if (!isPromptctlError(error, 'unavailable') || error.details?.['commit'] !== undefined) return error ?? thrown
  const commit = await commitThatStands(registry, files, before)
  if (commit === undefined) return error
  return new PromptctlError('unavailable', `The commit ${commit.slice(0, 10)} was made, and then: ${error.message}`, {
    hint: 'Look at it with git show, and at the work tree with git status.',
    details: { ...error.details, commit },
    cause: error,
  })
}

/** The branch's tip, when it has moved and holds the files. */
async function commitThatStands(
  registry: Registry,
  files: readonly FileWrite[],
  before: Oid | undefined,
): Promise<Oid | undefined> {
  const { repository } = await registry.git()
  const commit = await readTip(registry)
  if (commit === undefined || commit === before) return undefined
  const entries = await repository.entriesAt(
    commit,
    files.map(({ path }) => path),
  )
  const blobs = new Map(entries.map(({ path, blob }) => [path, blob]))
  return files.every(({ path, content }) => blobs.get(path) === repository.blobId(content)) ? commit : undefined
}
