import { isPromptctlError } from '../core/errors.js'
import { createFinding, type Finding } from '../core/lint/rules.js'
import { CONFIG_FILE } from '../core/paths.js'
import { sharedBranchOf } from './branches.js'
import { type LintResult, lint } from './lint.js'
import { type OpenAt, parseReceivedLines, type ReceivedLine } from './notify-ranges.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/**
 * Checks what git says on the standard input of a pre-receive hook: for every registry before and after, what the shared
 * branch would gain. Other branches and tags pass. The files of findings are relative to the top of the repository.
 * Throws `invalid_config` for a configuration that is pushed and wrong.
 */
export async function lintReceived(lines: string, openAt: OpenAt): Promise<LintResult> {
  const results: LintResult[] = []
  for (const line of parseReceivedLines(lines)) {
    if (line.old === undefined && line.new === undefined) continue
    results.push(...(await lintLine(line, openAt)))
  }
  return {
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    warnings: results.reduce((sum, { warnings }) => sum + warnings, 0),
    findings: results.flatMap(({ findings }) => findings),
  }
}

async function lintLine(line: ReceivedLine, openAt: OpenAt): Promise<readonly LintResult[]> {
  const [old, now] = [await openOld(line.old, openAt), await openAll(line.new, openAt)]
  try {
    const results: LintResult[] = []
    for (const prefix of new Set([...old.registries.keys(), ...now.registries.keys()])) {
      const [before, after] = [old.registries.get(prefix), now.registries.get(prefix)]
      // A push does not decide for itself that it is no push to the shared branch.
      if (!(await isShared(before, line)) && !(await isShared(after, line))) continue
      results.push(inRepository(prefix, await lintRegistry(before, after, line)))
    }
    return results
  } finally {
    await Promise.all([old.close(), now.close()])
  }
}

async function lintRegistry(
  before: Registry | undefined,
  after: Registry | undefined,
  { ref, old, new: tip }: ReceivedLine,
): Promise<LintResult> {
  const branch = ref.replace('refs/heads/', '')
  if (tip === undefined) return only('renumbers', `${branch} is the shared branch: without it there is no history`)
  if (after === undefined)
    return only('deleted', 'The configuration was deleted, and nothing would be checked any more')
  if (old === undefined) return lintNew(after, ref, tip)
  const { repository } = await after.git()
  const base = await repository.mergeBase(old, tip)
  if (base !== old) {
    const message = `${branch} was rewritten, so versions would get other numbers; git pull --rebase, and push what that makes`
    return only('renumbers', message)
  }
  // What is new in the repository is checked whole.
  const result =
    before === undefined ? await lintNew(after, ref, tip) : await lint(after, { kind: 'range', base: old, head: tip })
  const others = result.findings.filter(({ rule }) => rule !== 'renumbers')
  if (await repository.isOnChain(old, tip)) return countFindings(others)
  const message = `${branch} was merged into another history, so versions would get other numbers; git pull --rebase, and push what that makes`
  return countFindings([createFinding('renumbers', CONFIG_FILE, message), ...others])
}

/** A branch that is not there yet has no step to check, but files. The registry is looked at as it is about to be. */
function lintNew(registry: Registry, ref: string, tip: Oid): Promise<LintResult> {
  const pushed: Registry = {
    ...registry,
    git: async () => {
      const git = await registry.git()
      const { repository } = git
      const readRef = async (name: string) => (name === ref ? tip : repository.readRef(name))
      return { ...git, repository: { ...repository, readRef } }
    },
  }
  return lint(pushed, { kind: 'work-tree', paths: [] })
}

const only = (rule: Finding['rule'], message: string): LintResult =>
  countFindings([createFinding(rule, CONFIG_FILE, message)])

function countFindings(findings: readonly Finding[]): LintResult {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: findings.length - errors, findings }
}

const inRepository = (prefix: string, { findings, ...counts }: LintResult): LintResult => ({
  ...counts,
  findings: findings.map((finding) => ({ ...finding, file: `${prefix}${finding.file}` })),
})

async function isShared(registry: Registry | undefined, { ref }: ReceivedLine): Promise<boolean> {
  return registry !== undefined && ref === `refs/heads/${await sharedBranchOf(registry)}`
}

interface Opened {
  /** By the folder's path in the repository. */
  readonly registries: ReadonlyMap<string, Registry>
  close(): Promise<void>
}

async function openAll(
  commit: Oid | undefined,
  openAt: OpenAt,
  open: (opener: () => Promise<Registry>) => Promise<readonly Registry[]> = async (opener) => [await opener()],
): Promise<Opened> {
  if (commit === undefined) return { registries: new Map(), close: async () => {} }
  const { registries, close } = await openAt(commit)
  try {
    const opened = (await Promise.all(registries.map(open))).flat()
    const named = await Promise.all(opened.map(async (registry) => [(await registry.git()).prefix, registry] as const))
    return { registries: new Map(named), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What was accepted once and is wrong must not keep its mending out: it has no say. */
const openOld = (commit: Oid | undefined, openAt: OpenAt): Promise<Opened> =>
  openAll(commit, openAt, async (opener) => {
    try {
      return [await opener()]
    } catch (error) {
      if (isPromptctlError(error, 'invalid_config')) return []
      throw error
    }
  })
