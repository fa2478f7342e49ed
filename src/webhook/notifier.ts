import { parseSecrets } from '../core/signature.js'
import type { DeliveryOutcome, Notifier } from '../registry/ports.js'
import { attemptEntry, type Exclusively, type Means, send } from './attempt.js'
import { type BackgroundOptions, startBackground } from './background.js'
import { createEntry, Outbox, type OutboxEntry, recordOf } from './outbox.js'
import { Pushes } from './pushes.js'
import { deliverAll } from './rounds.js'

export interface NotifierOptions extends BackgroundOptions {
  /** The registry's folder in the git directory. */
  readonly stateDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly exclusively: Exclusively
}

/** Carries events over HTTP, from an outbox in the git directory. */
export function createNotifier(options: NotifierOptions): Notifier {
  const { stateDir, env, now } = options
  const outbox = new Outbox(stateDir)
  const pushes = new Pushes(stateDir)
  return {
    hasSecret: (name) => parseSecrets(env[name]) !== undefined,
    enqueue: (deliveries) => outbox.add(deliveries, now()),
    list: async () => outbox.list().map((entry) => recordOf(entry, now())),
    damaged: async () => outbox.damaged(),
    deliver: async ({ ids }) => deliverOnce(select(outbox.list(), ids), outbox, options),
    send: (delivery) =>
      withMeans(options, async (means) => (await send(createEntry(delivery, now()), means, undefined)).outcome),
    startBackground: () => startBackground(options),
    remember: (range) => pushes.remember(range),
    forget: async (range) => pushes.forget(range),
    remembered: async () => pushes.list(),
  }
}

/** What is asked for by its id is sent whatever its file says; else what is pending. */
function select(entries: readonly OutboxEntry[], ids: readonly string[] | undefined): readonly OutboxEntry[] {
  if (ids === undefined) return entries.filter(({ state }) => state === 'pending')
  return entries.filter(({ id }) => ids.includes(id)).map((entry) => ({ ...entry, notBefore: null }))
}

async function deliverOnce(
  entries: readonly OutboxEntry[],
  outbox: Outbox,
  options: NotifierOptions,
): Promise<readonly DeliveryOutcome[]> {
  if (entries.length === 0) return []
  const { stateDir, now } = options
  return withMeans(options, (means) =>
    deliverAll(entries, {
      rounds: 1,
      now,
      attempt: (entry, signal) => attemptEntry(entry, { stateDir, outbox, means, signal }),
    }),
  )
}

/** Loads the HTTP client, which takes 80 ms, and lets go of its connections at the end. */
export async function withMeans<T>(
  { env, now, exclusively }: Pick<NotifierOptions, 'env' | 'now' | 'exclusively'>,
  action: (means: Means) => Promise<T>,
): Promise<T> {
  const { Sender } = await import('./deliver.js')
  const sender = new Sender({ allowHosts: env['PROMPTCTL_WEBHOOK_ALLOW_HOSTS'] })
  try {
    return await action({ env, now, exclusively, post: (post) => sender.post(post) })
  } finally {
    await sender.close()
  }
}
