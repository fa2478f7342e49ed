import { isPromptctlError } from '../core/errors.js'
import { formatIdentity } from '../core/history.js'
import type { LedgerRow } from '../core/ledger.js'
import { readTip, sharedBranchOf } from './branches.js'
import { createQuery } from './history.js'
import { hookNames, ownerOf } from './hooks.js'
import { readAllRows, readRowsFresh } from './ledger/ledger.js'
import { readMoves } from './ledger/moves.js'
import { lint } from './lint.js'
import { missingSecretsOf } from './notify.js'
import type { HookFile } from './ports.js'
import type { Registry } from './registry.js'

export type Health = 'ok' | 'warning' | 'error'

/** One thing that was looked at. */
export interface Diagnosis {
  readonly check: string
  readonly health: Health
  readonly message: string
  /** What would mend it. */
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export interface DoctorReport {
  readonly healthy: boolean
  readonly checks: readonly Diagnosis[]
}

type Check = (registry: Registry) => Promise<Diagnosis | readonly Diagnosis[]>

/** Looks at everything that promptctl relies on here, and changes nothing. */
export async function doctor(registry: Registry, checks: readonly Check[] = CHECKS): Promise<DoctorReport> {
  const found: Diagnosis[] = []
  for (const check of checks) found.push(...[await diagnose(check, registry)].flat())
  return { healthy: found.every(({ health }) => health !== 'error'), checks: found }
}

/** A check that cannot be made is a finding like any other. */
async function diagnose(check: Check, registry: Registry): Promise<Diagnosis | readonly Diagnosis[]> {
  try {
    return await check(registry)
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    const { message, hint } = error
    return {
      check: check.name.replace(/^check/, '').toLowerCase(),
      health: 'error',
      message,
      ...(hint === undefined ? {} : { hint }),
    }
  }
}

async function checkGit(registry: Registry): Promise<Diagnosis> {
  const { repository } = await registry.git()
  return { check: 'git', health: 'ok', message: `the ${repository.engine} engine: ${await repository.version()}` }
}

async function checkIdentity(registry: Registry): Promise<Diagnosis> {
  const { repository } = await registry.git()
  return { check: 'identity', health: 'ok', message: `commits are by ${formatIdentity(await repository.identity())}` }
}

async function checkBranch(registry: Registry): Promise<Diagnosis> {
  const { repository } = await registry.git()
  const [{ branch }, shared] = await Promise.all([repository.head(), sharedBranchOf(registry)])
  const on = branch === undefined ? 'HEAD is detached' : `on ${branch}`
  return { check: 'branch', health: 'ok', message: `${on}; the shared branch is ${shared ?? 'not known'}` }
}

async function checkHistory(registry: Registry): Promise<Diagnosis> {
  const { repository } = await registry.git()
  if (await repository.isShallow()) {
    return {
      check: 'history',
      health: 'warning',
      message: 'a shallow clone: no version numbers, no log, no rollback',
      hint: 'git fetch --unshallow brings the whole history.',
    }
  }
  const tip = await readTip(registry)
  if (tip === undefined) return { check: 'history', health: 'ok', message: 'no commit yet' }
  const git = await registry.git()
  const query = await createQuery(registry, tip)
  const [rows, fresh] = [await readAllRows(git, query), await readRowsFresh(git, query)]
  const count = [...fresh.values()].reduce((sum, { length }) => sum + length, 0)
  const wrong = [...new Set([...rows.keys(), ...fresh.keys()])].filter((slug) =>
    isOther(rows.get(slug), fresh.get(slug)),
  )
  const message = `${count} versions of ${fresh.size} prompts`
  if (wrong.length === 0) return { check: 'history', health: 'ok', message: `${message}; the ledger agrees` }
  return {
    check: 'history',
    health: 'error',
    message: `${message}; the ledger tells otherwise of ${nameSome(wrong)}`,
    hint: 'promptctl cache clear has it made anew; please report this.',
    details: { slugs: wrong },
  }
}

/** Whether a ledger's rows differ from those of history. Positions may: they only have to grow. */
const isOther = (a: readonly LedgerRow[] = [], b: readonly LedgerRow[] = []): boolean =>
  JSON.stringify(a.map(withoutPosition)) !== JSON.stringify(b.map(withoutPosition))

const withoutPosition = ({ position: _, ...row }: LedgerRow) => row

/** How many names a line holds; --json has them all. */
const FEW = 3

function nameSome(names: readonly string[]): string {
  const rest = names.length - FEW
  return `${names.slice(0, FEW).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`
}

async function checkFiles(registry: Registry): Promise<Diagnosis> {
  const { errors, warnings, findings } = await lint(registry, { kind: 'work-tree', paths: [] })
  if (errors === 0) return { check: 'files', health: 'ok', message: `no errors, ${warnings} warnings` }
  const seals = findings.filter(({ rule }) => rule === 'broken_seal').length
  const message = `${errors} errors${seals === 0 ? '' : `, ${seals} of them broken seals`}`
  return { check: 'files', health: 'error', message, hint: 'promptctl lint names each.' }
}

async function checkNumbers(registry: Registry): Promise<readonly Diagnosis[]> {
  const git = await registry.git()
  const [moves, tip] = [readMoves(git.cache), await readTip(registry)]
  if (moves.length === 0 || tip === undefined || (await git.repository.isShallow())) return []
  const rows = await readAllRows(git, await createQuery(registry, tip))
  const moved = moves
    .map((move) => ({ ...move, is: rows.get(move.slug)?.[move.version - 1]?.commit ?? null }))
    .filter(({ was, is }) => was !== is)
  if (moved.length === 0) return []
  const names = moved.map(({ slug, version, was, is }) => {
    const now = is === null ? 'gone' : is.slice(0, 12)
    return `${slug}@${version} (was ${was.slice(0, 12)}, is ${now})`
  })
  return [
    {
      check: 'numbers',
      health: 'warning',
      message: `history was rewritten, and version numbers moved: ${nameSome(names)}`,
      hint: 'Commits and blobs are what identifies a version; promptctl cache clear forgets this notice.',
      details: { moved },
    },
  ]
}

/** Whether git calls promptctl before it takes what is wrong. */
async function checkHooks(registry: Registry): Promise<Diagnosis> {
  const files = await (await registry.git()).hooks()
  const names = hookNames(files)
  const missing = names.filter((name) => !isCalled(files.read(name)))
  if (missing.length === 0) return { check: 'hooks', health: 'ok', message: `installed: ${names.join(', ')}` }
  const message = `not installed: ${missing.join(', ')}`
  return { check: 'hooks', health: 'warning', message, hint: 'promptctl hooks install lets git check what it takes.' }
}

/** A file that nobody may execute is passed over by git. */
const isCalled = (file: HookFile): boolean => file.isExecutable && ['ours', 'calls'].includes(ownerOf(file))

/** What webhooks have not been told, and cannot be told from here. */
async function checkOutbox(registry: Registry): Promise<readonly Diagnosis[]> {
  if (registry.config.webhooks.length === 0) return []
  const [deliveries, missing] = await Promise.all([(await registry.notifier()).list(), missingSecretsOf(registry)])
  const secrets = missing.length === 0 ? '' : `; nothing is sent from here: ${missing.join(', ')} is not set`
  if (deliveries.length === 0) return [{ check: 'outbox', health: 'ok', message: `empty${secrets}` }]
  const failed = deliveries.filter(({ state }) => state === 'failed').length
  return [
    {
      check: 'outbox',
      health: 'warning',
      message: `${deliveries.length} deliveries wait, ${failed} of them failed for good${secrets}`,
      hint: 'promptctl webhook deliveries lists them, promptctl webhook deliver tries again.',
    },
  ]
}

/** Ids of events are made of the name: who sends a version again must call the registry the same. */
async function checkName({ config }: Registry): Promise<readonly Diagnosis[]> {
  if (config.isNamed || config.webhooks.length === 0) return []
  return [
    {
      check: 'name',
      health: 'warning',
      message: `webhooks are configured and no name: from a folder that is not called ${config.name}, events have other ids`,
      hint: `Write name: ${JSON.stringify(config.name)} into promptctl.yaml.`,
    },
  ]
}

/** Where everyone may change production without review, a registry has no guard. */
async function checkOwners(registry: Registry): Promise<Diagnosis> {
  const last = registry.config.environments.at(-1) ?? ''
  const folder = `prompts/${last}`
  const files = ['CODEOWNERS', '.github/CODEOWNERS', 'docs/CODEOWNERS']
  const text = files
    .flatMap((file) => registry.workTree?.read(file) ?? [])
    .map((bytes) => new TextDecoder().decode(bytes))
  if (text.some((owners) => owners.includes(folder))) {
    return { check: 'owners', health: 'ok', message: `CODEOWNERS covers ${folder}` }
  }
  return {
    check: 'owners',
    health: 'warning',
    message: `CODEOWNERS does not cover ${folder}`,
    hint: `A line such as "/${folder}/ @your-team" makes the host ask for a review.`,
  }
}

const CHECKS: readonly Check[] = [
  checkGit,
  checkIdentity,
  checkBranch,
  checkHistory,
  checkNumbers,
  checkFiles,
  checkHooks,
  checkName,
  checkOutbox,
  checkOwners,
]
