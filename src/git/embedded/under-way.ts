import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationUnderWay } from '../../registry/ports.js'
import { readIfThere } from './disk.js'

/** What marks each operation in the git directory; a rebase also leaves the marks of what it does inside, so it is first. */
const MARKS: readonly (readonly [string, OperationUnderWay])[] = [
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['rebase-merge', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
]

/** What `git status` would say is under way (wt-status.c). */
export function findUnderWay(gitDir: string): OperationUnderWay | undefined {
  const mark = MARKS.find(([name]) => isThere(join(gitDir, name)))
  return mark?.[1] ?? readSequence(gitDir) ?? (isThere(join(gitDir, 'BISECT_LOG')) ? 'bisect' : undefined)
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** Between two commits of a longer cherry-pick or revert only the list of what is left tells. */
function readSequence(gitDir: string): OperationUnderWay | undefined {
  const todo = readIfThere(join(gitDir, 'sequencer', 'todo'))?.toString('utf8')
  if (todo === undefined) return undefined
  return /^revert\b/.test(todo) ? 'revert' : 'cherry-pick'
}
