import { compareBytes, formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Entry, Oid, Repository, WorkTree } from './ports.js'
import type { Registry } from './registry.js'

/** A prompt file as bytes, with its path below the registry's root. */
export interface RawPrompt {
  readonly path: string
  readonly bytes: Uint8Array
}

/** A place to read prompt files from: the work tree, the index, or a commit. */
export interface View {
  read(environment: Environment, slug: Slug): Promise<RawPrompt | undefined>
  /** In byte order. */
  slugs(environment: Environment): Promise<readonly Slug[]>
}

const FILE_NAME = /^(.+)\.yaml$/

/** The files as they are on disk; what a sparse checkout leaves out is, as for git, what HEAD has. */
export const workTreeView = (registry: Registry, workTree: WorkTree): View =>
  workTree.isSparse() ? joinViews(diskView(workTree), () => openUnchanged(registry)) : diskView(workTree)

/** Loaded where a checkout is sparse: compiling a file elsewhere asks nothing of git. */
async function openUnchanged(registry: Registry): Promise<View> {
  const { unchangedView } = await import('./sparse-view.js')
  return unchangedView(registry)
}

/** The files of one view, and those of another where it has none. */
function joinViews(first: View, open: () => Promise<View>): View {
  let second: Promise<View> | undefined
  const other = (): Promise<View> => {
    second ??= open()
    return second
  }
  return {
    read: async (environment, slug) => (await first.read(environment, slug)) ?? (await other()).read(environment, slug),
    slugs: async (environment) => {
      const both = [...(await first.slugs(environment)), ...(await (await other()).slugs(environment))]
      return [...new Set(both)].sort(compareBytes)
    },
  }
}

const diskView = (workTree: WorkTree): View => ({
  read: async (environment, slug) => {
    const path = formatPromptPath(environment, slug)
    const bytes = workTree.read(path)
    return bytes === undefined ? undefined : { path, bytes }
  },
  slugs: async (environment) =>
    workTree
      .names(`${PROMPTS_DIR}/${environment}`)
      .filter((name) => FILE_NAME.test(name) && parsePromptPath(`${PROMPTS_DIR}/${environment}/${name}`) !== undefined)
      .map((name) => name.slice(0, -'.yaml'.length) as Slug),
})

/** The files of a commit. A symbolic link is not a prompt file, and is not listed. */
export function commitView(repository: Repository, prefix: string, commit: Oid): View {
  return {
    read: async (environment, slug) => {
      const path = formatPromptPath(environment, slug)
      const [entry] = await repository.entriesAt(commit, [`${prefix}${path}`])
      return readBlob(repository, path, entry === undefined || isLink(entry) ? undefined : entry.blob)
    },
    slugs: async (environment) =>
      slugsOf(await repository.listTree(commit, `${prefix}${PROMPTS_DIR}/${environment}`), prefix),
  }
}

/**
 * The files that a plan begins with: the work tree's, whose edits are what people publish; or those of `head`, where
 * there is none, or a server writes.
 */
export async function planningView(registry: Registry, head: Oid | undefined): Promise<View> {
  if (registry.workTree !== undefined) return workTreeView(registry, registry.workTree)
  if (head === undefined) return { read: async () => undefined, slugs: async () => [] }
  const { repository, prefix } = await registry.git()
  return commitView(repository, prefix, head)
}

/** The bytes of a blob, as those of the file at `path`. */
export async function readBlob(
  repository: Repository,
  path: string,
  blob: Oid | undefined,
): Promise<RawPrompt | undefined> {
  const bytes = blob === undefined ? undefined : (await repository.readBlobs([blob])).get(blob)
  return bytes === undefined ? undefined : { path, bytes }
}

export const isLink = (entry: Entry): boolean => entry.mode === '120000'

function slugsOf(entries: readonly Entry[], prefix: string): readonly Slug[] {
  const slugs: Slug[] = []
  for (const entry of entries) {
    const where = isLink(entry) ? undefined : parsePromptPath(entry.path.slice(prefix.length))
    if (where !== undefined) slugs.push(where.slug)
  }
  return slugs.sort(compareBytes)
}
