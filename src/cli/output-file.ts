import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PromptctlError } from '../core/errors.js'

/**
 * Writes a file that the user asked for, and its folders. A program that reads it meanwhile finds the old one or the new one;
 * what is no regular file, `/dev/stdout` for one, is written to as it is. Throws `unavailable`.
 */
export function writeOutputFile(path: string, content: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) writeFileSync(path, content)
    else replaceFile(path, content)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new PromptctlError('unavailable', `${path} cannot be written: ${error.message}`, { cause: error })
  }
}

function replaceFile(path: string, content: string): void {
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    writeFileSync(beside, content, { flag: 'wx' })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
