import type { Environment } from '../core/slug.js'
import type { TokenSource } from './auth.js'
import type { Follower } from './follower.js'
import type { Health } from './health.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Source } from './source.js'

/** What every route works with. */
export interface ServerContext {
  readonly source: Source
  /** Undefined where only what is here is served. */
  readonly follower?: Follower | undefined
  /** Whether a write has to reach the remote before it is acknowledged. */
  readonly pushes?: boolean
  /** Signs the webhooks that announce a push; undefined where none is taken. */
  readonly refreshSecret?: string | undefined
  readonly tokens: TokenSource
  /** `serve --env`. */
  readonly environment: Environment | undefined
  /** What the test sets of one request have together, in milliseconds. */
  readonly evaluationMs: number
  readonly log: Log
  readonly metrics: Metrics
  readonly health: Health
  /** Milliseconds since the epoch. */
  now(): number
}
