import { deliverOutbox, listDeliveries } from '../registry/webhooks.js'
import type { ServerContext } from './context.js'
import { sleep } from './watch.js'

/** How often what is left in the outbox is tried again. */
const TRY_AGAIN_MS = 60_000

/** Delivers what other processes and earlier tries left, until the signal. An endpoint that fails is an outcome, and no error. */
export async function retryOutbox({ source, health, metrics, log }: ServerContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const { id, about, delivered, status, reason } of await deliverOutbox(source.registry, undefined)) {
        log.write(delivered ? 'info' : 'warn', delivered ? 'delivered' : 'not delivered', { id, about, status, reason })
      }
      const { deliveries } = await listDeliveries(source.registry)
      metrics.outbox.set(deliveries.length)
      health.worked('outbox')
    } catch (error) {
      health.failed('outbox', error)
    }
    await sleep(TRY_AGAIN_MS, signal)
  }
}
