import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConfigEntry, parseConfig } from '../config-text.js'
import { SPECIAL_CONFIG } from './discover.js'
import { splitNul } from './index-status.js'
import type { Location } from './location.js'
import { type GitContext, runRead } from './process.js'

/** Configured remotes and the one that each branch tracks. */
export interface Remotes {
  readonly names: readonly string[]
  readonly tracked: ReadonlyMap<string, string>
}

const KEY = /^(remote|branch)\.(.+)\.([^.]+)$/s

export async function readRemotes(context: GitContext): Promise<Remotes> {
  const pattern = '^(remote\\..*\\.(url|fetch)|branch\\..*\\.remote)$'
  // Status 1: no key matches.
  const { stdout } = await runRead(context, ['config', '-z', '--get-regexp', pattern])
  return collect(
    splitNul(stdout).map((entry) => {
      const lineEnd = entry.indexOf('\n')
      return lineEnd === -1
        ? { key: entry, value: undefined }
        : { key: entry.slice(0, lineEnd), value: entry.slice(lineEnd + 1) }
    }),
  )
}

const CONFIG_VARIABLES = ['GIT_CONFIG', 'GIT_CONFIG_PARAMETERS', 'GIT_CONFIG_COUNT']

/**
 * What the repository's own file says, which wins over the user's: enough where it names what is looked for, and that
 * saves a process. Undefined where git may read more after it (an include, a file of the work tree's, the environment).
 */
export function readLocalRemotes({ commonDir, env }: Location): Remotes | undefined {
  if (CONFIG_VARIABLES.some((name) => env[name] !== undefined)) return undefined
  const file = join(commonDir, 'config')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  return SPECIAL_CONFIG.test(text) ? undefined : collect(parseConfig(text, file))
}

function collect(entries: readonly ConfigEntry[]): Remotes {
  const names = new Set<string>()
  const tracked = new Map<string, string>()
  for (const { key, value } of entries) {
    const [, section, name = '', setting = ''] = KEY.exec(key) ?? []
    if (section === 'remote' && /^(?:url|fetch)$/.test(setting)) names.add(name)
    else if (section === 'branch' && setting === 'remote' && value !== undefined) tracked.set(name, value)
  }
  return { names: [...names], tracked }
}

/** A true or false of git's configuration; false where it is not set. */
export async function readFlag(context: GitContext, key: string): Promise<boolean> {
  const { stdout } = await runRead(context, ['config', '--type=bool', '--get', key])
  return stdout.toString('latin1').trim() === 'true'
}
