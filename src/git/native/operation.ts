import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationUnderWay } from '../../registry/ports.js'
import { diskError, isMissing } from '../disk.js'

/** The files by which git remembers what it is in the middle of, as wt-status.c reads them. */
export function findOperation(gitDir: string): OperationUnderWay | undefined {
  const has = (name: string): boolean => existsSync(join(gitDir, name))
  if (has('rebase-apply')) return has('rebase-apply/applying') ? 'am' : 'rebase'
  if (has('rebase-merge')) return 'rebase'
  if (has('MERGE_HEAD')) return 'merge'
  if (has('CHERRY_PICK_HEAD')) return 'cherry-pick'
  if (has('REVERT_HEAD')) return 'revert'
  return sequence(join(gitDir, 'sequencer/todo')) ?? (has('BISECT_LOG') ? 'bisect' : undefined)
}

/** Between two commits of a longer cherry-pick or revert only the list of what is left tells. */
function sequence(todo: string): OperationUnderWay | undefined {
  try {
    return /^revert\b/.test(readFileSync(todo, 'utf8')) ? 'revert' : 'cherry-pick'
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, todo)
  }
}
