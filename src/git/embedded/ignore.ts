import { join } from 'node:path'
import { type Config, expandHome, xdgFile } from './config.js'
import { readIfThere } from './disk.js'
import { matchesGlob } from './glob.js'

interface Rule {
  /** The pattern below `folder`, anchored when it has a slash that is not its last character. */
  readonly glob: string
  readonly isAnchored: boolean
  readonly folderOnly: boolean
  readonly isNegated: boolean
  /** The folder of the `.gitignore`, with a slash at its end, or ''. */
  readonly folder: string
}

/** Which untracked files git leaves out (https://git-scm.com/docs/gitignore). */
export interface Ignore {
  /** `path` is relative to the top; a file below an ignored folder is ignored whatever else says. */
  isIgnored(path: string, isFolder: boolean): boolean
}

export interface IgnoreContext {
  readonly workTree: string
  readonly commonDir: string
  readonly config: Config
  readonly env: NodeJS.ProcessEnv
}

export function openIgnore({ workTree, commonDir, config, env }: IgnoreContext): Ignore {
  const byFolder = new Map<string, readonly Rule[]>()
  const rulesIn = (folder: string): readonly Rule[] => {
    const known = byFolder.get(folder)
    if (known !== undefined) return known
    const rules = readRules(join(workTree, folder, '.gitignore'), folder)
    byFolder.set(folder, rules)
    return rules
  }
  const excludes = config.get('core.excludesfile')
  const global = excludes === undefined ? xdgFile(env, 'ignore') : expandHome(excludes, env)
  const general = [...(global ? readRules(global, '') : []), ...readRules(join(commonDir, 'info', 'exclude'), '')]
  const verdicts = new Map<string, boolean>()

  const isIgnored = (path: string, isFolder: boolean): boolean => {
    const known = isFolder ? verdicts.get(path) : undefined
    if (known !== undefined) return known
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    const verdict = (parent !== '' && isIgnored(parent, true)) || isNamed(path, isFolder)
    if (isFolder) verdicts.set(path, verdict)
    return verdict
  }
  /** The last rule that matches decides, nearer files being later. */
  const isNamed = (path: string, isFolder: boolean): boolean => {
    const rules = [...general, ...foldersAbove(path).flatMap(rulesIn)]
    const last = rules.findLast((rule) => matches(rule, path, isFolder))
    return last !== undefined && !last.isNegated
  }
  return { isIgnored }
}

/** `a/b/c` is below '', `a/` and `a/b/`. */
function foldersAbove(path: string): readonly string[] {
  const folders = ['']
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.push(path.slice(0, at + 1))
  return folders
}

function readRules(file: string, folder: string): readonly Rule[] {
  const text =
    readIfThere(file)
      ?.toString('utf8')
      .replace(/^\uFEFF/, '') ?? ''
  return text.split(/\r?\n/).flatMap((line) => parseRule(line, folder) ?? [])
}

function parseRule(line: string, folder: string): Rule | undefined {
  if (line.startsWith('#')) return undefined
  const text = line.replace(/(\\.)|[ \t]+$/g, (all, escaped: string | undefined) => (escaped === undefined ? '' : all))
  const isNegated = text.startsWith('!')
  const pattern = isNegated ? text.slice(1) : text
  const folderOnly = pattern.endsWith('/')
  const body = folderOnly ? pattern.slice(0, -1) : pattern
  if (body === '') return undefined
  return { glob: body.replace(/^\//, ''), isAnchored: body.includes('/'), folderOnly, isNegated, folder }
}

function matches({ glob, isAnchored, folderOnly, folder }: Rule, path: string, isFolder: boolean): boolean {
  if (folderOnly && !isFolder) return false
  const below = path.slice(folder.length)
  return matchesGlob(glob, isAnchored ? below : below.slice(below.lastIndexOf('/') + 1))
}
