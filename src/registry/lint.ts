import { PromptctlError } from '../core/errors.js'
import { type CheckedFile, checkFile, symlinkFinding } from '../core/lint/file.js'
import { checkAliases } from '../core/lint/registry.js'
import { createFinding, type Finding } from '../core/lint/rules.js'
import { compareBytes, PROMPTS_DIR } from '../core/paths.js'
import type { PromptDocument } from '../core/prompt-reader.js'
import type { Environment } from '../core/slug.js'
import { commitForRange } from './lint-range.js'
import { currentSource, type LintChange, type LintFile, type LintSource, readChange } from './lint-source.js'
import { checkSteps } from './lint-steps.js'
import { checkTemplates } from './lint-templates.js'
import type { Registry } from './registry.js'

export type LintScope =
  | { readonly kind: 'work-tree'; readonly paths: readonly string[] }
  | { readonly kind: 'staged' }
  | { readonly kind: 'range'; readonly base: string; readonly head: string }

export interface LintResult {
  readonly errors: number
  readonly warnings: number
  /** In byte order of the files, then by place. */
  readonly findings: readonly Finding[]
}

/** Checks files, and for what is staged or in a range also the step that led to them. Findings are data, not errors. */
export async function lint(registry: Registry, scope: LintScope): Promise<LintResult> {
  const findings = await findAll(registry, scope)
  const sorted = findings.toSorted(
    (a, b) => compareBytes(a.file, b.file) || a.line - b.line || a.column - b.column || compareBytes(a.rule, b.rule),
  )
  const errors = sorted.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: sorted.length - errors, findings: sorted }
}

async function findAll(registry: Registry, scope: LintScope): Promise<readonly Finding[]> {
  if (scope.kind === 'work-tree') {
    const source = await currentSource(registry)
    return checkSource(registry, source, selectPaths(registry, await source.list(PROMPTS_DIR), scope.paths))
  }
  if (scope.kind === 'staged') {
    const { repository } = await registry.git()
    return checkChange(registry, await readChange(registry, (await repository.head()).commit, 'index'))
  }
  const { base, head, findings } = await commitForRange(registry, scope.base, scope.head)
  return [...findings, ...(await checkChange(registry, await readChange(registry, base, head)))]
}

/** Checks what differs: the files, and the steps that led to them. */
async function checkChange(registry: Registry, change: LintChange): Promise<readonly Finding[]> {
  const { after, changed } = change
  if (changed.length === 0) return []
  const [findings, steps] = await Promise.all([checkSource(registry, after, changed), checkSteps(registry, change)])
  return [...findings, ...steps]
}

/** Checks these files of a source, and what they have to do with each other and with the rest. */
async function checkSource(
  registry: Registry,
  source: LintSource,
  paths: readonly string[],
): Promise<readonly Finding[]> {
  const { environments } = registry.config
  const checked = (await source.read(paths)).map((file) => checkLintFile(file, environments))
  const documents = checked.flatMap(({ document }) => document ?? [])
  return [
    ...checked.flatMap(({ findings }) => findings),
    ...(await findSharedAliases(registry, source, documents, paths)),
    ...(await checkTemplates(source, documents)),
  ]
}

function checkLintFile(file: LintFile, environments: readonly Environment[]): CheckedFile {
  const { path } = file
  if (file.kind === 'file') return checkFile(path, file.content, environments)
  const finding = file.kind === 'link' ? symlinkFinding(path) : createFinding('invalid_prompt', path, file.message)
  return { path, document: undefined, findings: [finding] }
}

/** An alias may clash with a file that is not being checked: those are read only when one of ours has an alias. */
async function findSharedAliases(
  { config: { environments } }: Registry,
  source: LintSource,
  documents: readonly PromptDocument[],
  paths: readonly string[],
): Promise<readonly Finding[]> {
  const aliased = documents.filter(({ prompt }) => (prompt.aliases ?? []).length > 0)
  if (aliased.length === 0) return []
  const asked = new Set(paths)
  const folders = new Set(aliased.map(({ prompt }) => `${PROMPTS_DIR}/${prompt.environment}`))
  const listed = await Promise.all([...folders].map((folder) => source.list(folder)))
  const others = listed.flat().filter((path) => !asked.has(path))
  const neighbours = (await source.read(others)).flatMap((file) => checkLintFile(file, environments).document ?? [])
  const ours = new Set(aliased.map(({ source: { file } }) => file))
  return checkAliases([...neighbours, ...documents]).filter(({ file }) => ours.has(file))
}

/** Throws `not_found` for a path where nothing is; one that is there and holds no prompts selects nothing. */
function selectPaths(registry: Registry, all: readonly string[], asked: readonly string[]): readonly string[] {
  if (asked.length === 0) return all
  const isIn = (path: string, wanted: string) => wanted === '' || path === wanted || path.startsWith(`${wanted}/`)
  const folders = [PROMPTS_DIR, ...registry.config.environments.map((environment) => `${PROMPTS_DIR}/${environment}`)]
  for (const wanted of asked) {
    // Git keeps no empty folders, so that one of ours may be missing.
    if (folders.includes(wanted) || all.some((path) => isIn(path, wanted)) || registry.workTree?.has(wanted)) continue
    throw new PromptctlError('not_found', `There is no ${wanted} in the registry`, {
      hint: `Prompts are in ${folders.slice(1).join(', ')}.`,
    })
  }
  return all.filter((path) => asked.some((wanted) => isIn(path, wanted)))
}
