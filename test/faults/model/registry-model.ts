/**
 * What versions, live and state are, told anew from the contract and sharing nothing with src/: a history is a list of
 * snapshots, newest last, and every answer is computed from all of it each time.
 */

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const
export type Env = (typeof ENVIRONMENTS)[number]

/** What a prompt file says of itself. Two of them that are equal in everything are the same blob. */
export interface File {
  readonly slug: string
  readonly env: string
  readonly state: 'draft' | 'published' | 'archived'
  readonly title: string
  readonly template: string
  /** The template that the seal covers, and when it was sealed; null in what never was published. */
  readonly seal: string | null
  readonly at: string | null
  /** A file that is no prompt at all, by what is wrong with it. */
  readonly garbage?: string
}

/** Files by path; see pathOf. */
export type Tree = ReadonlyMap<string, File>

export interface Version {
  readonly n: number
  readonly commit: number
  readonly env: string
  readonly state: 'draft' | 'published' | 'archived' | 'invalid' | 'deleted'
  readonly action: string
  readonly file: File | undefined
  live: boolean
}

export const pathOf = (slug: string, env: string): string => `prompts/${env}/${slug}.yaml`
const blob = (file: File | undefined): string => JSON.stringify(file)

/** The snapshots of the first-parent history, oldest first; the first is the registry as `init` made it. */
export class RegistryModel {
  readonly chain: Tree[] = [new Map()]

  get head(): Tree {
    return this.chain.at(-1) ?? new Map()
  }

  commit(changes: ReadonlyMap<string, File | undefined>): void {
    const tree = new Map(this.head)
    for (const [path, file] of changes) {
      if (file === undefined) tree.delete(path)
      else tree.set(path, file)
    }
    this.chain.push(tree)
  }

  versions(slug: string, chain: readonly Tree[] = this.chain): readonly Version[] {
    const versions: Version[] = []
    const paths = ENVIRONMENTS.map((env) => [env, pathOf(slug, env)] as const).sort(([, a], [, b]) => (a < b ? -1 : 1))
    for (let commit = 1; commit < chain.length; commit += 1) {
      for (const [env, path] of paths) {
        const file = chain[commit]?.get(path)
        if (blob(chain[commit - 1]?.get(path)) === blob(file)) continue
        const state = stateOf(file, slug, env)
        versions.push({
          n: versions.length + 1,
          commit,
          env,
          state,
          action: actionOf(versions, env, state, file),
          file,
          live: false,
        })
      }
    }
    for (const env of ENVIRONMENTS) {
      const live = decisive(versions, env)
      if (live?.state === 'published') live.live = true
    }
    return versions
  }

  live(slug: string, env: string, chain?: readonly Tree[]): File | undefined {
    return this.versions(slug, chain).find((version) => version.live && version.env === env)?.file
  }
}

export function stateOf(file: File | undefined, slug: string, env: string): Version['state'] {
  if (file === undefined) return 'deleted'
  if (file.garbage !== undefined || file.slug !== slug || file.env !== env) return 'invalid'
  return file.state === 'published' && file.seal !== file.template ? 'invalid' : file.state
}

/** An environment's newest version that is neither draft nor invalid. */
export const decisive = (versions: readonly Version[], env: string): Version | undefined =>
  versions.filter((version) => version.env === env && version.state !== 'draft' && version.state !== 'invalid').at(-1)

export const publishedIn = (versions: readonly Version[], env: string): readonly Version[] =>
  versions.filter((version) => version.env === env && version.state === 'published')

function actionOf(before: readonly Version[], env: string, state: Version['state'], file: File | undefined): string {
  const last = before.filter((version) => version.env === env).at(-1)
  if (state === 'deleted') return 'deleted'
  if (state === 'invalid') return 'broken'
  if (state === 'archived') return last?.state === 'archived' ? 'edited' : 'archived'
  if (state === 'draft') return last === undefined || last.state === 'deleted' ? 'created' : 'edited'
  if (publishedIn(before, env).some((version) => blob(version.file) === blob(file))) return 'rolled_back'
  const serves = (where: string): string | undefined => {
    const version = decisive(before, where)
    return version?.state === 'published' ? version.file?.template : undefined
  }
  const isNewHere = serves(env) !== file?.template
  const isLiveElsewhere = ENVIRONMENTS.some((other) => other !== env && serves(other) === file?.template)
  return isNewHere && isLiveElsewhere ? 'promoted' : 'published'
}
