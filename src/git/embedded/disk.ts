import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { diskError, isMissing } from '../disk.js'

/** A file's bytes, or undefined when there is none. Any other failure is `unavailable`, never "not there". */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, path)
  }
}

/** Makes a new file that is on the disk when this returns. Throws what the system says; nothing is left behind then. */
export function writeSynced(path: string, content: Uint8Array, mode = 0o666): void {
  const descriptor = openSync(path, 'wx', mode)
  try {
    let written = 0
    while (written < content.length) written += writeSync(descriptor, content, written)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** A name that no other file has, for one that will be renamed. */
export const temporaryName = (prefix: string): string => `${prefix}${process.pid}-${randomBytes(6).toString('hex')}`
