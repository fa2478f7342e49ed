import { type Pushed, push as pushBranch } from '../registry/push.js'
import { pullCommand } from '../registry/shared-branch.js'
import { defineCommand, type Style } from './command.js'
import { formatEvents, unsentNote } from './events.js'
import { booleanOption } from './options.js'
import { formatOutcomes } from './outcomes.js'

export const push = defineCommand({
  usage: 'push [remote]',
  summary: 'Push the shared branch, and tell webhooks what is new',
  examples: ['promptctl push', 'promptctl push --rebase', 'promptctl push origin --wait --json'],
  flags: (command) => {
    command.option('--rebase', "put your commits on top of the remote's when the two have parted")
    command.option('--wait', 'wait for the first attempts of the deliveries')
    command.option('--dry-run', 'say what would be pushed and change nothing')
  },
  parse: ([remote], options) => ({
    remote,
    rebase: booleanOption(options, 'rebase'),
    wait: booleanOption(options, 'wait'),
    dryRun: booleanOption(options, 'dryRun'),
  }),
  run: async (request, { registry }) => pushBranch(await registry(), request),
  text: formatPushed,
})

/** `pushed 2 commits to origin/main  1a2b3c4d5e..6f7a8b9c0d`, and what the endpoints will hear. */
function formatPushed(result: Pushed, style: Style): string {
  const where = `${result.remote}/${result.branch}`
  const lines = [headline(result, where, style)]
  if (result.behind) {
    lines.push(style.dim(`${where} has commits that are not here: ${pullCommand('--ff-only', result)} brings them`))
  }
  if (result.rebased) lines.push(style.dim(`your commits are on top of ${where} now`))
  lines.push(...formatEvents(result, style))
  const unsent = unsentNote(result)
  if (unsent !== undefined) lines.push(style.yellow(unsent))
  return `${lines.map((line) => `${line}\n`).join('')}${formatOutcomes(result.outcomes ?? [], style)}`
}

function headline({ old, new: tip, pushed, dry_run }: Pushed, where: string, style: Style): string {
  if (pushed === 0) return `${where} is up to date`
  const verb = dry_run ? 'would push' : 'pushed'
  const what = pushed === null ? 'a new branch' : `${pushed} ${pushed === 1 ? 'commit' : 'commits'}`
  const range = old === null ? short(tip) : `${short(old)}..${short(tip)}`
  return `${verb} ${what} to ${style.bold(where)}  ${style.dim(range)}`
}

const short = (commit: string | null): string => commit?.slice(0, 10) ?? ''
