import type { Environment } from '../core/slug.js'
import type { TokenSource } from './auth.js'
import type { Health } from './health.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Source } from './source.js'

/** What every route works with. */
export interface ServerContext {
  readonly source: Source
  readonly tokens: TokenSource
  /** `serve --env`. */
  readonly environment: Environment | undefined
  readonly log: Log
  readonly metrics: Metrics
  readonly health: Health
  /** Milliseconds since the epoch. */
  now(): number
}
