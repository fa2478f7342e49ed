import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { otherBranch } from '../other-branch.js'
import { fromBytePath } from './byte-path.js'
import { readIndex } from './index-change.js'
import type { Parts } from './parts.js'
import { assertWritableIndex } from './refusals.js'
import { findUnderWay } from './under-way.js'

/**
 * Returns the full name of the branch to commit to: HEAD's, or in a bare repository the one with the name `wanted`.
 * Throws `unsupported` when HEAD is detached or elsewhere, an operation is under way, paths are unmerged or the index
 * cannot be written, `conflict` when the branch is not at `expected`.
 */
export function assertReady(parts: Parts, expected: Oid | undefined, wanted: string | undefined): string {
  const { layout, refs, indexPath } = parts
  const name = branchOf(parts, wanted)
  if (layout.workTree !== undefined) assertIndexReady(indexPath)
  assertExpected(refs.resolve(name), expected)
  return name
}

/** The full name of the branch that a write moves; see assertReady. */
export function branchOf({ layout, refs }: Pick<Parts, 'layout' | 'refs'>, wanted: string | undefined): string {
  const operation = findUnderWay(layout.gitDir)
  if (operation !== undefined && operation !== 'bisect') {
    throw new PromptctlError('unsupported', `A ${operation} is under way in this repository`, {
      hint: `Finish it with \`git ${operation} --continue\`, or give it up with \`git ${operation} --abort\`.`,
      details: { operation },
    })
  }
  const ref = wanted === undefined ? undefined : `refs/heads/${wanted}`
  if (ref !== undefined && layout.workTree === undefined) return ref
  const head = refs.read('HEAD')
  if (head === undefined || !('target' in head)) {
    throw new PromptctlError('unsupported', 'HEAD is detached: there is no branch to commit to', {
      hint: 'Run `git switch <branch>`.',
    })
  }
  if (ref !== undefined && ref !== head.target)
    throw otherBranch(head.target.replace(/^refs\/heads\//, ''), wanted ?? '')
  return head.target
}

function assertIndexReady(indexPath: string): void {
  const { index } = readIndex(indexPath)
  const conflicts = index.entries.filter(({ stage }) => stage !== 0)
  if (conflicts.length > 0) {
    throw new PromptctlError('unsupported', `The index has unmerged paths: ${fromBytePath(conflicts[0]?.path ?? '')}`, {
      hint: 'Resolve the conflict and stage the result first.',
      details: { paths: [...new Set(conflicts.map(({ path }) => fromBytePath(path)))] },
    })
  }
  assertWritableIndex(index)
}

function assertExpected(actual: Oid | undefined, expected: Oid | undefined): void {
  if (actual === expected) return
  throw new PromptctlError('conflict', 'The branch moved since the change was planned; nothing was changed', {
    hint: 'Try again.',
    details: { reason: 'head_moved', expected: expected ?? null, actual: actual ?? null },
  })
}
