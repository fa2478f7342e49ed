import type { Finding } from '../core/lint/rules.js'
import { createFinding } from '../core/lint/rules.js'
import { checkStep, type Step, type StepFinding } from '../core/lint/step.js'
import { parsePromptPath } from '../core/paths.js'
import type { PromptDocument } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { sharedBranchOf } from './branches.js'
import { firstEnvironment } from './create.js'
import { readVersionsOf } from './history.js'
import type { LintChange, LintFile } from './lint-source.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'

/** A step, with what history is asked about it. */
interface LocatedStep extends Step {
  readonly slug: Slug
  readonly bytes: Uint8Array | undefined
}

/** Checks the steps from a commit to what comes after it; history before it is asked where a rule needs it. */
export async function checkSteps(
  registry: Registry,
  { base, before, after, changed }: LintChange,
): Promise<readonly Finding[]> {
  const [old, now] = await Promise.all([before.read(changed), after.read(changed)])
  const [oldByPath, nowByPath] = [byPath(old), byPath(now)]
  const shared = await isShared(registry)
  const findings: StepFinding[] = []
  const steps = changed.flatMap((path) => stepOf(path, oldByPath.get(path), nowByPath.get(path)) ?? [])
  const known = new Map(steps.map((step) => [step.path, step]))
  for (const step of steps) {
    if (!registry.config.environments.includes(step.environment)) continue
    findings.push(...checkStep(step, { firstEnvironment: firstEnvironment(registry), shared }))
  }
  const held = await dropRestored(registry, base, findings, known)
  return [...held, ...(await checkPromoted(registry, base, steps))]
}

const byPath = (files: readonly LintFile[]) => new Map(files.map((file) => [file.path, file]))

function stepOf(path: string, before: LintFile | undefined, after: LintFile | undefined): LocatedStep | undefined {
  const where = parsePromptPath(path)
  if (where === undefined) return undefined
  return {
    path,
    ...where,
    before: documentOf(before),
    existed: before !== undefined,
    after: documentOf(after),
    exists: after !== undefined,
    bytes: after?.kind === 'file' ? after.bytes : undefined,
  }
}

const documentOf = (file: LintFile | undefined): PromptDocument | undefined =>
  file?.kind === 'file' ? file.content().document : undefined

/** A range is on its way to the shared branch; what is staged is when that branch is checked out. */
async function isShared(registry: Registry): Promise<boolean> {
  const { repository } = await registry.git()
  const [{ branch }, shared] = await Promise.all([repository.head(), sharedBranchOf(registry)])
  return repository.workTree === undefined || shared === undefined || branch === shared
}

/** A blob that was published in that environment before may come back: that is what rollback does. */
async function dropRestored(
  registry: Registry,
  base: Oid | undefined,
  findings: readonly StepFinding[],
  steps: ReadonlyMap<string, LocatedStep>,
): Promise<readonly Finding[]> {
  const doubtful = findings.filter(({ unlessRestored }) => unlessRestored)
  const slugs = doubtful.flatMap(({ file }) => steps.get(file)?.slug ?? [])
  const { repository } = await registry.git()
  const versions = await readVersionsOf(registry, base, slugs)
  const isRestored = ({ file }: Finding): boolean => {
    const step = steps.get(file)
    if (step?.bytes === undefined) return false
    const blob = repository.blobId(step.bytes)
    return (versions.get(step.slug) ?? []).some(
      (version) => version.environment === step.environment && version.state === 'published' && version.blob === blob,
    )
  }
  return findings
    .filter((finding) => !(finding.unlessRestored && isRestored(finding)))
    .map(({ unlessRestored: _, ...rest }) => rest)
}

/** With promotion: strict, what is published beyond the first environment was live in the one before. */
async function checkPromoted(
  registry: Registry,
  base: Oid | undefined,
  steps: readonly LocatedStep[],
): Promise<readonly Finding[]> {
  const { promotion, environments } = registry.config
  if (promotion !== 'strict') return []
  const before = (environment: Environment): Environment | undefined =>
    environments[environments.indexOf(environment) - 1]
  const published = steps.filter(
    ({ after, before: old, environment }) =>
      after?.prompt.state === 'published' && after.seal !== old?.seal && before(environment) !== undefined,
  )
  const versions = await readVersionsOf(
    registry,
    base,
    published.map(({ slug }) => slug),
  )
  return published.flatMap(({ path, slug, environment, after }) => {
    const source = before(environment)
    const wasLive = (versions.get(slug) ?? []).some(
      (version) =>
        version.state === 'published' &&
        version.digest === after?.seal &&
        (version.environment === source || version.environment === environment),
    )
    if (wasLive || after === undefined) return []
    const message = `${source} never served this content, and this registry promotes strictly`
    return [createFinding('not_promoted', path, message, after.source.positionOf(['state']))]
  })
}
