import type { ChildProcess } from 'node:child_process'
import { PromptctlError } from '../../core/errors.js'
import type { FileChange, FilesNamed, HistoryCommit, HistoryQuery, Oid } from '../../registry/ports.js'
import {
  collectText,
  endOf,
  type GitContext,
  lastWords,
  MAX_PATHSPECS,
  pathspec,
  read,
  runRead,
  spawnRead,
} from './process.js'

/** Six fields with NUL between and after them; with -z the rows follow, the first behind a line end. */
const FORMAT = '--format=tformat:%H%x00%ct%x00%an%x00%ae%x00%s'
const FIELDS = 5

const SHOW = [
  ['--diff-merges=first-parent', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--no-textconv'],
  ['--no-color', '--no-relative', '--no-show-signature', '--no-notes', '--encoding=UTF-8', '-O/dev/null', FORMAT],
].flat()
const LOG = ['-c', 'log.showRoot=true', '-c', 'log.follow=false', 'log', '--first-parent', ...SHOW]
const DIFF_TREE = ['diff-tree', '--stdin', '--root', '-r', ...SHOW]

/** Streams a first-parent history, in bounded memory; leaving the loop early ends the git that reads it. */
export async function* streamHistory(context: GitContext, query: HistoryQuery): AsyncGenerator<HistoryCommit> {
  const { tip, after, paths } = query
  if (tip === after) return
  const range = after === undefined ? [tip] : [tip, `^${after}`]
  const { children, output, isWanted } =
    'name' in paths ? openNamed(context, range, paths) : openLog(context, range, paths)
  const ended = Promise.all(children.map((child) => endOf(context, child)))
  ended.catch(() => undefined) // it is awaited below, after the stream has ended
  const words = children.map(collectText)
  const parser = new LogParser(isWanted)
  try {
    for await (const chunk of output ?? []) yield* parser.push(chunk as Buffer)
    const statuses = await ended
    if (statuses.some((status) => status !== 0)) throw logFailed(tip, words.map((text) => text()).join(''))
    yield* parser.end()
  } finally {
    for (const child of children) child.kill()
  }
}

/** The git that is running, what it prints, and which of the paths there are wanted; undefined: all. */
interface Walk {
  readonly children: readonly ChildProcess[]
  readonly output: ChildProcess['stdout']
  readonly isWanted: ((path: string) => boolean) | undefined
}

/**
 * One `git log`. A folder at the top is no pathspec for it: matching every entry of every tree takes it three times as long
 * as a diff of all, and where prompts are at the top, most of the repository is prompts.
 */
function openLog(context: GitContext, range: readonly string[], paths: readonly string[]): Walk {
  const isLimited = paths.length <= MAX_PATHSPECS && paths.some((path) => path.includes('/'))
  const log = spawnRead(context, [...LOG, ...range, '--', ...(isLimited ? paths.map(pathspec) : [])])
  return { children: [log], output: log.stdout, isWanted: isLimited || paths.length === 0 ? undefined : isUnder(paths) }
}

/**
 * `git rev-list | git diff-tree`, which compares each tree once. With a wildcard, git would take twice as long as without:
 * it would hold it against every file of every folder. Without one, `git log` would compare to choose, and again to show.
 */
function openNamed(context: GitContext, range: readonly string[], { dir, name }: FilesNamed): Walk {
  const list = spawnRead(context, ['rev-list', '--first-parent', ...range, '--'])
  // Nobody waits for a single commit, so git need not write each at once.
  const options = { stdin: 'pipe', env: { GIT_FLUSH: '0' } } as const
  const diffs = spawnRead(context, [...DIFF_TREE, '--', pathspec(dir)], options)
  // What a broken pipe means is told by how both end.
  if (diffs.stdin !== null) list.stdout?.pipe(diffs.stdin).on('error', () => list.kill())
  const [start, end] = [`${dir}/`, `/${name}`]
  const isWanted = (path: string): boolean =>
    path.endsWith(end) && path.startsWith(start) && path.indexOf('/', start.length) === path.length - end.length
  return { children: [list, diffs], output: diffs.stdout, isWanted }
}

/** Turns the bytes of `git log -z --raw` into commits. */
class LogParser {
  readonly #isWanted: ((path: string) => boolean) | undefined
  #rest: Buffer = Buffer.alloc(0)
  #header: string[] = []
  #changes: FileChange[] = []
  /** A row's first half, `:100644 100644 <id> <id> M`, until its path comes. */
  #row: string | undefined

  constructor(isWanted: ((path: string) => boolean) | undefined) {
    this.#isWanted = isWanted
  }

  *push(chunk: Buffer): Generator<HistoryCommit> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(0, start); end !== -1; end = bytes.indexOf(0, start)) {
      const finished = this.#token(bytes, start, end)
      if (finished !== undefined) yield finished
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
  }

  *end(): Generator<HistoryCommit> {
    const last = this.#commit()
    if (last !== undefined) yield last
  }

  #token(bytes: Buffer, start: number, end: number): HistoryCommit | undefined {
    if (this.#row !== undefined) {
      this.#change(this.#row, bytes.toString('utf8', start, end))
      this.#row = undefined
      return undefined
    }
    if (this.#header.length % FIELDS !== 0) {
      this.#header.push(bytes.toString('utf8', start, end))
      return undefined
    }
    const from = bytes[start] === 0x0a ? start + 1 : start
    if (bytes[from] === 0x3a) {
      this.#row = bytes.toString('latin1', from, end)
      return undefined
    }
    if (from === end) return undefined
    const finished = this.#commit()
    this.#header = [bytes.toString('latin1', from, end)]
    return finished
  }

  /** `:<old mode> <new mode> <old id> <new id> <status>` */
  #change(row: string, path: string): void {
    const [oldMode = '', newMode = '', , blob] = row.slice(1).split(' ')
    if (this.#isWanted?.(path) === false) return
    const isGone = newMode === '000000' || newMode === SUBMODULE
    if (isGone && (oldMode === SUBMODULE || oldMode === '000000')) return
    this.#changes.push(isGone ? { path, blob: undefined, mode: '000000' } : { path, blob: blob as Oid, mode: newMode })
  }

  #commit(): HistoryCommit | undefined {
    const [commit, seconds, name = '', email = '', subject = ''] = this.#header
    const changes = this.#changes
    this.#changes = []
    if (commit === undefined || changes.length === 0) return undefined
    return { commit: commit as Oid, author: { name, email }, committedAt: Number(seconds), subject, changes }
  }
}

