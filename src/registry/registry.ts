import type { Config } from '../core/config.js'
import { PromptctlError } from '../core/errors.js'
import type { Environment } from '../core/slug.js'
import type { Cache, Clock, Evaluator, HookFiles, Notifier, Oid, Parallel, Repository, WorkTree } from './ports.js'

/** The git side of a registry. */
export interface RegistryRepository {
  readonly repository: Repository
  /** The registry's folder in the repository: `''`, or `team-a/` with the slash. */
  readonly prefix: string
  /** Kept per registry in the git directory. */
  readonly cache: Cache
  /** Where this registry keeps its lock, caches and outbox: absolute, in the git common directory. */
  readonly stateDir: string
  /** Opened on first use. */
  hooks(): Promise<HookFiles>
  /** Runs `action` alone among promptctl's writers; waits 10 s for another one, then throws `unavailable`. */
  exclusively<T>(action: () => Promise<T>): Promise<T>
  /** True while this process does something exclusively, or waits for it. */
  readonly isBusy: boolean
}

/** An opened registry: what every use case starts from. */
export interface Registry {
  readonly config: Config
  /** Undefined in a bare repository, and where a server works on commits alone, whatever somebody edits beside it. */
  readonly workTree: WorkTree | undefined
  readonly clock: Clock
  /** What PROMPTCTL_ENV names, if anything. */
  readonly environmentVariable: Environment | undefined
  /** Told how much was done while the ledger is built: commits that were read, then versions, of so many. */
  readonly onHistoryProgress?: ((done: number, total?: number) => void) | undefined
  /** Opened on first use, because compiling and linting the work tree need no git. */
  git(): Promise<RegistryRepository>
  /** Loaded on first use: most commands tell nobody. */
  notifier(): Promise<Notifier>
  /**
   * False where others than the user ask, as over HTTP: then no file of the repository starts a program, whatever the
   * environment allows.
   */
  readonly mayStartPrograms: boolean
  /** Loaded on first use: for eval, and where an environment has a gate. */
  evaluator(): Promise<Evaluator>
  /** Opened for work on many files alone; undefined where one thread has to do it. */
  parallel(): Promise<Parallel | undefined>
  /**
   * Reads what every environment serves at a commit in another process, which leaves it in the cache: all of history takes
   * memory that a process which goes on for long would not give back. Done at most once, and it may fail: who needs it looks
   * into the cache. Undefined in what ends soon anyway.
   */
  readonly readElsewhere?: ((tip: Oid) => Promise<void>) | undefined
  close(): Promise<void>
}

/** The same registry as a server works on it: commits alone, no environment of whoever started it, and no programs. */
export const onCommits = (registry: Registry): Registry => ({
  ...registry,
  workTree: undefined,
  environmentVariable: undefined,
  mayStartPrograms: false,
})

/** The environment that a command works on: --env, else PROMPTCTL_ENV, else the configuration's default. */
export const chooseEnvironment = (registry: Registry, flag: Environment | undefined): Environment =>
  findAskedEnvironment(registry, flag) ?? registry.config.defaultEnvironment

/** What --env or PROMPTCTL_ENV names, if anything. Throws `usage` for an environment that the configuration does not name. */
export function findAskedEnvironment(registry: Registry, flag: Environment | undefined): Environment | undefined {
  const { config, environmentVariable } = registry
  if (flag !== undefined) return requireEnvironment(config, flag)
  return environmentVariable && requireEnvironment(config, environmentVariable, ', which PROMPTCTL_ENV names')
}

/** Throws `usage` for an environment that the configuration does not name. */
export function requireEnvironment(config: Config, environment: Environment, origin = ''): Environment {
  if (config.environments.includes(environment)) return environment
  throw new PromptctlError('usage', `There is no environment ${environment}${origin}`, {
    hint: `This registry has ${config.environments.join(', ')}.`,
  })
}

/** The registry's folder on disk; throws `unsupported` in a bare repository. */
export function requireWorkTree(registry: Registry): WorkTree {
  if (registry.workTree !== undefined) return registry.workTree
  throw new PromptctlError('unsupported', 'A bare repository has no files to work on', {
    hint: 'Run this in a clone with a work tree.',
  })
}
