import type { Parts } from './parts.js'

/** The port's `remote`: the one that is asked for, else the one that `branch` tracks, else `origin`, else the only one. */
export function findRemote(
  { config, refs }: Pick<Parts, 'config' | 'refs'>,
  branch: string | undefined,
  asked?: string,
): { name: string; head: string | undefined } | undefined {
  const { get, subsections } = config()
  const isConfigured = (name: string) => (get(`remote.${name}.url`) ?? get(`remote.${name}.fetch`)) !== undefined
  const names = subsections('remote').filter(isConfigured)
  const isAsked = asked !== undefined && names.includes(asked)
  const tracked = branch === undefined ? undefined : get(`branch.${branch}.remote`)
  const origin = names.includes('origin') ? 'origin' : undefined
  const only = names.length === 1 ? names[0] : undefined
  const chosen = (names.includes(tracked ?? '') ? tracked : undefined) ?? origin ?? only
  const name = asked === undefined ? chosen : isAsked ? asked : undefined
  if (name === undefined) return undefined
  const head = refs.read(`refs/remotes/${name}/HEAD`)
  const prefix = `refs/remotes/${name}/`
  const target = head !== undefined && 'target' in head ? head.target : ''
  return { name, head: target.startsWith(prefix) ? target.slice(prefix.length) : undefined }
}
