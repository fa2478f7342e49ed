import { readFileSync, statSync } from 'node:fs'
import { PromptctlError } from '../core/errors.js'

/** A file on disk that may be replaced. */
export interface WatchedFile {
  readonly path: string
  /** The bytes as they are now. Throws `not_found`, `unavailable`. */
  read(): Uint8Array
  /** True when the file may hold something else than when this was last asked, or read. */
  hasChanged(): boolean
}

export function openWatchedFile(path: string): WatchedFile {
  let seen: string | undefined
  return {
    path,
    read: () => {
      seen = stampOf(path)
      return readOrThrow(path)
    },
    hasChanged: () => {
      const before = seen
      seen = stampOf(path)
      return seen !== before
    },
  }
}

/** Undefined while there is no such file. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? undefined : `${stat.ino} ${stat.size} ${stat.mtimeNs}`
}

function readOrThrow(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new PromptctlError(
      isMissing ? 'not_found' : 'unavailable',
      isMissing ? `There is no bundle ${path}` : `The bundle ${path} cannot be read`,
      { hint: 'promptctl bundle --env production -o prompts.json makes one.', cause },
    )
  }
}
