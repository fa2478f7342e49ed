import type { Oid } from '../../registry/ports.js'
import type { Location } from './location.js'
import type { ObjectStore } from './objects.js'
import type { GitContext } from './process.js'
import type { RefReader } from './refs.js'

/** An open repository, as the files of this engine share it. */
export interface Native {
  readonly location: Location
  readonly context: GitContext
  readonly store: ObjectStore
  readonly refs: RefReader
  blobId(content: Uint8Array): Oid
}
