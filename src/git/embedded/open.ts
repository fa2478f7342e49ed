import { join, resolve } from 'node:path'
import type { Repository } from '../../registry/ports.js'
import type { IndexRepair } from '../recover.js'
import { type Config, readConfig } from './config.js'
import { openGraph } from './graph.js'
import { findLayout, isMeant, type Layout } from './layout.js'
import { openObjects } from './objects.js'
import type { Parts } from './parts.js'
import { openRefs } from './refs.js'
import { assertReadable, missingObject } from './refusals.js'
import { createRepository } from './repository.js'
import { openTrees } from './trees.js'

/** Variables about one repository (`git rev-parse --local-env-vars`), as far as this engine reads them. */
const LOCAL = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG_COUNT',
]

/**
 * Opens the repository around `dir` without git, for machines that have none: objects through isomorphic-git, references
 * and index by git's own locks. `base` is the folder that the process was started in, which inherited GIT_* variables are
 * about; aborting `signal` ends the wait for a lock. Throws `not_found` where there is no repository, and `unsupported` for one whose format it does not read (sha256,
 * reftable, grafts, replaced objects, unknown extensions).
 */
export async function openEmbedded(
  dir: string,
  env: NodeJS.ProcessEnv,
  base = dir,
  signal?: AbortSignal,
): Promise<Repository & IndexRepair> {
  return createRepository(openParts(dir, env, base, signal))
}

/** As openEmbedded, before it is put together as the port. */
export function openParts(dir: string, env: NodeJS.ProcessEnv, base = dir, signal?: AbortSignal): Parts {
  const found = findLayout(dir, env)
  const own = isMeant(found, base, env) ? env : withoutLocal(env)
  const refs = openRefs(found)
  // Read again each time: the files are small, and somebody may change them while a server is running.
  const config = (): Config => readConfig({ ...found, env: own, branch: branchOf(refs.read('HEAD')) })
  const first = config()
  const layout = { ...found, workTree: findWorkTree(found, first) }
  assertReadable(layout, first)
  const objects = openObjects({
    commonDir: layout.commonDir,
    env: own,
    missing: (oid, type) => missingObject(oid, type, config()),
  })
  return {
    layout,
    env: own,
    indexPath: own.GIT_INDEX_FILE
      ? resolve(layout.workTree ?? layout.gitDir, own.GIT_INDEX_FILE)
      : join(layout.gitDir, 'index'),
    refs,
    objects,
    graph: openGraph(layout.commonDir, objects),
    trees: openTrees(objects),
    signal,
    config,
  }
}

/** An environment for a repository that the inherited variables are not about. */
export const withoutLocal = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !LOCAL.includes(name)))

const branchOf = (head: ReturnType<ReturnType<typeof openRefs>['read']>): string | undefined =>
  head !== undefined && 'target' in head ? /^refs\/heads\/(.+)$/.exec(head.target)?.[1] : undefined

/** Submodules say in `core.worktree` where their files are. A linked work tree is never bare, whatever the shared setting. */
function findWorkTree({ gitDir, workTree, linked }: Layout, config: Config): string | undefined {
  if (linked) return workTree
  if (workTree === undefined || config.isTrue('core.bare', false)) return undefined
  const configured = config.get('core.worktree')
  return configured === undefined ? workTree : resolve(gitDir, configured)
}
