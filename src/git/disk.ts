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
