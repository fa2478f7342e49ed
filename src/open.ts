import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { type Config, parseConfig } from './core/config.js'
import { isPromptctlError, PromptctlError } from './core/errors.js'
import { CONFIG_FILE } from './core/paths.js'
import { type Environment, parseEnvironment } from './core/slug.js'
import { openWorkTree } from './git/work-tree.js'
import type { Initialised, InitOptions } from './registry/init.js'
import type { Evaluator, HookFiles, Notifier, Oid, Parallel, Repository, WorkTree } from './registry/ports.js'
import type { Receiving } from './registry/received.js'
import type { Registry, RegistryRepository } from './registry/registry.js'
import type { Exclusively } from './webhook/attempt.js'

/** The composition root: joins the use cases with a git engine, a disk and a clock. */

export interface OpenOptions {
  /** Where to look for the registry, upwards: absolute. */
  readonly directory: string
  /** The directory that the process was started in, which inherited GIT_* variables are about; `directory` by default. */
  readonly base?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** The registry's folder in the repository, where a bare one holds several. */
  readonly registry?: string
  /** Told how much was done while the ledger is built. */
  readonly onHistoryProgress?: (done: number, total?: number) => void
  /** The command line that starts promptctl again, for deliveries in the background; undefined where there is none. */
  readonly program?: readonly string[] | undefined
  /** Ends what goes on for long, as a server does; undefined for what ends by itself. */
  readonly stopped?: AbortSignal
  /** Shows how many cases of a test set have been run. */
  readonly evaluationProgress?: () => { update(done: number, total: number): void; end(): void }
  /** What Ctrl-C does; without it a commit is not interrupted in an orderly way. */
  readonly interrupt?: {
    readonly signal: AbortSignal
    protect<T>(action: () => Promise<T>): Promise<T>
  }
}

/**
 * Opens the registry that `directory` is in, or that a bare repository holds. Throws `not_found` outside of one, and
 * `invalid_config`.
 */
export async function openRegistry(options: OpenOptions): Promise<Registry> {
  const start = options.registry === undefined ? options.directory : join(options.directory, options.registry)
  const root = findRoot(start)
  return root === undefined ? openBare(options) : openOnDisk(root, options)
}

/**
 * Opens the registry in `directory` as a bare clone of `url`, which is made where it is missing: a server's own. Throws
 * `conflict` for a folder that holds something else, `unavailable` when there is none yet and the remote is away.
 */
export async function openCloned(options: OpenOptions, url: string): Promise<Registry> {
  const { openClone } = await import('./git/clone.js')
  const { directory, base = directory, env } = options
  await openClone({ url, dir: directory, base, env })
  return openBare(options)
}

/** The same environment for git that nobody attends: it asks nothing, and gives up a connection that stands still for 10 s. */
export const unattended = (env: OpenOptions['env']): OpenOptions['env'] => ({
  GIT_HTTP_LOW_SPEED_LIMIT: '1',
  GIT_HTTP_LOW_SPEED_TIME: '10',
  ...env,
  GIT_TERMINAL_PROMPT: '0',
})

/** The nearest folder upwards that holds a configuration, with symbolic links resolved; undefined when none does. */
export function findRoot(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (statSync(join(folder, CONFIG_FILE), { throwIfNoEntry: false })?.isFile()) return realpathSync(folder)
    if (folder === dirname(folder)) return undefined
  }
}

/** Makes `directory` a registry, and a git repository where it is none; commits what it writes. */
export async function initialise(options: OpenOptions, { name, ci }: InitOptions): Promise<Initialised> {
  const [{ createRepository }, { initRegistry }] = await Promise.all([
    import('./git/create.js'),
    import('./registry/init.js'),
  ])
  const root = realpathSync(options.directory)
  const inside = await openRepositoryOrNothing({ ...options, directory: root })
  await inside?.close()
  if (inside === undefined) await createRepository({ cwd: root, env: options.env })
  const { repository, prefix, exclusively } = await openGit(root, options)
  try {
    const workTree = openWorkTree(root)
    return await exclusively(() =>
      initRegistry(repository, {
        name: name ?? basename(root),
        prefix,
        existing: workTree.read,
        ci,
        isTaken: (path) => lstatSync(join(repository.workTree ?? root, path), { throwIfNoEntry: false }) !== undefined,
      }),
    )
  } finally {
    await repository.close()
  }
}

function openOnDisk(root: string, options: OpenOptions): Registry {
  const workTree = openWorkTree(root)
  const bytes = workTree.read(CONFIG_FILE) ?? new Uint8Array()
  const config = parseConfig(bytes, CONFIG_FILE, { defaultName: basename(root) })
  return createRegistry(config, workTree, options, () => openGit(root, options))
}

