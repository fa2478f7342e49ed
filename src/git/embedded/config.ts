import { dirname, isAbsolute, join, resolve } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import { type ConfigEntry, parseConfig } from '../config-text.js'
import { readIfThere } from './disk.js'
import { matchesGlob } from './glob.js'

/** git's configuration as this repository sees it: system, global, local, worktree and environment, includes followed. */
export interface Config {
  /** The last value of `section.sub.name` (section and name in lower case), as git takes it. */
  get(key: string): string | undefined
  /** Throws `unavailable` for a value that git would not take as true or false. */
  isTrue(key: string, fallback: boolean): boolean
  /** The distinct middle parts of `section.<middle>.name` keys: the names of remotes or branches. */
  subsections(section: string): readonly string[]
  /** The names that a section without a middle part has, in lower case. */
  names(section: string): readonly string[]
  /** `includeIf` conditions that only git can evaluate: what they include is not in here. */
  readonly unfollowed: readonly string[]
}

export interface ConfigContext {
  readonly env: NodeJS.ProcessEnv
  readonly gitDir: string
  readonly commonDir: string
  /** For `includeIf "onbranch:…"`. */
  readonly branch: string | undefined
}

/** git stops at ten nested includes too. */
const MAX_DEPTH = 10

/** Reads every file that git would. Throws `unavailable` when one cannot be read or is no configuration. */
export function readConfig(context: ConfigContext): Config {
  const entries: ConfigEntry[] = []
  const unfollowed: string[] = []
  const load = (file: string, depth: number): void => {
    if (depth > MAX_DEPTH)
      throw new PromptctlError('unavailable', `${file}: too many nested includes in git's configuration`)
    const text = readIfThere(file)?.toString('utf8')
    if (text === undefined) return
    for (const entry of parseConfig(text, file)) {
      entries.push(entry)
      const included = includedFile(entry, file, context, unfollowed)
      if (included !== undefined) load(included, depth + 1)
    }
  }
  for (const file of configFiles(context)) load(file, 0)
  if (isTrue(lastOf(entries, 'extensions.worktreeconfig'), false)) load(join(context.gitDir, 'config.worktree'), 0)
  entries.push(...entriesOfEnvironment(context.env))
  return {
    unfollowed,
    get: (key) => lastOf(entries, key),
    isTrue: (key, fallback) => {
      const entry = entries.findLast((candidate) => candidate.key === key)
      return entry === undefined ? fallback : isTrue(entry.value ?? 'true', fallback)
    },
    names: (section) => {
      const prefix = `${section}.`
      const keys = entries
        .map(({ key }) => key)
        .filter((key) => key.startsWith(prefix) && !key.includes('.', prefix.length))
      return [...new Set(keys.map((key) => key.slice(prefix.length)))]
    },
    subsections: (section) => {
      const names = entries.filter(({ key }) => key.startsWith(`${section}.`) && key.lastIndexOf('.') > section.length)
      return [...new Set(names.map(({ key }) => key.slice(section.length + 1, key.lastIndexOf('.'))))]
    },
  }
}

const lastOf = (entries: readonly ConfigEntry[], key: string): string | undefined =>
  entries.findLast((entry) => entry.key === key)?.value

function isTrue(value: string | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback
  const word = value.toLowerCase()
  if (['true', 'yes', 'on'].includes(word) || /^[+-]?0*[1-9]\d*[kmg]?$/.test(word)) return true
  if (['false', 'no', 'off', ''].includes(word) || /^[+-]?0+[kmg]?$/.test(word)) return false
  throw new PromptctlError('unavailable', `"${value}" in git's configuration is neither true nor false`)
}

/** In the order in which git reads them; later ones win. */
function configFiles({ env, commonDir }: ConfigContext): readonly string[] {
  const system = isTrue(env.GIT_CONFIG_NOSYSTEM, false) ? [] : [env.GIT_CONFIG_SYSTEM ?? '/etc/gitconfig']
  return [...system, ...globalFiles(env), join(commonDir, 'config')].filter((file) => file !== '')
}

function globalFiles(env: NodeJS.ProcessEnv): readonly string[] {
  if (env.GIT_CONFIG_GLOBAL !== undefined) return [env.GIT_CONFIG_GLOBAL]
  const files = [xdgFile(env, 'config'), env.HOME ? join(env.HOME, '.gitconfig') : undefined]
  return files.filter((file) => file !== undefined)
}

/** `$XDG_CONFIG_HOME/git/<name>`, else `~/.config/git/<name>`; undefined without a home. */
export function xdgFile(env: NodeJS.ProcessEnv, name: string): string | undefined {
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'git', name)
  return env.HOME ? join(env.HOME, '.config', 'git', name) : undefined
}

/** `~/x` in a configured path is below the home folder. */
export const expandHome = (path: string, env: NodeJS.ProcessEnv): string =>
  path.startsWith('~/') && env.HOME ? join(env.HOME, path.slice(2)) : path

/** GIT_CONFIG_COUNT with GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0 and so on. */
function entriesOfEnvironment(env: NodeJS.ProcessEnv): readonly ConfigEntry[] {
  return Array.from({ length: Math.min(Number(env.GIT_CONFIG_COUNT) || 0, 1000) }, (_, index) => ({
    key: foldKey(env[`GIT_CONFIG_KEY_${index}`] ?? ''),
    value: env[`GIT_CONFIG_VALUE_${index}`] ?? '',
  }))
}

function foldKey(key: string): string {
  const first = key.indexOf('.')
  const last = key.lastIndexOf('.')
  return key.slice(0, first).toLowerCase() + key.slice(first, last) + key.slice(last).toLowerCase()
}

function includedFile(
  { key, value }: ConfigEntry,
  from: string,
  context: ConfigContext,
  unfollowed: string[],
): string | undefined {
  if (value === undefined || !key.endsWith('.path')) return undefined
  const path = resolve(dirname(from), expandHome(value, context.env))
  if (key === 'include.path') return path
  if (!key.startsWith('includeif.')) return undefined
  const condition = key.slice('includeif.'.length, -'.path'.length)
  const met = isMet(condition, from, context)
  if (met === undefined) unfollowed.push(condition)
  return met === true ? path : undefined
}

/** https://git-scm.com/docs/git-config#_conditional_includes; undefined for a condition that is not known here. */
function isMet(condition: string, from: string, context: ConfigContext): boolean | undefined {
  const [, kind, text] = /^(gitdir|gitdir\/i|onbranch):(.*)$/.exec(condition) ?? []
  if (kind === undefined || text === undefined) return undefined
  const pattern = text.endsWith('/') ? `${text}**` : text
  if (kind === 'onbranch') return context.branch !== undefined && matchesGlob(pattern, context.branch)
  return matchesGlob(formatGitDirPattern(pattern, from, context.env), context.gitDir, { ignoreCase: kind !== 'gitdir' })
}

function formatGitDirPattern(pattern: string, from: string, env: NodeJS.ProcessEnv): string {
  if (pattern.startsWith('./')) return join(dirname(from), pattern)
  const expanded = expandHome(pattern, env)
  return isAbsolute(expanded) ? expanded : `**/${expanded}`
}
