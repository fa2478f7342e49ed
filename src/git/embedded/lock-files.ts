import { linkSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { diskError, hasCode, makeFolder } from '../disk.js'
import { listScratches } from '../journal.js'
import { fateOf } from '../process-identity.js'
import { temporaryName, writeSynced } from './disk.js'

const PREFIX = 'lock-'

/** A file that is on the disk before any lock is taken. */
interface Prepared {
  readonly path: string
  readonly content: Uint8Array
}

/** Somebody holds this lock file. */
export class LockBusy extends Error {
  readonly lock: string

  constructor(lock: string) {
    super(lock)
    this.lock = lock
  }
}

/**
 * The lock files that one write holds (`<target>.lock`, which is renamed to its target). One appears with its whole
 * content, by a link to a file that was written and synced before, so that none is held while the disk works.
 */
export class LockFiles {
  readonly #scratch: string
  readonly #held = new Set<string>()

  /** `scratch` is a folder on the git directory's device; what is prepared goes away with it. */
  constructor(scratch: string) {
    this.#scratch = scratch
  }

  prepare(content: Uint8Array): Prepared {
    const path = join(this.#scratch, temporaryName(PREFIX))
    onDisk(path, () => writeSynced(path, content))
    return { path, content }
  }

  /** Throws LockBusy when another has it. */
  take(target: string, prepared: Prepared): void {
    const lock = `${target}.lock`
    try {
      makeFolder(dirname(lock))
      linkOrWrite(prepared, lock)
    } catch (error) {
      if (hasCode(error, 'EEXIST')) throw new LockBusy(lock)
      throw diskError(error, lock)
    }
    this.#held.add(lock)
  }

  /** Puts the prepared content in the target's place. */
  commit(target: string): void {
    const lock = `${target}.lock`
    onDisk(target, () => renameSync(lock, target))
    this.#held.delete(lock)
  }

  /** Gives back what was not committed. Throws `unavailable` for what the disk keeps, after all others are given back. */
  release(): void {
    const failures: unknown[] = []
    for (const path of this.#held) {
      try {
        rmSync(path, { force: true })
      } catch (error) {
        failures.push(diskError(error, path))
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** Some file systems have no hard links: there the lock file is written in place, as git does. */
function linkOrWrite({ path, content }: Prepared, lock: string): void {
  try {
    linkSync(path, lock)
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK')) throw error
    writeSynced(lock, content)
  }
}

/**
 * Removes lock files that dead processes of this engine left: those that are the same file as one of their scratch
 * folders, which nobody else's can be. Git's own locks stay. Returns what was removed.
 */
export async function releaseDeadLocks(gitDir: string, locks: readonly string[]): Promise<readonly string[]> {
  const dead = (await listScratches(gitDir)).filter(({ journal }) => journal && fateOf(journal.process) === 'dead')
  const left = dead.flatMap(({ dir }) =>
    readdirSync(dir)
      .filter(isPrepared)
      .flatMap((name) => fileId(join(dir, name))),
  )
  const ours = locks.filter((lock) => fileId(lock).some((id) => left.includes(id)))
  for (const lock of ours) onDisk(lock, () => rmSync(lock, { force: true }))
  return ours
}

const isPrepared = (name: string): boolean => name.startsWith(PREFIX)

/** What two names of one file have in common; nothing when there is no file. */
function fileId(path: string): readonly string[] {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats === undefined ? [] : [`${stats.dev}:${stats.ino}`]
}

/** Runs `action`, and turns what the system says into `unavailable`. */
export function onDisk<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw error instanceof PromptctlError ? error : diskError(error, path)
  }
}
