import { splitNul } from './index-status.js'
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
  const names = new Set<string>()
  const tracked = new Map<string, string>()
  for (const entry of splitNul(stdout)) {
    const lineEnd = entry.indexOf('\n')
    const [, section, name = ''] = KEY.exec(lineEnd === -1 ? entry : entry.slice(0, lineEnd)) ?? []
    if (section === 'remote') names.add(name)
    else if (lineEnd !== -1) tracked.set(name, entry.slice(lineEnd + 1))
  }
  return { names: [...names], tracked }
}

/** A true or false of git's configuration; false where it is not set. */
export async function readFlag(context: GitContext, key: string): Promise<boolean> {
  const { stdout } = await runRead(context, ['config', '--type=bool', '--get', key])
  return stdout.toString('latin1').trim() === 'true'
}
