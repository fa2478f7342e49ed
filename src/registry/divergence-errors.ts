import { PromptctlError } from '../core/errors.js'
import type { Version } from '../core/ledger.js'
import { type Ends, type Overlap, readOverlaps } from './divergence.js'
import type { Registry } from './registry.js'
import { displayBranch, pullCommand, type SharedBranch } from './shared-branch.js'

/** The refusal of a push whose histories have parted, or would renumber, with the way out. */
export async function divergedError(
  registry: Registry,
  shared: SharedBranch,
  relation: 'renumbers' | 'diverged',
  ends: Ends,
): Promise<PromptctlError> {
  if (relation === 'renumbers') return renumbersError(shared, ends)
  const overlaps = await readOverlaps(registry, ends)
  if (overlaps.length > 0) return overlapError(shared, ends, overlaps)
  const there = displayBranch(shared)
  return new PromptctlError(
    'conflict',
    `${shared.branch} and ${there} have parted; no prompt was changed on both sides`,
    {
      hint: `promptctl push --rebase puts your commits on top of ${there} and pushes them.`,
      details: { ...detailsOf(shared, ends), prompts: [] },
    },
  )
}

/** What is refused because a prompt was changed on both sides; our commits stay as they are. */
export function overlapError(shared: SharedBranch, ends: Ends, overlaps: readonly Overlap[]): PromptctlError {
  const there = displayBranch(shared)
  const named = overlaps
    .slice(0, 5)
    .map(({ slug, ours, theirs }) => `${slug} (here ${displaySide(ours)}, there ${displaySide(theirs)})`)
  const more = overlaps.length > 5 ? ` and ${overlaps.length - 5} more` : ''
  return new PromptctlError('conflict', `Changed here and on ${there}: ${named.join(', ')}${more}`, {
    hint: `Your commits are as they were. See theirs with git diff HEAD...${there}; ${pullCommand('--rebase', shared)} asks about each of yours, and promptctl publish --stage seals a prompt that was merged.`,
    details: {
      ...detailsOf(shared, ends),
      prompts: overlaps.map(({ slug, ours, theirs }) => ({ slug, ours: sideOf(ours), theirs: sideOf(theirs) })),
    },
  })
}

/** The one way out that always works: the merge the other way round. It keeps every commit. */
const renumbersError = (shared: SharedBranch, ends: Ends): PromptctlError =>
  new PromptctlError(
    'renumbers',
    `${displayBranch(shared)} was merged into ${shared.branch} instead of the other way round, so older versions would get other numbers`,
    {
      hint: `promptctl push --rebase puts your commits on top instead. Or ${mergeTheOtherWay(shared)}`,
      details: detailsOf(shared, ends),
    },
  )

/** Commands that turn a merge round and lose nothing. */
export const mergeTheOtherWay = (shared: SharedBranch): string =>
  `keep the merge, turned round: git branch mine && git reset --keep ${displayBranch(shared)} && git merge --no-ff mine && promptctl push`

const detailsOf = ({ remote, branch }: SharedBranch, ends: Ends) => ({
  remote,
  branch,
  ours: ends.local,
  theirs: ends.remote,
})

const sideOf = ({ version, environment, commit }: Version) => ({ version, environment, commit })

const displaySide = ({ version, environment, commit }: Version): string =>
  `v${version} in ${environment}, ${commit.slice(0, 10)}`
