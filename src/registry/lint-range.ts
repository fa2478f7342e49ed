import { PromptctlError } from '../core/errors.js'
import { createFinding, type Finding } from '../core/lint/rules.js'
import { CONFIG_FILE } from '../core/paths.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

export interface Range {
  /** Where the two histories parted; undefined when they have nothing in common. */
  readonly base: Oid | undefined
  readonly head: Oid
  readonly findings: readonly Finding[]
}

/**
 * Resolves `<base>..<head>`. When `head` contains `base`, but not on its first-parent chain, the numbers of older
 * versions would change: that is the finding `renumbers`.
 */
export async function commitForRange(registry: Registry, base: string, head: string): Promise<Range> {
  const { repository } = await registry.git()
  const [from, to] = await Promise.all([resolve(registry, base), resolve(registry, head)])
  const mergeBase = await repository.mergeBase(from, to)
  const contains = mergeBase === from
  const renumbers = contains && !(await repository.isOnChain(from, to))
  return { base: mergeBase, head: to, findings: renumbers ? [renumbersFinding(base, head)] : [] }
}

async function resolve(registry: Registry, text: string): Promise<Oid> {
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(text)
  if (commit !== undefined) return commit
  throw new PromptctlError('not_found', `There is no commit ${JSON.stringify(text)}`, {
    hint: 'In CI, fetch it first: a shallow clone does not have it.',
  })
}

const renumbersFinding = (base: string, head: string): Finding =>
  createFinding(
    'renumbers',
    CONFIG_FILE,
    `${head} merged ${base} into itself instead of the other way round, so versions would get other numbers; rebase onto ${base}, or merge the branch into it`,
  )
