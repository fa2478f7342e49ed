import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import type { DeliverySummary } from '../registry/notify.js'
import type { DeliveryOutcome } from '../registry/ports.js'
import { type Context, defineCommand } from './command.js'
import { booleanOption, textOption } from './options.js'
import { formatOutcomes, requireDelivered } from './outcomes.js'

interface Request {
  /** Undefined: read from standard input, as a post-receive hook gets it. */
  readonly range: { readonly old: string; readonly new: string; readonly ref: string | undefined } | undefined
  readonly wait: boolean
}

interface Result {
  readonly events: number
  readonly queued: number
  readonly delivered: number
  readonly background: boolean
  readonly deliveries: readonly DeliveryOutcome[]
}

export const notify = defineCommand<Request, Result>({
  usage: 'notify [range]',
  summary: 'Tell the webhooks about a range that was pushed',
  examples: [
    'promptctl notify "$BEFORE..$AFTER" --ref refs/heads/main',
    'promptctl notify --post-receive',
    'promptctl notify HEAD~3..HEAD',
  ],
  flags: (command) => {
    command
      .addHelpText(
        'before',
        `What a push of the shared branch tells:
  new      all its versions, under the ids that they had before
  deleted  nothing
  forced   the versions that the old history did not have, as long as its last commit can be found;
           in CI git fetch origin <commit> brings it
Other branches and tags tell nothing.\n`,
      )
      .option('--post-receive', "read git's `old new ref` lines, as a post-receive hook")
      .option('--ref <ref>', 'tell nothing when this is another branch than the shared one, or a tag')
      .option('--no-wait', 'leave the deliveries to a background process')
  },
  parse: ([range], options) => {
    const isHook = booleanOption(options, 'postReceive')
    const ref = textOption(options, 'ref')
    if (isHook && (range !== undefined || ref !== undefined)) {
      throw new PromptctlError('usage', '--post-receive takes neither a range nor --ref')
    }
    if (ref !== undefined && !ref.startsWith('refs/')) {
      throw new PromptctlError('usage', `${quoteName(ref)} is not a reference`, {
        hint: 'Write it whole: refs/heads/main.',
      })
    }
    if (!isHook && range === undefined) throw new PromptctlError('usage', 'Name a range, as <old>..<new>')
    return { range: range === undefined ? undefined : { ...parseRange(range), ref }, wait: options['wait'] !== false }
  },
  run: async ({ range, wait }, context) => {
    const { notifyRange, notifyReceived } = await import('../registry/notify-ranges.js')
    const { missingSecretsError } = await import('../registry/notify.js')
    const summaries =
      range === undefined
        ? await notifyReceived(await readLines(context), await context.receiving(), { wait })
        : [await notifyRange(await context.registry(), range, { wait })]
    const missing = new Set(summaries.flatMap(({ missingSecrets }) => missingSecrets))
    requireDelivered(summaries.flatMap(({ outcomes }) => outcomes))
    if (missing.size > 0) throw missingSecretsError([...missing])
    return combine(summaries)
  },
  text: (result, style) => `${formatOutcomes(result.deliveries, style)}${conclude(result)}\n`,
})

const readLines = async (context: Context): Promise<string> =>
  Buffer.from(await context.readInput('-')).toString('utf8')

function conclude({ events, queued, delivered, background }: Result): string {
  if (queued === 0) return events === 0 ? 'Nothing to tell.' : `${events} events, and no webhook wants them.`
  const left = queued - delivered
  return `${delivered} delivered${left === 0 ? '' : `, ${left} in the outbox${background ? ' on their way' : ''}`}.`
}

const combine = (summaries: readonly DeliverySummary[]): Result => {
  const deliveries = summaries.flatMap(({ outcomes }) => outcomes)
  return {
    events: summaries.reduce((sum, { events }) => sum + events, 0),
    queued: summaries.reduce((sum, { queued }) => sum + queued, 0),
    delivered: deliveries.filter(({ delivered }) => delivered).length,
    background: summaries.some(({ background }) => background),
    deliveries,
  }
}

function parseRange(text: string): { old: string; new: string } {
  const [, old, tip] = /^((?:(?!\.\.).)+)\.\.(?!\.)(.+)$/s.exec(text) ?? []
  if (old !== undefined && tip !== undefined) return { old, new: tip }
  throw new PromptctlError('usage', `${quoteName(text)} is not a range`, { hint: 'Write <old commit>..<new commit>.' })
}
