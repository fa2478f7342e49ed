import type { Config } from './config.js'
import type { Graph } from './graph.js'
import type { Layout } from './layout.js'
import type { Objects } from './objects.js'
import type { Refs } from './refs.js'
import type { Trees } from './trees.js'

/** What an open repository is made of. */
export interface Parts {
  readonly layout: Layout
  /** Without the variables that are meant for another repository. */
  readonly env: NodeJS.ProcessEnv
  /** `.git/index`, or what GIT_INDEX_FILE names. */
  readonly indexPath: string
  readonly refs: Refs
  readonly objects: Objects
  readonly graph: Graph
  readonly trees: Trees
  /** Aborting ends the wait for a lock. */
  readonly signal: AbortSignal | undefined
  /** git's configuration as it is now. */
  config(): Config
}