const SUBMODULE = '160000'

/** Whether a path is one of `paths`, or below one. */
function isUnder(paths: readonly string[]): (path: string) => boolean {
  const wanted = new Set(paths)
  return (path) => {
    if (wanted.has(path) || wanted.has('')) return true
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      if (wanted.has(path.slice(0, slash))) return true
    }
    return false
  }
}

/** Exact: on a chain, nothing between `commit` and the tip can be reached from `commit`, so the list ends above it. */
export async function distance(context: GitContext, commit: Oid, tip: Oid): Promise<number | undefined> {
  if (commit === tip) return 0
  const result = await runRead(context, ['rev-list', '--first-parent', '--parents', tip, `^${commit}`])
  if (result.status !== 0) return undefined
  const lines = result.stdout.toString('latin1').trimEnd().split('\n')
  return lines.at(-1)?.split(' ')[1] === commit ? lines.length : undefined
}

export async function mergeBase(context: GitContext, a: Oid, b: Oid): Promise<Oid | undefined> {
  const result = await runRead(context, ['merge-base', a, b])
  if (result.status === 1) return undefined
  if (result.status !== 0) throw logFailed(a, result.stderr)
  return result.stdout.toString('latin1').trim() as Oid
}

export async function commitAt(context: GitContext, tip: Oid, seconds: number): Promise<Oid | undefined> {
  const latest = Math.floor(seconds)
  if (latest < 0) return undefined
  const answer = await read(context, ['rev-list', '--first-parent', '-1', `--min-age=${latest}`, tip])
  const commit = answer.toString('latin1').trim()
  return commit === '' ? undefined : (commit as Oid)
}

const logFailed = (tip: Oid, stderr: string): PromptctlError =>
  new PromptctlError('unavailable', `The history of ${tip} cannot be read: ${lastWords(stderr)}`, {
    hint: 'Run git fsck to see what is missing.',
    details: { output: stderr },
  })
