import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { diskError, hasCode, isMissing } from '../disk.js'
import { readIfThere } from './disk.js'

/** What a reference holds: an object id, or the name of another reference. */
export type RefValue = { readonly oid: Oid } | { readonly target: string }

/** Reads references from loose files first, then from `packed-refs`, as git does. Nothing is cached. */
export interface Refs {
  /** The file that a loose reference has, whether it is there or not. */
  pathOf(name: string): string
  /** The value as it stands; undefined when there is none. Throws `unavailable` when it is damaged or cannot be read. */
  read(name: string): RefValue | undefined
  /** The object id behind a reference, symbolic ones followed. */
  resolve(name: string): Oid | undefined
}

const OID = /^[0-9a-f]{40}$/
const PACKED = /^([0-9a-f]{40}) (\S+)$/
/** git gives up there too. */
const MAX_SYMBOLIC = 5

export const isOid = (text: string): text is Oid => OID.test(text)

/** https://git-scm.com/docs/git-check-ref-format, for text that may come from anybody. Allows one-level names such as HEAD. */
export function isRefName(name: string): boolean {
  if (name === '' || name === '@' || name.length > 1024) return false
  if (/[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^-/.test(name)) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

export function openRefs({ gitDir, commonDir }: { readonly gitDir: string; readonly commonDir: string }): Refs {
  const pathOf = (name: string): string => join(isPerWorkTree(name) ? gitDir : commonDir, name)
  const read = (name: string): RefValue | undefined => {
    const text = readLoose(pathOf(name))
    if (text !== undefined) return parseLoose(text, pathOf(name))
    return name.startsWith('refs/') ? findPacked(join(commonDir, 'packed-refs'), name) : undefined
  }
  const resolve = (name: string): Oid | undefined => {
    let current = name
    for (let depth = 0; depth < MAX_SYMBOLIC; depth += 1) {
      const value = read(current)
      if (value === undefined || 'oid' in value) return value?.oid
      current = value.target
    }
    throw new PromptctlError('unavailable', `The reference ${name} points at another one too many times`)
  }
  return { pathOf, read, resolve }
}

/** Whether HEAD names the branch with that full name. */
export function isHead(refs: Refs, name: string): boolean {
  const head = refs.read('HEAD')
  return head !== undefined && 'target' in head && head.target === name
}

/** HEAD and the like, and three folders, belong to one work tree (https://git-scm.com/docs/git-worktree#_refs). */
const isPerWorkTree = (name: string): boolean =>
  !name.startsWith('refs/') || /^refs\/(?:bisect|worktree|rewritten)\//.test(name)

function readLoose(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // A folder: `refs/heads/a` where the branch `a/b` is.
    if (isMissing(error) || hasCode(error, 'EISDIR')) return undefined
    throw diskError(error, path)
  }
}

/** An empty or torn file must never read as "no such branch": the next commit would be a root commit. */
function parseLoose(text: string, path: string): RefValue {
  const target = /^ref:\s*(.+?)\s*$/s.exec(text)?.[1]
  if (target !== undefined && isRefName(target)) return { target }
  const oid = /^([0-9a-f]{40})(?:\s|$)/.exec(text)?.[1]
  if (oid !== undefined) return { oid: oid as Oid }
  throw new PromptctlError('unavailable', `The reference file ${path} is damaged`, {
    hint: 'Run `git fsck`; `git reflog` may still know what it held.',
    details: { path },
  })
}

function findPacked(path: string, name: string): RefValue | undefined {
  const text = readIfThere(path)?.toString('utf8')
  // A cheap search first: one line of many has the name at its end.
  if (text === undefined || !text.includes(` ${name}\n`)) return undefined
  for (const line of text.split('\n')) {
    const [, oid, found] = PACKED.exec(line) ?? []
    if (oid !== undefined && found === name) return { oid: oid as Oid }
  }
  return undefined
}
