import {
  decisive,
  ENVIRONMENTS,
  type Env,
  type File,
  pathOf,
  publishedIn,
  type RegistryModel,
  type Tree,
  type Version,
} from './registry-model.js'

/** What a command does: the files that its one commit changes, nothing, or one of these error codes. */
export type Outcome =
  | { readonly changes: ReadonlyMap<string, File | undefined> }
  | { readonly refused: readonly string[] }
  | 'unchanged'

const refused = (...codes: readonly string[]): Outcome => ({ refused: codes })
const writes = (...files: readonly File[]): Outcome => ({
  changes: new Map(files.map((file) => [pathOf(file.slug, file.env), file])),
})

const sealed = (file: File, env: string, at: string): File => ({
  ...file,
  env,
  state: 'published',
  seal: file.template,
  at,
})

const isWithdrawn = (versions: readonly Version[], env: string): boolean =>
  ['archived', 'deleted'].includes(decisive(versions, env)?.state ?? '')

const isSame = (a: File | undefined, b: File | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Section 5 of the contract, one function a command: what is allowed from where, and what the commit holds. */
export class CommandsModel {
  readonly #model: RegistryModel

  constructor(model: RegistryModel) {
    this.#model = model
  }

  edit(slug: string, env: Env, change: Partial<File>, publish: boolean, at: string): Outcome {
    const file = this.#model.head.get(pathOf(slug, env))
    if (!this.#isAnywhere(slug)) return refused('not_found')
    if (env !== 'development' && !publish) return refused('illegal_transition', 'not_found', 'invalid_prompt')
    if (file === undefined) return refused('not_found', 'illegal_transition')
    if (file.garbage !== undefined) return refused('invalid_prompt', 'illegal_transition')
    if (isWithdrawn(this.#model.versions(slug), env)) return refused('illegal_transition')
    if (file.env !== env) return refused('invalid_prompt')
    const edited = { ...file, ...change }
    return writes(publish ? sealed(edited, env, at) : { ...edited, state: 'draft' })
  }

  /** `edited`: the file as it is in the work tree, where that differs from HEAD. */
  publish(slug: string, env: Env, restore: boolean, at: string, edited?: File): Outcome {
    const file = edited ?? this.#model.head.get(pathOf(slug, env))
    if (file === undefined) return refused('not_found')
    if (file.garbage !== undefined) return refused('invalid_prompt')
    const isArchived = file.state === 'archived' || isWithdrawn(this.#model.versions(slug), env)
    if (isArchived && !restore) return refused('illegal_transition')
    if (file.state === 'published' && file.seal === file.template && file.env === env) return 'unchanged'
    return writes(sealed(file, env, at))
  }

  promote(
    slug: string,
    { from, to }: { from: Env; to: Env },
    { overwrite, again, restore }: { overwrite: boolean; again: boolean; restore: boolean },
    at: string,
  ): Outcome {
    const versions = this.#model.versions(slug)
    if (versions.length === 0) return refused('not_found')
    const [source, target] = [this.#model.live(slug, from), this.#model.live(slug, to)]
    if (source === undefined) return refused('illegal_transition')
    if (target?.template === source.template && target.title === source.title) return 'unchanged'
    if (isWithdrawn(versions, to) && !restore) return refused('illegal_transition')
    const isForwards = ENVIRONMENTS.indexOf(from) < ENVIRONMENTS.indexOf(to)
    const wasThere = publishedIn(versions, from).some(({ file }) => file?.template === target?.template)
    if (isForwards && target !== undefined && !wasThere && !overwrite) return refused('conflict')
    if (!again && wasRolledBack(publishedIn(versions, to), source.template)) return refused('conflict')
    return writes(sealed(source, to, at))
  }

  archive(slug: string, env: Env): Outcome {
    const file = this.#model.head.get(pathOf(slug, env))
    if (file === undefined || file.garbage !== undefined) return refused('not_found')
    if (file.state === 'archived' && file.env === env) return refused('illegal_transition')
    return writes({ ...file, env, state: 'archived' })
  }

  rollback(slug: string, env: Env, n: number | undefined, restore: boolean): Outcome {
    const versions = this.#model.versions(slug)
    if (versions.length === 0) return refused('not_found')
    if (isWithdrawn(versions, env) && !restore) return refused('illegal_transition')
    const target = n === undefined ? this.#before(versions, env) : versions[n - 1]
    if (target === undefined) return refused(n === undefined ? 'illegal_transition' : 'not_found')
    if (target.env !== env || target.state !== 'published' || target.file === undefined) {
      return refused('illegal_transition')
    }
    const isLive = isSame(this.#model.live(slug, env), target.file)
    return isLive && isSame(this.#model.head.get(pathOf(slug, env)), target.file) ? 'unchanged' : writes(target.file)
  }

  /** Every prompt of an environment as it was at a commit: what was live then is live, the rest is archived. */
  rewind(slugs: readonly string[], env: Env, then: readonly Tree[]): Outcome {
    const files: File[] = []
    for (const slug of slugs) {
      const [wanted, now] = [this.#model.live(slug, env, then), this.#model.live(slug, env)]
      if (isSame(wanted, now)) continue
      const top = this.#model.head.get(pathOf(slug, env))
      if (wanted !== undefined) files.push(wanted)
      else if (now !== undefined) {
        files.push({ ...(top === undefined || top.garbage !== undefined ? now : top), env, state: 'archived' })
      }
    }
    return files.length === 0 ? 'unchanged' : writes(...files)
  }

  /** What was published here before the origin of what is live, and says something else; after an archive the last. */
  #before(versions: readonly Version[], env: string): Version | undefined {
    const published = publishedIn(versions, env)
    const live = versions.find((version) => version.live && version.env === env)
    if (live === undefined) return isWithdrawn(versions, env) ? published.at(-1) : undefined
    const origin = published.find(({ file }) => isSame(file, live.file)) ?? live
    return published.filter(({ n, file }) => n < origin.n && file?.template !== live.file?.template).at(-1)
  }

  #isAnywhere(slug: string): boolean {
    return ENVIRONMENTS.some((env) => this.#model.head.has(pathOf(slug, env)))
  }
}

/** Content that was published, then passed over by a rollback to something older, and not published again since. */
function wasRolledBack(published: readonly Version[], template: string): boolean {
  const last = published.map(({ file }) => file?.template).lastIndexOf(template)
  if (last === -1) return false
  return published.slice(last + 1).some((later) => {
    const origin = published.findIndex(({ file }) => isSame(file, later.file))
    return origin < last
  })
}
