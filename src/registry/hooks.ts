import { PromptctlError } from '../core/errors.js'
import { formatHook, HOOK_LINES, type HookName, isOurHook } from './hook-scripts.js'
import type { HookFile, HookFiles } from './ports.js'

/** `foreign`: somebody else's hook, which was left alone. `absent`: there was nothing to remove. */
export type HookAction = 'installed' | 'updated' | 'unchanged' | 'removed' | 'absent' | 'foreign'

export interface HookRecord {
  readonly name: HookName
  readonly path: string
  readonly action: HookAction
}

/** Whose hook a file is; `calls`: somebody else's that mentions promptctl. */
export type HookOwner = 'ours' | 'calls' | 'foreign' | 'nobody'

/** The hooks that a repository of this kind has use for. */
export const hookNames = ({ isBare }: HookFiles): readonly HookName[] =>
  isBare ? ['pre-receive', 'post-receive'] : ['pre-commit']

/**
 * Installs all hooks or none. Throws `conflict` when one is there that is not ours, or was edited, and says what to add
 * to it.
 */
export function installHooks(files: HookFiles, program: readonly string[] | undefined): readonly HookRecord[] {
  if (files.isHuskys) return hookNames(files).map((name) => requireCall(name, files.read(name)))
  const plans = hookNames(files).map((name) => ({ name, file: files.read(name), script: formatHook(name, program) }))
  for (const { name, file } of plans) {
    const owner = ownerOf(file)
    if (owner === 'foreign' || owner === 'calls') throw foreignHook(name, file.path)
  }
  return plans.map(({ name, file, script }) => {
    const action = file.content === undefined ? 'installed' : 'updated'
    if (file.content === script && file.isExecutable) return { name, path: file.path, action: 'unchanged' }
    files.write(name, script)
    return { name, path: file.path, action }
  })
}

/** What husky runs is written by people. */
function requireCall(name: HookName, file: HookFile): HookRecord {
  if (ownerOf(file) === 'calls') return { name, path: file.path, action: 'unchanged' }
  throw new PromptctlError('conflict', `Hooks are husky's here, and it runs ${file.path}`, {
    hint: `Write into that file: ${HOOK_LINES[name]}`,
    details: { name, path: file.path, call: HOOK_LINES[name] },
  })
}

/** Removes the hooks that are ours, and no others. */
export function uninstallHooks(files: HookFiles): readonly HookRecord[] {
  return hookNames(files).map((name) => {
    const file = files.read(name)
    const owner = ownerOf(file)
    if (owner === 'ours') files.remove(name)
    const action = owner === 'ours' ? 'removed' : owner === 'nobody' ? 'absent' : 'foreign'
    return { name, path: file.path, action }
  })
}

/** Whose a hook is; one that git would not run counts as nobody's only when there is no file. */
export function ownerOf({ content }: HookFile): HookOwner {
  if (content === undefined) return 'nobody'
  if (content === null) return 'foreign'
  if (isOurHook(content)) return 'ours'
  return content.includes('promptctl') ? 'calls' : 'foreign'
}

const foreignHook = (name: HookName, path: string): PromptctlError =>
  new PromptctlError('conflict', `${path} is a hook of somebody else's, or was edited, and stays as it is`, {
    hint: `Call promptctl from it: ${HOOK_LINES[name]}`,
    details: { name, path, call: HOOK_LINES[name] },
  })
