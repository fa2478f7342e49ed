import type { PushReport } from '../registry/push-range.js'
import type { Style } from './command.js'

/** What was pushed means for the webhooks. */
export function formatEvents(
  { events, missing_secrets }: Pick<PushReport, 'events' | 'missing_secrets'>,
  style: Style,
): readonly string[] {
  if (events === 0) return []
  const lines = [style.dim(`${events} ${events === 1 ? 'event' : 'events'} for the webhooks`)]
  if (missing_secrets.length === 0) return lines
  return [...lines, style.yellow(`nothing is sent from here, because ${missing_secrets.join(', ')} is not set`)]
}
