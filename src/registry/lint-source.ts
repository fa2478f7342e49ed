import { PromptctlError } from '../core/errors.js'
import { compareBytes, PROMPTS_DIR } from '../core/paths.js'
import { readTip } from './branches.js'
import type { Entry, Oid, Repository } from './ports.js'
import { type Registry, requireWorkTree } from './registry.js'

/** A file as lint looks at it: its bytes, or why it has none. Paths are relative to the registry's root. */
export type LintFile =
  | { readonly path: string; readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly path: string; readonly kind: 'link' }
  | { readonly path: string; readonly kind: 'unreadable'; readonly message: string }

/** A state of the registry's files that can be read by path. */
export interface LintSource {
  /** Of everything below prompts/, in byte order. */
  readonly paths: readonly string[]
  read(paths: readonly string[]): Promise<readonly LintFile[]>
}

/** The files on disk. */
export function workTreeSource(registry: Registry): LintSource {
  const workTree = requireWorkTree(registry)
  const kinds = new Map(workTree.walk(PROMPTS_DIR).map(({ path, kind }) => [path, kind]))
  return {
    paths: [...kinds.keys()],
    read: async (paths) =>
      paths.flatMap((path): LintFile[] => {
        const kind = kinds.get(path)
        if (kind === undefined) return []
        if (kind === 'link') return [{ path, kind }]
        try {
          const bytes = workTree.read(path)
          return bytes === undefined ? [] : [{ path, kind: 'file', bytes }]
        } catch (error) {
          if (!(error instanceof PromptctlError)) throw error
          return [{ path, kind: 'unreadable', message: error.message }]
        }
      }),
  }
}

/** What is staged. */
export async function indexSource(registry: Registry): Promise<LintSource> {
  const { repository, prefix } = await registry.git()
  return entriesSource(repository, prefix, await repository.listIndex(`${prefix}${PROMPTS_DIR}`))
}

/** The files of a commit; of none, where there is no commit. */
export async function commitSource(registry: Registry, commit: Oid | undefined): Promise<LintSource> {
  const { repository, prefix } = await registry.git()
  const entries = commit === undefined ? [] : await repository.listTree(commit, `${prefix}${PROMPTS_DIR}`)
  return entriesSource(repository, prefix, entries)
}

/** The files that commands read: on disk, or in a bare repository of the shared branch. */
export const currentSource = async (registry: Registry): Promise<LintSource> =>
  registry.workTree === undefined ? commitSource(registry, await readTip(registry)) : workTreeSource(registry)

interface EntriesSource extends LintSource {
  readonly blobs: ReadonlyMap<string, string>
}

function entriesSource(repository: Repository, prefix: string, entries: readonly Entry[]): EntriesSource {
  const byPath = new Map(entries.map((entry) => [entry.path.slice(prefix.length), entry]))
  return {
    paths: [...byPath.keys()].sort(compareBytes),
    blobs: new Map([...byPath].map(([path, { blob, mode }]) => [path, `${mode} ${blob}`])),
    read: async (paths) => {
      const wanted = paths.flatMap((path) => byPath.get(path) ?? [])
      const contents = await repository.readBlobs(
        wanted.filter(({ mode }) => mode !== '120000').map(({ blob }) => blob),
      )
      return wanted.map(({ path, mode, blob }): LintFile => {
        const relative = path.slice(prefix.length)
        if (mode === '120000') return { path: relative, kind: 'link' }
        return { path: relative, kind: 'file', bytes: contents.get(blob) ?? new Uint8Array() }
      })
    },
  }
}

/** The paths that two sources of git objects do not have alike. */
export function differingPaths(before: LintSource, after: LintSource): readonly string[] {
  const [old, now] = [blobsOf(before), blobsOf(after)]
  const paths = new Set([...old.keys(), ...now.keys()])
  return [...paths].filter((path) => old.get(path) !== now.get(path)).sort(compareBytes)
}

const blobsOf = (source: LintSource): ReadonlyMap<string, string> => (source as EntriesSource).blobs
