import { createFinding, type Finding } from '../core/lint/rules.js'
import { CONFIG_FILE } from '../core/paths.js'
import { type LintResult, lint } from './lint.js'
import type { Oid } from './ports.js'
import { openSharing, parseReceivedLines, type ReceivedLine, type Receiving, tryOpen } from './received.js'
import type { Registry } from './registry.js'

/**
 * Checks what git says on the standard input of a pre-receive hook: for every registry before and after, what its shared
 * branch would gain. Other branches and tags pass. The files of findings are relative to the top of the repository.
 * Throws `invalid_config` for a configuration that is pushed and wrong.
 */
export async function lintReceived(text: string, receiving: Receiving): Promise<LintResult> {
  const lines = parseReceivedLines(text)
  const isShared = await openSharing(receiving, lines)
  const results: LintResult[] = []
  for (const line of lines) {
    const [old, now] = [await readRegistries(receiving, line.old), await readRegistries(receiving, line.new)]
    for (const prefix of new Set([...old.keys(), ...now.keys()])) {
      if (!(await isShared(prefix, line))) continue
      const [before, after] = [await tryOpen(old.get(prefix)), await now.get(prefix)?.open()]
      results.push(inRepository(prefix, await lintRegistry(before, after, line)))
    }
  }
  return {
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    warnings: results.reduce((sum, { warnings }) => sum + warnings, 0),
    findings: results.flatMap(({ findings }) => findings),
  }
}

const readRegistries = async (receiving: Receiving, commit: Oid | undefined) =>
  new Map((await receiving.registriesAt(commit)).map((registry) => [registry.prefix, registry]))

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
    const message = `${branch} was rewritten, so versions would get other numbers; git pull --rebase <remote> ${branch}, and push what that makes`
    return only('renumbers', message)
  }
  // What is new in the repository is checked whole.
  const result =
    before === undefined ? await lintNew(after, ref, tip) : await lint(after, { kind: 'range', base: old, head: tip })
  const others = result.findings.filter(({ rule }) => rule !== 'renumbers')
  if (await repository.isOnChain(old, tip)) return countFindings(others)
  const message = `${branch} was merged into another history, so versions would get other numbers; git pull --rebase <remote> ${branch}, and push what that makes`
  return countFindings([createFinding('renumbers', CONFIG_FILE, message), ...others])
}

/** A branch that is not there yet has no step to check, but files. The registry is looked at as it is about to be. */
function lintNew(registry: Registry, ref: string, tip: Oid): Promise<LintResult> {
  const pushed: Registry = {
    ...registry,
    config: { ...registry.config, branch: ref.replace('refs/heads/', '') },
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
