import { join } from 'node:path'
import { attemptEntry, type Exclusively, type Means } from './attempt.js'
import { listFolders } from './durable-files.js'
import { withMeans } from './notifier.js'
import { Outbox, type OutboxEntry } from './outbox.js'
import { deliverAll } from './rounds.js'

export interface WorkerOptions {
  /** The folder in the git directory that holds every registry's. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
  readonly exclusively: Exclusively
}

/** How often the background process tries a delivery. */
const ROUNDS = 3

/**
 * The background process: delivers what is pending in every registry of a repository, and ends. At most one works in a
 * repository; another that is started meanwhile ends at once, and leaves its deliveries to the first.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const tried = new Set<string>()
  // Who came while we were about to stop found the lock taken, and its deliveries are there by now.
  while (findWork(options.root, tried).length > 0) {
    const work = () => withMeans(options, (means) => drain(options, means, tried))
    if ((await options.exclusively(join(options.root, 'worker'), work, 0)) === undefined) return
  }
}

/** One registry's outbox, and what in it this run has not tried. */
interface Work {
  readonly stateDir: string
  readonly outbox: Outbox
  readonly entries: readonly OutboxEntry[]
}

async function drain(options: WorkerOptions, means: Means, tried: Set<string>): Promise<void> {
  for (let work = findWork(options.root, tried); work.length > 0; work = findWork(options.root, tried)) {
    for (const { stateDir, entries } of work) for (const { id } of entries) tried.add(join(stateDir, id))
    await Promise.all(work.map((registry) => deliverRegistry(registry, options, means)))
  }
}

const deliverRegistry = ({ stateDir, outbox, entries }: Work, { now }: WorkerOptions, means: Means) =>
  deliverAll(entries, {
    rounds: ROUNDS,
    now,
    attempt: (entry, signal) => attemptEntry(entry, { stateDir, outbox, means, signal }),
  })

/** What is pending in any registry, and was not in `tried` before: paths of ids. */
function findWork(root: string, tried: ReadonlySet<string>): readonly Work[] {
  return listFolders(root)
    .filter((name) => /^(root|in-.*)$/.test(name))
    .map((name) => {
      const stateDir = join(root, name)
      const outbox = new Outbox(stateDir)
      const entries = outbox.list().filter(({ id, state }) => state === 'pending' && !tried.has(join(stateDir, id)))
      return { stateDir, outbox, entries }
    })
    .filter(({ entries }) => entries.length > 0)
}
