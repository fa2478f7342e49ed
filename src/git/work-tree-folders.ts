import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import type { FileWrite } from '../registry/ports.js'
import { diskError, hasCode } from './disk.js'
import { statOf } from './replace-file.js'

/** The folders that writing `files` will make, outermost first. */
export async function missingFolders(workTree: string, files: readonly FileWrite[]): Promise<readonly string[]> {
  const missing: string[] = []
  for (const folder of parentFolders(files)) {
    if ((await statOf(join(workTree, folder))) === undefined) missing.push(folder)
  }
  return missing
}

/** Throws `usage` for a path that leaves the work tree, `unsupported` for one behind a symbolic link. */
export async function assertRealFolders(workTree: string, files: readonly FileWrite[]): Promise<void> {
  for (const { path } of files) assertInside(path)
  for (const folder of parentFolders(files)) {
    if ((await statOf(join(workTree, folder)))?.isSymbolicLink()) {
      throw new PromptctlError('unsupported', `${folder} is a symbolic link, and what lies behind it is not written`, {
        details: { path: folder },
      })
    }
  }
}

function assertInside(path: string): void {
  const isOutside = path.split('/').some((part) => /^(\.{0,2}|\.git)$/i.test(part)) || path.includes('\0')
  if (isOutside) throw new PromptctlError('usage', `${JSON.stringify(path)} is no path inside the work tree`)
}

/** Every folder above the files, outermost first, each once. */
function parentFolders(files: readonly FileWrite[]): readonly string[] {
  const folders = new Set<string>()
  for (const { path } of files) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      folders.add(path.slice(0, slash))
    }
  }
  return [...folders].sort((a, b) => a.length - b.length)
}

export async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) throw diskError(error, folder)
  }
}
