import { PromptctlError } from '../core/errors.js'
import { visibleLine } from '../core/visible.js'
import type { DeliveryOutcome } from '../registry/ports.js'
import type { Style } from './command.js'

/** A line for each delivery that was tried: `delivered  refund-email-3f8a2b1c v7 …  https://ci.example.com/hook  200`. */
export const formatOutcomes = (outcomes: readonly DeliveryOutcome[], style: Style): string =>
  outcomes.length === 0
    ? ''
    : style.table(
        [],
        outcomes.map(({ about, endpoint, delivered, status, reason }) => [
          delivered ? style.green('delivered') : style.red('not delivered'),
          visibleLine(about),
          visibleLine(endpoint),
          delivered ? String(status ?? '') : visibleLine(reason ?? ''),
        ]),
      )

/** Throws `unavailable`, with the number, when something was not delivered. A ping is not kept. */
export function requireDelivered(outcomes: readonly DeliveryOutcome[], { isKept = true } = {}): void {
  const left = outcomes.filter(({ delivered }) => !delivered)
  const [first] = left
  if (first === undefined) return
  const isFinal = left.some(({ retried }) => !retried)
  throw new PromptctlError(
    'unavailable',
    `${left.length} of ${outcomes.length} deliveries failed; ${first.endpoint}: ${first.reason}`,
    {
      hint: !isKept
        ? undefined
        : isFinal
          ? 'promptctl webhook deliveries lists them; promptctl webhook deliver --id <id> sends one again.'
          : 'They are in the outbox; promptctl webhook deliver sends them again.',
      details: { undelivered: left.length, delivered: outcomes.length - left.length, deliveries: outcomes },
    },
  )
}
