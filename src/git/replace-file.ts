import type { Stats } from 'node:fs'
import { chmod, lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskError, hasCode, isMissing } from './disk.js'

/** Replaces `target` by `file` in one step. Throws what the system says. */
export async function moveInto(file: string, target: string, scratchDir: string): Promise<void> {
  try {
    await rename(file, target)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
    // The git directory is on another device: only a file beside the target can be renamed to it.
    const beside = temporaryBeside(target, scratchDir)
    try {
      await writeSynced(beside, await readFile(file), await modeOf(file))
      await rename(beside, target)
    } finally {
      await rm(beside, { force: true })
    }
  }
}

/** The permissions of a regular file, or undefined when there is none. */
export async function modeOf(path: string): Promise<number | undefined> {
  const stat = await statOf(path)
  return stat?.isFile() ? stat.mode & 0o777 : undefined
}

/** `prompts/production/.x.yaml.pending-7-ab12`: recovery finds it by the name of the scratch directory. */
export const temporaryBeside = (target: string, scratchDir: string): string =>
  join(dirname(target), `.${basename(target)}.${basename(scratchDir)}`)

/** Makes a new file that is on the disk when this returns; nothing is left behind when it fails. */
export async function writeSynced(path: string, content: Uint8Array, mode: number | undefined): Promise<void> {
  const file = await open(path, 'wx', 0o666)
  try {
    await file.writeFile(content)
    if (mode !== undefined) await chmod(path, mode)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** What is at a path itself, not behind a link; undefined when nothing is. Throws `unavailable`. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw diskError(error, path)
  }
}
