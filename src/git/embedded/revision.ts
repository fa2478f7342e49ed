import type { Oid } from '../../registry/ports.js'
import type { Graph } from './graph.js'
import type { Objects } from './objects.js'
import { isOid, isRefName, type Refs } from './refs.js'

export interface RevisionContext {
  readonly refs: Refs
  readonly objects: Objects
  readonly graph: Graph
}

/** A name, then any of `~`, `~3`, `^`, `^2`, `^{commit}` and `^{}`. */
const REVISION = /^([^\0-\x20\x7f~^:?*[\\]+)((?:~\d{0,9}|\^\d{0,3}|\^\{(?:commit)?\})*)$/
const STEP = /~(\d*)|\^\{(?:commit)?\}|\^(\d*)/g

/**
 * The commit that a revision names (https://git-scm.com/docs/gitrevisions): a full or abbreviated id, HEAD, a branch, a
 * tag, a remote-tracking name, and ancestors of these. Anything else, and what does not exist, is undefined.
 */
export async function resolveRevision(context: RevisionContext, text: string): Promise<Oid | undefined> {
  const [, name, steps = ''] = REVISION.exec(text) ?? []
  if (name === undefined || text.startsWith('-')) return undefined
  let commit = await peel(context, await resolveName(context, name))
  for (const [step, generations, parent] of steps.matchAll(STEP)) {
    if (commit === undefined || step.startsWith('^{')) continue
    if (step.startsWith('~')) commit = await ancestor(context.graph, commit, Number(generations || 1))
    else commit = parent === '0' ? commit : await parentOf(context.graph, commit, Number(parent || 1))
  }
  return commit
}

/** The commit of a full reference name such as `refs/remotes/origin/main`, a tag's too; undefined when there is none. */
export async function readReference(context: RevisionContext, name: string): Promise<Oid | undefined> {
  return name.startsWith('refs/') && isRefName(name) ? peel(context, context.refs.resolve(name)) : undefined
}

/** In the order of gitrevisions(7); a full id needs no reference. */
async function resolveName({ refs, objects, graph }: RevisionContext, name: string): Promise<Oid | undefined> {
  if (isOid(name.toLowerCase())) return name.toLowerCase() as Oid
  if (name === '@') return refs.resolve('HEAD')
  if (isRefName(name)) {
    const places = ['refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'].map((folder) => folder + name)
    // At the top of the git directory only names such as FETCH_HEAD are references; `config` is none.
    const own = name.startsWith('refs/') || /^[A-Z_]*HEAD$/.test(name) ? [name] : []
    for (const candidate of [...own, ...places, `refs/remotes/${name}/HEAD`]) {
      const oid = refs.resolve(candidate)
      if (oid !== undefined) return oid
    }
  }
  return /^[0-9a-f]{4,39}$/i.test(name) ? expand({ refs, objects, graph }, name.toLowerCase()) : undefined
}

/** Of several objects that begin so, the one commit is meant, as with git's `^{commit}`. */
async function expand(context: RevisionContext, prefix: string): Promise<Oid | undefined> {
  const found = await context.objects.expand(prefix)
  const commits = await Promise.all(found.map((oid) => peel(context, oid)))
  const different = new Set(commits.filter((oid) => oid !== undefined))
  return different.size === 1 ? [...different][0] : undefined
}

/** The commit behind a tag, and a tag of a tag; undefined for another object. */
async function peel({ objects }: RevisionContext, start: Oid | undefined): Promise<Oid | undefined> {
  for (let oid = start; oid !== undefined; ) {
    const found = objects.find(oid)
    if (found?.type === 'commit') return oid
    if (found?.type !== 'tag') return undefined
    oid = /^object ([0-9a-f]{40})$/m.exec(found.content.toString('latin1'))?.[1] as Oid | undefined
  }
  return undefined
}

async function parentOf(graph: Graph, oid: Oid, number: number): Promise<Oid | undefined> {
  return graph.parents(await graph.commit(oid))[number - 1]
}

async function ancestor(graph: Graph, oid: Oid, generations: number): Promise<Oid | undefined> {
  let current: Oid | undefined = oid
  for (let left = generations; left > 0 && current !== undefined; left -= 1) current = await parentOf(graph, current, 1)
  return current
}
