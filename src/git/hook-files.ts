import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { HookFile, HookFiles } from '../registry/ports.js'
import { diskError, isMissing } from './disk.js'

/** No hook of ours is longer. */
const MAX_HOOK_BYTES = 64 * 1024

/** The hooks in a folder, which is made when the first one is written. */
export function openHookFiles(folder: string, isBare: boolean): HookFiles {
  // https://typicode.github.io/husky/how-to.html: .husky/_/pre-commit runs .husky/pre-commit by sh, executable or not.
  const isHuskys = /[\\/]\.husky[\\/]_$/.test(folder)
  const own = isHuskys ? dirname(folder) : folder
  return {
    isBare,
    folder,
    isHuskys,
    read: (name) => {
      const file = attempt(join(own, name), () => readHook(join(own, name)))
      return isHuskys ? { ...file, isExecutable: file.content !== undefined } : file
    },
    write: (name, script) => attempt(join(folder, name), () => writeHook(folder, name, script)),
    remove: (name) => attempt(join(own, name), () => rmSync(join(own, name), { force: true })),
  }
}

function readHook(path: string): HookFile {
  const stat = statOf(path)
  if (stat === undefined) return { path, content: undefined, isExecutable: false }
  const isText = stat.isFile() && stat.size <= MAX_HOOK_BYTES
  return { path, content: isText ? readFileSync(path, 'utf8') : null, isExecutable: isExecutable(path) }
}

/** git may run it at any moment: it is there whole, or not at all. */
function writeHook(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true })
  const beside = join(folder, `.${name}.promptctl`)
  try {
    writeFileSync(beside, script)
    chmodSync(beside, 0o755)
    renameSync(beside, join(folder, name))
  } finally {
    rmSync(beside, { force: true })
  }
}

function statOf(path: string) {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return false
    throw error
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw diskError(error, path)
    throw error
  }
}
