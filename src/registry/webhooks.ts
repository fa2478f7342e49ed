import { displayEndpoint } from '../core/endpoint.js'
import { PromptctlError } from '../core/errors.js'
import { createPing } from '../core/event.js'
import type { Action } from '../core/ledger.js'
import type { Environment } from '../core/slug.js'
import { quoteName } from '../core/slug.js'
import { recoverPushes, requireSecrets } from './notify.js'
import type { DeliveryOutcome, DeliveryRecord } from './ports.js'
import type { Registry } from './registry.js'

/** An endpoint of the configuration, without what may be secret. */
export interface EndpointRecord {
  readonly endpoint: string
  readonly secret_env: string
  readonly secret_set: boolean
  /** Null means all. */
  readonly environments: readonly Environment[] | null
  readonly actions: readonly Action[] | null
}

/** The endpoints, in the order of the configuration. */
export async function listEndpoints(registry: Registry): Promise<readonly EndpointRecord[]> {
  const { webhooks } = registry.config
  if (webhooks.length === 0) return []
  const notifier = await registry.notifier()
  return webhooks.map(({ url, secretEnv, environments, actions }) => ({
    endpoint: displayEndpoint(url),
    secret_env: secretEnv,
    secret_set: notifier.hasSecret(secretEnv),
    environments: environments ?? null,
    actions: actions ?? null,
  }))
}

/** Sends a `ping` to every endpoint. Throws `unavailable` when a secret is not set. */
export async function testEndpoints(registry: Registry): Promise<readonly DeliveryOutcome[]> {
  const { name, webhooks } = registry.config
  await requireSecrets(registry)
  if (webhooks.length === 0) return []
  const notifier = await registry.notifier()
  return Promise.all(webhooks.map((webhook) => notifier.send(createPing(name, webhook, registry.clock.now()))))
}

/** What is in the outbox, and the paths of files there that made no sense. */
export async function listDeliveries(
  registry: Registry,
): Promise<{ readonly deliveries: readonly DeliveryRecord[]; readonly damaged: readonly string[] }> {
  const notifier = await registry.notifier()
  const deliveries = await notifier.list()
  return { deliveries, damaged: await notifier.damaged() }
}

/**
 * Tries once what is pending, and what a push that was killed left behind; or the one delivery that `id`, or a unique
 * beginning of it, names. Throws `not_found` and `ambiguous`.
 */
export async function deliverOutbox(registry: Registry, id: string | undefined): Promise<readonly DeliveryOutcome[]> {
  const notifier = await registry.notifier()
  if (id !== undefined) return notifier.deliver({ ids: [await findDelivery(await notifier.list(), id)] })
  const recovered = (await recoverPushes(registry))?.outcomes ?? []
  const done = new Set(recovered.map((outcome) => outcome.id))
  const waiting = (await notifier.list()).filter((record) => record.state === 'pending' && !done.has(record.id))
  return [...recovered, ...(waiting.length === 0 ? [] : await notifier.deliver({}))].filter(isNewest)
}

/** A delivery that was recovered and then tried again counts once, with its last outcome. */
const isNewest = ({ id }: DeliveryOutcome, index: number, all: readonly DeliveryOutcome[]): boolean =>
  all.findLastIndex((other) => other.id === id) === index

function findDelivery(records: readonly DeliveryRecord[], text: string): string {
  const found = records.filter(({ id }) => id === text || (text.length >= 8 && id.startsWith(text)))
  const [first, ...others] = found
    .filter(({ id }) => id === text)
    .concat(found)
    .map(({ id }) => id)
  if (first === undefined) {
    throw new PromptctlError('not_found', `There is no delivery ${quoteName(text)} in the outbox`, {
      hint: 'promptctl webhook deliveries lists them; one that was delivered is gone.',
    })
  }
  if (first !== text && others.some((id) => id !== first)) {
    throw new PromptctlError('ambiguous', `Several deliveries begin with ${quoteName(text)}`, {
      details: { candidates: found.map(({ id }) => id) },
    })
  }
  return first
}
