import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PromptctlError } from '../core/errors.js'

/** How long all waiting for git's locks may take in one write. */
export const GIT_LOCK_TIMEOUT_MS = 10_000

/** The lock files that a commit on `branch` must take, whoever makes it. Packed references are only rewritten to delete one. */
export function gitLockPaths(dirs: { gitDir: string; commonDir: string }, branch: string | undefined): string[] {
  return [
    join(dirs.gitDir, 'index.lock'),
    join(dirs.gitDir, 'HEAD.lock'),
    ...(branch === undefined ? [] : [join(dirs.commonDir, `refs/heads/${branch}.lock`)]),
  ]
}

/**
 * Patience with git's own locks, for one write: `wait` returns when none of `paths` is there, and throws `unavailable`
 * naming the file and its age when the time for the whole write is over. Never deletes a lock.
 */
export class GitLockWait {
  readonly paths: readonly string[]
  readonly #deadline: number
  #attempt = 0

  constructor(paths: readonly string[], timeoutMs = GIT_LOCK_TIMEOUT_MS) {
    this.paths = paths
    this.#deadline = Date.now() + timeoutMs
  }

  get isOver(): boolean {
    return Date.now() >= this.#deadline
  }

  /** The first of the locks that is there. */
  present(): string | undefined {
    return this.paths.find((path) => ageMs(path) !== undefined)
  }

  async wait(): Promise<void> {
    for (let path = this.present(); path !== undefined; path = this.present()) {
      if (this.isOver) throw gitLockError(path)
      await this.pause()
    }
  }

  /** A pause of 10 to 200 ms, longer each time, and never the same for two processes. */
  async pause(): Promise<void> {
    const ms = Math.min(10 * 1.4 ** this.#attempt++, 200) * (0.5 + Math.random())
    await sleep(Math.max(1, Math.min(ms, this.#deadline - Date.now())))
  }
}

/** The failure that names a lock of git's and its age. */
export function gitLockError(path: string): PromptctlError {
  const seconds = Math.round((ageMs(path) ?? 0) / 1000)
  return new PromptctlError(
    'unavailable',
    `Another git process holds ${path}, since ${seconds} s; nothing was changed`,
    {
      hint: 'Wait for it and try again. When no git process runs in this repository, a crash left the file: remove it.',
      details: { path, age_seconds: seconds },
    },
  )
}

function ageMs(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : Math.max(0, Date.now() - stat.mtimeMs)
}
