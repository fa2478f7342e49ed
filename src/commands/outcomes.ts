import { PromptctlError } from '../core/errors.js'
import { visibleLine } from '../core/visible.js'
import type { DeliveryOutcome } from '../registry/ports.js'
import type { Style } from './command.js'
import { displayDate } from './display.js'

const SEND_NOW = 'promptctl webhook deliver --id <id> sends one now; promptctl webhook deliveries lists their ids.'

/** A line for each delivery that was tried: `delivered  refund-email-3f8a2b1c v7 …  https://ci.example.com/hook  200`. */
export function formatOutcomes(outcomes: readonly DeliveryOutcome[], style: Style): string {
  if (outcomes.length === 0) return ''
  const rows = outcomes.map((outcome) => {
    const { about, endpoint } = outcome
    return [paintOutcome(outcome, style), visibleLine(about), visibleLine(endpoint), explain(outcome, style)]
  })
  const hint = outcomes.some(isWaiting) ? `${style.dim(SEND_NOW)}\n` : ''
  return `${style.table([], rows)}${hint}`
}

function paintOutcome(outcome: DeliveryOutcome, style: Style): string {
  if (outcome.delivered) return style.green('delivered')
  return isWaiting(outcome) ? style.yellow('waits') : style.red('not delivered')
}

function explain({ delivered, status, reason, waits_until }: DeliveryOutcome, style: Style): string {
  if (delivered) return String(status ?? '')
  return waits_until === null ? visibleLine(reason ?? '') : displayWait(waits_until, style)
}

/** `until 2026-03-04T08:05:00.000Z`, and on a terminal how long that is. */
export const displayWait = (until: string, style: Style): string =>
  `the endpoint asked to wait until ${until}${style.isTerminal ? `, ${displayDate(until, style)}` : ''}`

const isWaiting = ({ waits_until }: DeliveryOutcome): boolean => waits_until !== null

/**
 * Throws `unavailable`, with the number, when something was tried and not delivered. A ping is not kept. What waits for its
 * endpoint was not tried, and is no failure.
 */
export function requireDelivered(outcomes: readonly DeliveryOutcome[], { isKept = true } = {}): void {
  const left = outcomes.filter(({ delivered }) => !delivered)
  const failed = left.filter((outcome) => !isWaiting(outcome))
  const [first] = failed
  if (first === undefined) return
  const isFinal = failed.some(({ retried }) => !retried)
  throw new PromptctlError(
    'unavailable',
    `${failed.length} of ${outcomes.length} deliveries failed; ${first.endpoint}: ${first.reason}`,
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
