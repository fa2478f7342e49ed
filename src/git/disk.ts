import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { isPromptctlError, PromptctlError } from '../core/errors.js'

/** True when a failed system call says one of `codes`, such as `EEXIST`. */
export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))

/** True when a failed system call says that there is no such file. */
export const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR')

/** What the disk said about `path`, in the system's words, as `unavailable`. */
export const diskError = (error: unknown, path: string): PromptctlError =>
  new PromptctlError('unavailable', `${path}: ${error instanceof Error ? error.message : String(error)}`, {
    details: { path },
    cause: error,
  })

/** Runs `action`, and turns what the system says into `unavailable`. */
export async function onDisk<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw diskError(error, path)
    throw error
  }
}

/**
 * Makes a folder, and those above it. On a read-only file system Node says that there is no such folder; of the first one
 * that is missing the system says why. Once https://github.com/nodejs/node/issues/47098 is mended, `recursive` is enough.
 */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) mkdirSync(firstMissing(dir))
    throw error
  }
}

function firstMissing(dir: string): string {
  const parent = dirname(dir)
  return parent === dir || existsSync(parent) ? dir : firstMissing(parent)
}

/**
 * Runs what only tidies up. When the disk says no, what is left is for whoever comes next (a lock of a process that has
 * ended is taken over, recovery removes scratch folders): what was done before is no failure because of it.
 */
export function tidySync(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof Error && ('syscall' in error || isPromptctlError(error, 'unavailable')))) throw error
  }
}

/** As tidySync. */
export async function tidy(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    tidySync(() => {
      throw error
    })
  }
}
