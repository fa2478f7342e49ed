import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import { compareBytes } from '../core/paths.js'
import type { DiskEntry, WorkTree } from '../registry/ports.js'
import { hasCode, isMissing } from './disk.js'

/** A prompt file is at most this many bytes. */
const MAX_BYTES = 1024 * 1024

/** Opens the registry's folder at `root`, an absolute path. Nothing is read yet. */
export function openWorkTree(root: string): WorkTree {
  const checkedFolders = new Set<string>([''])
  let sparse: boolean | undefined

  /** Throws when a folder on the way to `path` is a symbolic link: what lies behind it is not the registry's. */
  const assertRealFolders = (path: string): void => {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      if (checkedFolders.has(folder)) continue
      if (lstatOf(join(root, folder))?.isSymbolicLink()) throw symbolicLink(folder)
      checkedFolders.add(folder)
    }
  }

  return {
    root,
    read: (path) => {
      assertRealFolders(path)
      return readRegularFile(join(root, path), path)
    },
    has: (path) => lstatOf(join(root, path)) !== undefined,
    names: (dir) => {
      assertRealFolders(`${dir}/`)
      return namesIn(join(root, dir), dir).map((entry) => entry.name)
    },
    isSparse: () => {
      sparse ??= hasSparsePatterns(root)
      return sparse
    },
    walk: (dir) => {
      if (lstatOf(join(root, dir))?.isSymbolicLink()) return [{ path: dir, kind: 'link' }]
      const found: DiskEntry[] = []
      const visit = (folder: string): void => {
        for (const entry of namesIn(join(root, folder), folder)) {
          const path = `${folder}/${entry.name}`
          if (entry.isDirectory()) visit(path)
          else found.push({ path, kind: entry.isSymbolicLink() ? 'link' : entry.isFile() ? 'file' : 'other' })
        }
      }
      visit(dir)
      return found.sort((a, b) => compareBytes(a.path, b.path))
    },
  }
}

/** Whether the git directory of the nearest work tree has patterns: they stay there when a checkout is whole again. */
function hasSparsePatterns(root: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    const dotGit = join(folder, '.git')
    const stat = lstatOf(dotGit)
    if (stat !== undefined) return existsSync(join(stat.isFile() ? linkedDir(dotGit) : dotGit, 'info/sparse-checkout'))
    if (folder === dirname(folder)) return false
  }
}

/** What the file `.git` of a linked work tree or a submodule says: `gitdir: ../.git/worktrees/a`. */
const linkedDir = (dotGit: string): string =>
  resolve(
    dirname(dotGit),
    readFileSync(dotGit, 'utf8')
      .replace(/^gitdir: /, '')
      .trimEnd(),
  )

/** Opens without following a link at the end and without waiting for a named pipe, and reads at most the limit. */
function readRegularFile(absolute: string, path: string): Uint8Array | undefined {
  let descriptor: number
  try {
    descriptor = openSync(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return undefined
    if (hasCode(error, 'ELOOP', 'EMLINK')) throw symbolicLink(path)
    throw diskError(error, path)
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw unreadable(path, 'not a file')
    if (stat.size > MAX_BYTES) throw unreadable(path, `larger than 1 MiB (${stat.size} bytes)`)
    return readAll(descriptor, stat.size)
  } catch (error) {
    throw error instanceof PromptctlError ? error : diskError(error, path)
  } finally {
    closeSync(descriptor)
  }
}

function readAll(descriptor: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  while (length < size) {
    const read = readSync(descriptor, bytes, length, size - length, null)
    if (read === 0) break
    length += read
  }
  return bytes.subarray(0, length)
}

const lstatOf = (absolute: string) => lstatSync(absolute, { throwIfNoEntry: false })

function namesIn(absolute: string, dir: string) {
  try {
    return readdirSync(absolute, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (isMissing(error)) return []
    throw diskError(error, dir)
  }
}

const unreadable = (path: string, message: string): PromptctlError =>
  new PromptctlError('invalid_prompt', `${path}:1:1: ${message}`, {
    details: { file: path, problems: [{ file: path, line: 1, column: 1, message }] },
  })

const symbolicLink = (path: string): PromptctlError =>
  new PromptctlError('invalid_prompt', `${path} is a symbolic link, and a prompt must be a file`, {
    hint: 'Put the file itself there.',
    details: { file: path, rule: 'symlink' },
  })

const diskError = (error: unknown, path: string): PromptctlError =>
  new PromptctlError(
    'unavailable',
    `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
    },
  )
