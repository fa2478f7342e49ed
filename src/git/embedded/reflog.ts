import { appendFileSync, existsSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Oid } from '../../registry/ports.js'
import { makeFolder } from '../disk.js'
import type { Layout } from './layout.js'
import { onDisk } from './lock-files.js'

export interface ReflogLine {
  /** The branch's full name. */
  readonly name: string
  /** HEAD names it, and is logged too. */
  readonly isHead: boolean
  readonly before: Oid | undefined
  readonly after: Oid
  /** `Ada Lovelace <ada@example.com> 1700000000 +0100` */
  readonly committer: string
  /** As git words it: `commit: subject`. */
  readonly reason: string
}

/**
 * Appends to the branch's log, and to HEAD's where it names that, with both locked. `makes` is core.logAllRefUpdates: whether one that is not
 * there is begun. Returns what takes the lines back.
 */
export function appendReflogs({ gitDir, commonDir }: Layout, line: ReflogLine, makes: boolean): () => void {
  const logs = [...(line.isHead ? [join(gitDir, 'logs', 'HEAD')] : []), join(commonDir, 'logs', line.name)]
  const undone: (() => void)[] = []
  const undo = (): void => {
    for (const step of undone) step()
  }
  try {
    for (const file of logs.filter((log) => makes || existsSync(log))) {
      onDisk(file, () => {
        makeFolder(dirname(file))
        const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
        undone.push(() => existsSync(file) && truncateSync(file, size))
        appendFileSync(file, formatLine(line))
      })
    }
  } catch (error) {
    undo()
    throw error
  }
  return undo
}

const formatLine = ({ before, after, committer, reason }: ReflogLine): string =>
  `${before ?? '0'.repeat(40)} ${after} ${committer}\t${reason.replace(/\s+/g, ' ').trim()}\n`