async function openBare(options: OpenOptions): Promise<Registry> {
  const repository = await openRepositoryOrNothing(options)
  const prefix = options.registry === undefined ? '' : `${options.registry.replace(/\/+$/, '')}/`
  if (repository === undefined || repository.workTree !== undefined) {
    await repository?.close()
    throw new PromptctlError('not_found', `There is no ${CONFIG_FILE} in ${options.directory} or above it`, {
      hint: 'promptctl init makes a registry here; -C <directory> looks elsewhere.',
    })
  }
  const config = await readBareConfig(repository, prefix)
  return createRegistry(config, undefined, options, async () => attach(repository, prefix, options))
}

/** The repository around `directory`, as one that others push to. Throws `not_found`. */
export async function openReceiving(options: OpenOptions): Promise<Receiving> {
  const { openRepository } = await import('./git/open.js')
  const { directory: cwd, base, env, interrupt } = options
  const repository = await openRepository({ cwd, base, env, signal: interrupt?.signal })
  const openAt = async (commit: Oid, prefix: string): Promise<Registry> => {
    const config = await requireConfigAt(repository, commit, prefix)
    return createRegistry(config, undefined, options, () => attach(repository, prefix, options))
  }
  return {
    repository,
    registriesAt: async (commit) => {
      if (commit === undefined) return []
      const files = (await repository.listTree(commit, '')).filter(({ path }) => basename(path) === CONFIG_FILE)
      const prefixes = files.map(({ path }) => path.slice(0, -CONFIG_FILE.length))
      return prefixes.map((prefix) => ({ prefix, open: () => openAt(commit, prefix) }))
    },
    close: () => repository.close(),
  }
}

/** What the background process runs: see webhook/worker.ts. */
export async function openWorker(root: string, { env, now }: Pick<OpenOptions, 'env' | 'now'>): Promise<void> {
  const { runWorker } = await import('./webhook/worker.js')
  await runWorker({ root, env, now, exclusively: lockWith(now) })
}

/** The hooks of the repository around `directory`, whether it holds a registry yet or not. Throws `not_found`. */
export async function openHooks({ directory: cwd, base, env }: OpenOptions): Promise<HookFiles> {
  const { openRepository } = await import('./git/open.js')
  const repository = await openRepository({ cwd, base, env })
  try {
    return await hooksOf(repository)
  } finally {
    await repository.close()
  }
}

async function hooksOf(repository: Repository): Promise<HookFiles> {
  const { openHookFiles } = await import('./git/hook-files.js')
  return openHookFiles(await repository.hooksDir(), repository.workTree === undefined)
}

async function openRepositoryOrNothing({
  directory,
  base,
  env,
  interrupt,
}: OpenOptions): Promise<Repository | undefined> {
  const { openRepository } = await import('./git/open.js')
  try {
    return await openRepository({ cwd: directory, base, env, signal: interrupt?.signal })
  } catch (error) {
    if (error instanceof PromptctlError && error.code === 'not_found') return undefined
    throw error
  }
}

/** A bare repository's configuration is that of the branch that it shares: of HEAD, unless the file there names another. */
async function readBareConfig(repository: Repository, prefix: string): Promise<Config> {
  const { commit } = await repository.head()
  return requireConfigAt(repository, commit, prefix)
}

async function requireConfigAt(repository: Repository, commit: Oid | undefined, prefix: string): Promise<Config> {
  const { readConfigAt } = await import('./registry/config-at.js')
  const name = prefix === '' ? nameOf(repository) : basename(prefix)
  const config = commit === undefined ? undefined : await readConfigAt(repository, commit, prefix, name)
  if (config !== undefined) return config
  throw new PromptctlError('not_found', `This bare repository has no ${prefix}${CONFIG_FILE} on its branch`, {
    hint: 'Where a repository holds several registries, --registry <path> names one.',
  })
}

/** The folder's name, as a clone of it would be called. */
const nameOf = ({ gitDir, workTree }: Repository): string =>
  workTree === undefined ? basename(gitDir, '.git') : basename(workTree)

async function openGit(root: string, options: OpenOptions): Promise<RegistryRepository> {
  const { openRepository } = await import('./git/open.js')
  const repository = await openRepository({
    cwd: root,
    base: options.base,
    env: options.env,
    signal: options.interrupt?.signal,
  })
  const folder = repository.workTree === undefined ? '' : relative(repository.workTree, root).split(sep).join('/')
  return attach(repository, folder === '' ? '' : `${folder}/`, options)
}

