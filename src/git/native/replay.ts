import { PromptctlError } from '../../core/errors.js'
import type { Oid } from '../../registry/ports.js'
import { GitLockWait } from '../git-lock.js'
import type { Scratch } from '../journal.js'
import { readFlag } from './config.js'
import { type IndexChange, updateIndex, write } from './index-write.js'
import type { Native } from './native.js'
import { type CommitObject, FOLDER, type TreeEntry } from './object-format.js'
import { read, runRead } from './process.js'
import { withScratch } from './scratch.js'

/** Repository.replay; see registry/ports.ts. In an index of its own, so that no file of the user's is touched. */
export async function replay(native: Native, tip: Oid, onto: Oid): Promise<Oid> {
  const chain = await read(native.context, ['rev-list', '--first-parent', '--reverse', tip, `^${onto}`])
  const commits = chain.toString('latin1').split('\n').slice(0, -1) as Oid[]
  return withScratch(native, async (scratch) => {
    const replayer = await openReplayer(native, scratch, onto)
    for (const commit of commits) await replayer.add(await native.store.commit(commit))
    return replayer.tip
  })
}

async function openReplayer(native: Native, scratch: Scratch, onto: Oid): Promise<Replayer> {
  const env = { GIT_INDEX_FILE: scratch.path('index') }
  const locks = new GitLockWait([])
  await write(native.context, locks, ['read-tree', onto], { env })
  const isSigned = await readFlag(native.context, 'commit.gpgSign')
  return new Replayer({ native, locks, env, onto, isSigned })
}

interface Setting {
  readonly native: Native
  readonly locks: GitLockWait
  readonly env: { readonly GIT_INDEX_FILE: string }
  readonly onto: Oid
  readonly isSigned: boolean
}

/** Puts commits on top of each other, file by file: a file that is not what its commit began with is a conflict. */
class Replayer {
  readonly #setting: Setting
  tip: Oid

  constructor(setting: Setting) {
    this.#setting = setting
    this.tip = setting.onto
  }

  async add(commit: CommitObject): Promise<void> {
    const { native, locks, env } = this.#setting
    const [first, ...others] = commit.parents
    if (first === undefined) throw unrelated(commit.commit)
    const merged = await this.#withoutKnown(others)
    const isUpdate = merged.length < others.length
    const changed = await this.#changesOf(commit, first, isUpdate ? others.filter((it) => !merged.includes(it)) : [])
    const changes = await this.#stillToDo(commit, first, changed)
    // What only merged the new base, or changed what is there already, has nothing left to say.
    if (changes.length === 0 && merged.length === 0 && (isUpdate || changed.length > 0)) return
    await updateIndex(native.context, locks, removalsFirst(changes), env)
    const tree = (await write(native.context, locks, ['write-tree'], { env })).toString('latin1').trim()
    this.tip = await this.#commitTree(commit, tree, [this.tip, ...merged])
  }

  /** The parents that the new base does not hold. */
  async #withoutKnown(parents: readonly Oid[]): Promise<readonly Oid[]> {
    const { native, onto } = this.#setting
    const verdicts = await Promise.all(
      parents.map((parent) => runRead(native.context, ['merge-base', '--is-ancestor', parent, onto])),
    )
    return parents.filter((_, index) => verdicts[index]?.status !== 0)
  }

  /** The paths that a commit changed itself: what it took over from a base that was merged is not its own. */
  async #changesOf({ tree }: CommitObject, first: Oid, bases: readonly Oid[]): Promise<readonly string[]> {
    const { store } = this.#setting.native
    const before = (await store.commit(first)).tree
    let own = await store.changedPaths(before, tree)
    for (const base of bases) {
      const differing = new Set(await store.changedPaths((await store.commit(base)).tree, tree))
      own = own.filter((path) => differing.has(path))
    }
    return own
  }

  async #stillToDo({ commit, tree }: CommitObject, first: Oid, paths: readonly string[]): Promise<IndexChange[]> {
    const { store } = this.#setting.native
    const trees = [(await store.commit(first)).tree, tree, (await store.commit(this.tip)).tree]
    const changes: IndexChange[] = []
    const conflicts: string[] = []
    for (const path of paths) {
      const found = await Promise.all(trees.map((one) => store.find(one, path)))
      const [before, after, now] = found.map((entry) => (entry?.mode === FOLDER ? undefined : entry))
      if (isSame(now, after)) continue
      if (isSame(now, before)) changes.push({ path, entry: after && { mode: after.mode, blob: after.oid } })
      else conflicts.push(path)
    }
    if (conflicts.length > 0) throw changedOnBothSides(commit, conflicts)
    return changes
  }

  async #commitTree({ commit }: CommitObject, tree: string, parents: readonly Oid[]): Promise<Oid> {
    const { native, locks, isSigned } = this.#setting
    const { author, encoding, message } = parseCommit(await read(native.context, ['cat-file', 'commit', commit]))
    const settings = encoding === undefined ? [] : ['-c', `i18n.commitEncoding=${encoding}`]
    const flags = [...(isSigned ? ['-S'] : []), ...parents.flatMap((parent) => ['-p', parent])]
    const args = [...settings, 'commit-tree', ...flags, '-F', '-', tree]
    const answer = await write(native.context, locks, args, { input: message, env: author })
    return answer.toString('latin1').trim() as Oid
  }
}

const isSame = (a: TreeEntry | undefined, b: TreeEntry | undefined): boolean => a?.oid === b?.oid && a?.mode === b?.mode

/** A file may become a folder. */
const removalsFirst = (changes: readonly IndexChange[]): readonly IndexChange[] => [
  ...changes.filter(({ entry }) => entry === undefined),
  ...changes.filter(({ entry }) => entry !== undefined),
]

/** `author Ada <ada@example.com> 1700000000 +0000`, perhaps `encoding ISO-8859-1`, and what stands behind the empty line. */
function parseCommit(content: Buffer) {
  const end = content.indexOf('\n\n')
  const header = content.toString('utf8', 0, end)
  const [, name = '', email = '', date = ''] = /^author (.*?) ?<(.*)> (\d+ [+-]\d+)$/m.exec(header) ?? []
  return {
    author: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
    encoding: /^encoding ([\w.:-]+)$/m.exec(header)?.[1],
    message: content.subarray(end + 2),
  }
}

const changedOnBothSides = (commit: Oid, paths: readonly string[]): PromptctlError =>
  new PromptctlError(
    'conflict',
    `Both sides changed ${paths.slice(0, 5).join(', ')} (here in ${commit.slice(0, 10)})`,
    {
      details: { paths, commit, reason: 'changed_on_both_sides' },
    },
  )

const unrelated = (commit: Oid): PromptctlError =>
  new PromptctlError('conflict', `The two histories have nothing in common (root commit ${commit.slice(0, 10)})`)
