import type { PushReport } from '../registry/push-range.js'
import type { Style } from './command.js'

type Events = Pick<PushReport, 'events' | 'missing_secrets'>

/** What was pushed means for the webhooks. */
export const formatEvents = ({ events }: Events, style: Style): readonly string[] =>
  events === 0 ? [] : [style.dim(`${events} ${events === 1 ? 'event' : 'events'} for the webhooks`)]

/** Why endpoints hear nothing of it from here; undefined where nothing is kept back. */
export const unsentNote = ({ missing_secrets }: Events): string | undefined =>
  missing_secrets.length === 0
    ? undefined
    : `nothing is sent from here, because ${missing_secrets.join(', ')} is not set`
