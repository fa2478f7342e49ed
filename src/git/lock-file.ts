import { createHash } from 'node:crypto'
import { constants, copyFileSync, linkSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { tryParseJson } from '../core/json.js'
import { diskError, hasCode, isMissing } from './disk.js'
import { fateOf, isProcessIdentity, type ProcessIdentity } from './process-identity.js'

/** What a lock file holds. `nonce` is one taking of the lock: the same process has another the next time. */
export interface Holder extends ProcessIdentity {
  /** 24 hex digits. */
  readonly nonce: string
  /** RFC 3339. */
  readonly since: string
}

/** Who a lock file names, and what is known of that process. */
export interface Rival extends Holder {
  readonly fate: ReturnType<typeof fateOf>
}

/** A file that was not wholly written is being written, for as long; after that it is what a power cut left. */
const WRITING_MS = 2000

/** Makes `file` also `name`; false when there is such a name. A file system without hard links gets a copy. */
export function linkNew(file: string, name: string): boolean {
  try {
    linkSync(file, name)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS')) throw diskError(error, name)
  }
  try {
    copyFileSync(file, name, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw diskError(error, name)
  }
}

/** Who a lock file names, or undefined when it is gone. */
export function readRival(path: string): Rival | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    const holder = parseHolder(text)
    if (holder !== undefined) return { ...holder, fate: fateOf(holder) }
    const { mtime, mtimeMs } = statSync(path)
    const fate = Date.now() - mtimeMs < WRITING_MS ? 'alive' : 'dead'
    return { pid: 0, host: hostname(), nonce: digest(text), since: mtime.toISOString(), fate }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, path)
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24)

function parseHolder(text: string): Holder | undefined {
  const value = tryParseJson(text)
  if (!isProcessIdentity(value) || !('nonce' in value) || !('since' in value)) return undefined
  // The nonce becomes part of a file name.
  return /^[0-9a-f]{24}$/.test(String(value.nonce)) ? (value as Holder) : undefined
}
