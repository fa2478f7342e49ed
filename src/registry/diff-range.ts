import { diffHunks } from '../core/diff.js'
import { PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import { type PromptDocument, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { compareSides, type PromptDiff, type Side } from './diff-sides.js'
import { commitForRange } from './lint-range.js'
import type { Difference, Entry, Oid } from './ports.js'
import type { PartialReader } from './prepare.js'
import type { Registry } from './registry.js'
import { directUsers, readTreeDocuments, usersOf } from './users.js'

export interface RangeDiff extends PromptDiff {
  readonly environment: Environment
  readonly included_by: readonly Slug[]
}

/**
 * Every prompt file that differs between the merge base of `base` and `head`, and `head`, in byte order of the paths:
 * what a pull request changes. Throws `not_found` for a commit that is not here.
 */
export async function diffRange(registry: Registry, base: string, head: string): Promise<readonly RangeDiff[]> {
  const { repository, prefix } = await registry.git()
  const range = await commitForRange(registry, base, head)
  const differences = await repository.differences(range.base, range.head, `${prefix}${PROMPTS_DIR}`)
  const [before, after] = [openTree(registry, range.base, 'before'), openTree(registry, range.head, 'after')]
  const diffs: RangeDiff[] = []
  for (const difference of differences) {
    const where = parsePromptPath(difference.path.slice(prefix.length))
    if (where === undefined) continue
    const diff = await compareFiles(registry, where.slug, difference, [
      before.side(where.environment),
      after.side(where.environment),
    ])
    const users = await after.users(where.environment)
    diffs.push({ ...diff, environment: where.environment, included_by: usersOf(users, where.slug) })
  }
  return diffs
}

type Context = Pick<Side, 'label' | 'partials'>

/** A file that is no prompt is compared as the text that it is. */
async function compareFiles(
  registry: Registry,
  slug: Slug,
  difference: Difference,
  [before, after]: readonly [Context, Context],
): Promise<PromptDiff> {
  const [was, is] = await Promise.all([readEntry(registry, difference.before), readEntry(registry, difference.after)])
  const isReadable = (file: EntryFile | undefined): boolean => file === undefined || file.document !== undefined
  const sides = [
    { ...before, label: was === undefined ? 'not there' : before.label, document: was?.document },
    { ...after, label: is === undefined ? 'deleted' : after.label, document: is?.document },
  ] as const
  const diff = await compareSides(slug, ...sides)
  if (isReadable(was) && isReadable(is)) return diff
  return { ...diff, changed: true, hunks: diffHunks(was?.text ?? '', is?.text ?? ''), compiled: null }
}

interface EntryFile {
  readonly text: string
  readonly document: PromptDocument | undefined
}

async function readEntry(registry: Registry, entry: Entry | undefined): Promise<EntryFile | undefined> {
  if (entry === undefined) return undefined
  // Where a link points to is nobody's business.
  if (entry.mode === '120000') return { text: '(a symbolic link)\n', document: undefined }
  const { repository } = await registry.git()
  const bytes = (await repository.readBlobs([entry.blob])).get(entry.blob) ?? new Uint8Array()
  return { text: new TextDecoder().decode(bytes), document: readPrompt(bytes, entry.path).document }
}

/** A commit's files as a merge would bring them; partials are those that lie beside. */
function openTree(registry: Registry, commit: Oid | undefined, label: string) {
  const environments = new Map<Environment, Promise<ReadonlyMap<Slug, PromptDocument>>>()
  const documents = (environment: Environment): Promise<ReadonlyMap<Slug, PromptDocument>> => {
    const known = environments.get(environment) ?? readTreeDocuments(registry, commit, environment)
    environments.set(environment, known)
    return known
  }
  const partials =
    (environment: Environment): PartialReader =>
    async (slug) =>
      (await documents(environment)).get(slug)
  return {
    side: (environment: Environment): Context => ({ label, partials: partials(environment) }),
    users: async (environment: Environment) => directUsers(await documents(environment)),
  }
}
