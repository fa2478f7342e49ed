import { PromptctlError, problemOf } from '../core/errors.js'
import { compareBytes, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import { type ReadResult, readPrompt } from '../core/prompt-reader.js'
import { readTip } from './branches.js'
import type { Difference, Entry, Oid } from './ports.js'
import { type Registry, type RegistryRepository, requireWorkTree } from './registry.js'
import { workTreeView } from './view.js'

/** A file as lint looks at it: its bytes, or why it has none. Paths are relative to the registry's root. */
export type LintFile =
  | { readonly path: string; readonly kind: 'file'; readonly bytes: Uint8Array; readonly content: () => ReadResult }
  | { readonly path: string; readonly kind: 'link' }
  | { readonly path: string; readonly kind: 'unreadable'; readonly message: string }

/** A state of the registry's files that can be read by path. */
export interface LintSource {
  /** The paths below a folder, in byte order. */
  list(dir: string): Promise<readonly string[]>
  /** What is not there is left out. */
  read(paths: readonly string[]): Promise<readonly LintFile[]>
}

/** What lint looks at when it looks at a step: two states, and the paths that they do not have alike. */
export interface LintChange {
  readonly base: Oid | undefined
  readonly before: LintSource
  readonly after: LintSource
  readonly changed: readonly string[]
}

/** The files that commands read: on disk, or in a bare repository of the shared branch. */
export async function currentSource(registry: Registry): Promise<LintSource> {
  return registry.workTree === undefined
    ? commitSource(await registry.git(), await readTip(registry))
    : workTreeSource(registry)
}

/** From a commit to another, or to what is staged. */
export async function readChange(registry: Registry, base: Oid | undefined, to: Oid | 'index'): Promise<LintChange> {
  const git = await registry.git()
  const { repository, prefix } = git
  const differences = await repository.differences(base, to, `${prefix}${PROMPTS_DIR}`)
  const before = commitSource(git, base)
  return {
    base,
    before: withKnown(git, before, differences, (difference) => difference.before),
    // What is staged and does not differ from HEAD is what HEAD has.
    after: withKnown(
      git,
      to === 'index' ? before : commitSource(git, to),
      differences,
      (difference) => difference.after,
    ),
    changed: differences.map(({ path }) => path.slice(prefix.length)),
  }
}

function workTreeSource(registry: Registry): LintSource {
  const workTree = requireWorkTree(registry)
  const readOne = (path: string): LintFile[] => {
    try {
      const bytes = workTree.read(path)
      return bytes === undefined ? [] : [createFile(path, bytes)]
    } catch (error) {
      if (!(error instanceof PromptctlError)) throw error
      const isLink = error.details?.['rule'] === 'symlink' && error.details['file'] === path
      return [isLink ? { path, kind: 'link' } : { path, kind: 'unreadable', message: problemOf(error) }]
    }
  }
  const view = workTreeView(registry, workTree)
  // What a sparse checkout leaves out is not checked, but a partial of what is.
  const readLeftOut = async (path: string): Promise<LintFile[]> => {
    const where = parsePromptPath(path)
    const raw = where === undefined ? undefined : await view.read(where.environment, where.slug)
    return raw === undefined ? [] : [createFile(path, raw.bytes)]
  }
  const readEither = async (path: string): Promise<LintFile[]> => {
    const found = readOne(path)
    return found.length > 0 ? found : readLeftOut(path)
  }
  return {
    list: async (dir) => workTree.walk(dir).map(({ path }) => path),
    read: async (paths) =>
      workTree.isSparse() ? (await Promise.all(paths.map(readEither))).flat() : paths.flatMap(readOne),
  }
}

/** The files of a commit; of none, where there is no commit. */
function commitSource(git: RegistryRepository, commit: Oid | undefined): LintSource {
  const { repository, prefix } = git
  if (commit === undefined) return { list: async () => [], read: async () => [] }
  return {
    list: async (dir) =>
      (await repository.listTree(commit, `${prefix}${dir}`)).map(({ path }) => path.slice(prefix.length)),
    read: async (paths) => {
      const asked = paths.map((path) => `${prefix}${path}`)
      return readEntries(git, asked.length === 0 ? [] : await repository.entriesAt(commit, asked))
    },
  }
}

/** A source of which some files are known without asking: those that differ. */
function withKnown(
  git: RegistryRepository,
  source: LintSource,
  differences: readonly Difference[],
  side: (difference: Difference) => Entry | undefined,
): LintSource {
  const known = new Map(differences.map((difference) => [difference.path.slice(git.prefix.length), side(difference)]))
  let files: Promise<ReadonlyMap<string, LintFile>> | undefined
  const readKnown = async (): Promise<ReadonlyMap<string, LintFile>> => {
    const read = await readEntries(
      git,
      [...known.values()].flatMap((entry) => entry ?? []),
    )
    return new Map(read.map((file) => [file.path, file]))
  }
  return {
    list: async (dir) => {
      const paths = new Set(await source.list(dir))
      for (const [path, entry] of known) {
        if (entry === undefined) paths.delete(path)
        else if (path.startsWith(`${dir}/`)) paths.add(path)
      }
      return [...paths].sort(compareBytes)
    },
    read: async (paths) => {
      files ??= readKnown()
      const [ours, others] = await Promise.all([
        files.then((map) => paths.flatMap((path) => map.get(path) ?? [])),
        source.read(paths.filter((path) => !known.has(path))),
      ])
      return [...ours, ...others]
    },
  }
}

async function readEntries({ repository, prefix }: RegistryRepository, entries: readonly Entry[]): Promise<LintFile[]> {
  const contents = await repository.readBlobs(entries.filter((entry) => !isLink(entry)).map(({ blob }) => blob))
  return entries.map((entry): LintFile => {
    const path = entry.path.slice(prefix.length)
    if (isLink(entry)) return { path, kind: 'link' }
    return createFile(path, contents.get(entry.blob) ?? new Uint8Array())
  })
}

/** A file that is parsed once, when it is first asked what it holds. */
function createFile(path: string, bytes: Uint8Array): LintFile {
  let result: ReadResult | undefined
  return {
    path,
    kind: 'file',
    bytes,
    content: () => {
      result ??= readPrompt(bytes, path)
      return result
    },
  }
}

const isLink = ({ mode }: Entry): boolean => mode === '120000'
