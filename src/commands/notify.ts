import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import {
  type DeliverySummary,
  enqueueAndDeliver,
  eventsBetween,
  eventsForRange,
  missingSecretsError,
  requireShared,
} from '../registry/notify.js'
import type { DeliveryOutcome, Oid, PushedRange } from '../registry/ports.js'
import type { Registry } from '../registry/registry.js'
import { type Context, defineCommand } from './command.js'
import { booleanOption } from './options.js'
import { formatOutcomes, requireDelivered } from './outcomes.js'

interface Request {
  /** Undefined: read from standard input, as a post-receive hook gets it. */
  readonly range: { readonly old: string; readonly new: string } | undefined
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
  examples: ['promptctl notify "$BEFORE..$AFTER"', 'promptctl notify --post-receive', 'promptctl notify HEAD~3..HEAD'],
  flags: (command) => {
    command
      .option('--post-receive', "read git's `old new ref` lines, as a post-receive hook")
      .option('--no-wait', 'leave the deliveries to a background process')
  },
  parse: ([range], options) => {
    const isHook = booleanOption(options, 'postReceive')
    if (isHook === (range !== undefined)) {
      throw new PromptctlError('usage', isHook ? '--post-receive takes no range' : 'Name a range, as <old>..<new>')
    }
    return { range: range === undefined ? undefined : parseRange(range), wait: options['wait'] !== false }
  },
  run: async ({ range, wait }, context) => {
    const summaries =
      range === undefined
        ? await notifyReceived(context, wait)
        : [await notifyRange(await context.registry(), range, wait)]
    const missing = new Set(summaries.flatMap(({ missingSecrets }) => missingSecrets))
    requireDelivered(summaries.flatMap(({ outcomes }) => outcomes))
    if (missing.size > 0) throw missingSecretsError([...missing])
    return combine(summaries)
  },
  text: (result, style) => `${formatOutcomes(result.deliveries, style)}${conclude(result)}\n`,
})

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
  const [, old, tip] = /^(.+?)\.\.([^.].*)$/s.exec(text) ?? []
  if (old !== undefined && tip !== undefined) return { old, new: tip }
  throw new PromptctlError('usage', `${quoteName(text)} is not a range`, { hint: 'Write <old commit>..<new commit>.' })
}

async function notifyRange(
  registry: Registry,
  range: { readonly old: string; readonly new: string },
  wait: boolean,
): Promise<DeliverySummary> {
  const tip = await findCommit(registry, range.new)
  if (tip === undefined) return enqueueAndDeliver(registry, [], { wait })
  const old = await findCommit(registry, range.old)
  await requireShared(registry, tip)
  return enqueueAndDeliver(registry, await eventsBetween(registry, { old, new: tip }), { wait })
}

/** As git writes a branch that is not there: before it was made, or after it was deleted. */
const isNothing = (revision: string): boolean => /^0{40}(?:0{24})?$/.test(revision)

/** Undefined for git's zeros. Throws `not_found` for a commit that is not here. */
async function findCommit(registry: Registry, revision: string): Promise<Oid | undefined> {
  if (isNothing(revision)) return undefined
  const { repository } = await registry.git()
  const commit = await repository.resolveCommit(revision)
  if (commit !== undefined) return commit
  throw new PromptctlError('not_found', `There is no commit ${quoteName(revision)} here`, {
    hint: 'In CI the whole history is needed: fetch-depth: 0. After a forced push, name a commit that both histories hold.',
  })
}

/** Each registry in what was pushed; one that is wrong does not keep the others from being heard. */
async function notifyReceived(context: Context, wait: boolean): Promise<readonly DeliverySummary[]> {
  const summaries: DeliverySummary[] = []
  const failures: PromptctlError[] = []
  for (const range of parseReceived(Buffer.from(await context.readInput('-')).toString('utf8'))) {
    const { registries, close } = await context.registriesAt(range.new)
    try {
      for (const open of registries) {
        try {
          const registry = await open()
          summaries.push(await enqueueAndDeliver(registry, await eventsForRange(registry, range), { wait }))
        } catch (error) {
          if (!isPromptctlError(error)) throw error
          failures.push(error)
        }
      }
    } finally {
      await close()
    }
  }
  const [failure] = failures
  if (failure !== undefined) throw failure
  return summaries
}

/** The branches in git's `old new ref` lines that are there afterwards. */
function parseReceived(text: string): readonly PushedRange[] {
  return text.split('\n').flatMap((line) => {
    const [, old, tip, ref] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/heads\/.+)$/.exec(line) ?? []
    if (old === undefined || tip === undefined || ref === undefined || isNothing(tip)) return []
    return [{ ref, old: isNothing(old) ? undefined : (old as Oid), new: tip as Oid }]
  })
}
