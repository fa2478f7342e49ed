import { randomBytes } from 'node:crypto'
import { accessSync, constants, lstatSync, mkdirSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PromptctlError } from '../core/errors.js'

/**
 * Writes a file that the user asked for, and its folders. A program that reads it meanwhile finds the old one or the new one;
 * what is no regular file, `/dev/stdout` for one, is written to as it is. Throws `unavailable`.
 */
export function writeOutputFile(path: string, content: string): void {
  saying(path, () => {
    if (prepareOutput(path)?.isFile() === false) writeFileSync(path, content)
    else replaceFile(path, content)
  })
}

/** Throws what writeOutputFile would, before work whose result would be lost; makes the folders, and leaves no file. */
export function probeOutputFile(path: string): void {
  saying(path, () => {
    const there = prepareOutput(path)
    if (there !== undefined && !there.isFile()) return accessSync(path, constants.W_OK)
    const beside = besideOf(path)
    writeFileSync(beside, '', { flag: 'wx' })
    rmSync(beside)
  })
}

function saying(path: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new PromptctlError('unavailable', `${path} cannot be written: ${error.message}`, { cause: error })
  }
}

/** Makes the folders; gives what is there, if anything. */
function prepareOutput(path: string): Stats | undefined {
  mkdirSync(dirname(path), { recursive: true })
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw new PromptctlError('unavailable', `${path} cannot be written: it is a folder`)
  return there
}

const besideOf = (path: string): string => `${path}.${randomBytes(4).toString('hex')}.tmp`

function replaceFile(path: string, content: string): void {
  const beside = besideOf(path)
  try {
    writeFileSync(beside, content, { flag: 'wx' })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