async function attach(
  repository: Repository,
  prefix: string,
  { now, interrupt }: OpenOptions,
): Promise<RegistryRepository> {
  const { openCache } = await import('./git/cache.js')
  const stateDir = join(repository.commonDir, 'promptctl', stateFolder(prefix))
  let busy = 0
  return {
    repository,
    prefix,
    stateDir,
    cache: openCache(join(stateDir, 'cache')),
    hooks: () => hooksOf(repository),
    exclusively: async (action) => {
      const [{ withLock }, { recover }] = await Promise.all([import('./git/lock.js'), import('./git/recover.js')])
      const whenOurs = async () => {
        await recover(repository)
        return interrupt === undefined ? action() : interrupt.protect(action)
      }
      busy += 1
      try {
        return await withLock(stateDir, whenOurs, { now })
      } finally {
        busy -= 1
      }
    },
    get isBusy() {
      return busy > 0
    },
  }
}

/** A folder's name for each registry of a repository: `root`, or the path with its slashes spelled out. */
const stateFolder = (prefix: string): string =>
  prefix === '' ? 'root' : `in-${encodeURIComponent(prefix.slice(0, -1))}`

function createRegistry(
  config: Config,
  workTree: WorkTree | undefined,
  options: OpenOptions,
  open: () => Promise<RegistryRepository>,
): Registry {
  const { env, now, onHistoryProgress, program } = options
  let git: Promise<RegistryRepository> | undefined
  let notifier: Promise<Notifier> | undefined
  let evaluator: Promise<Evaluator> | undefined
  let parallel: Promise<Parallel | undefined> | undefined
  let elsewhere: Promise<void> | undefined
  const openOnce = (): Promise<RegistryRepository> => {
    git ??= open()
    return git
  }
  const openNotifier = async (): Promise<Notifier> => {
    const { createNotifier } = await import('./webhook/notifier.js')
    const { stateDir } = await openOnce()
    return createNotifier({ stateDir, root: dirname(stateDir), env, now, program, exclusively: lockWith(now) })
  }
  return {
    config,
    workTree,
    clock: { now },
    onHistoryProgress,
    environmentVariable: environmentVariable(env['PROMPTCTL_ENV']),
    mayStartPrograms: true,
    git: openOnce,
    notifier: () => {
      notifier ??= openNotifier()
      return notifier
    },
    evaluator: () => {
      evaluator ??= openEvaluator(workTree, options)
      return evaluator
    },
    parallel: () => {
      parallel ??= import('./parallel/pool.js').then(({ openPool }) => openPool())
      return parallel
    },
    readElsewhere:
      options.stopped === undefined || program === undefined
        ? undefined
        : (tip) => {
            elsewhere ??= readElsewhere(options, tip)
            return elsewhere
          },
    close: async () => {
      await (await parallel)?.close()
      const opened = await git?.catch(() => undefined)
      await opened?.repository.close()
    },
  }
}

/** `promptctl serve --preload <commit>`, which ends when the cache holds what would be served. */
async function readElsewhere(options: OpenOptions, tip: Oid): Promise<void> {
  const { directory, base = directory, env, registry, program, stopped } = options
  if (program === undefined || stopped === undefined) return
  const { runElsewhere } = await import('./parallel/elsewhere.js')
  const folder = registry === undefined ? [] : ['--registry', registry]
  const words = ['serve', '--preload', tip, '-C', directory, ...folder]
  await runElsewhere({ program, words, cwd: base, env, signal: stopped })
}

async function openEvaluator(
  workTree: WorkTree | undefined,
  { env, directory, interrupt, evaluationProgress }: OpenOptions,
): Promise<Evaluator> {
  const { createEvaluator } = await import('./evaluation/evaluator.js')
  return createEvaluator({
    env,
    directory,
    root: workTree?.root ?? directory,
    ...(interrupt === undefined ? {} : { interrupt }),
    ...(evaluationProgress === undefined ? {} : { progress: evaluationProgress }),
  })
}

/** The lock of the git side, for the outbox. */
const lockWith =
  (now: () => number): Exclusively =>
  async (dir, action, timeoutMs) => {
    const { withLock } = await import('./git/lock.js')
    let isOurs = false
    const whenOurs = () => {
      isOurs = true
      return action()
    }
    try {
      return { value: await withLock(dir, whenOurs, { now, timeoutMs }) }
    } catch (error) {
      // Somebody has it: `details` say who. A disk that says no has another story.
      if (!isOurs && isPromptctlError(error, 'unavailable') && error.details?.['pid'] !== undefined) return undefined
      throw error
    }
  }

const environmentVariable = (text: string | undefined): Environment | undefined =>
  text === undefined || text === '' ? undefined : parseEnvironment(text)
