import { isPromptctlError, problemOf } from '../core/errors.js'
import type { ImportRow, ImportRows, SkippedRow } from '../core/import/rows.js'
import type { Change } from '../core/lifecycle/change.js'
import type { PromptContent, VariableSchema } from '../core/prompt-file.js'
import type { Slug } from '../core/slug.js'
import { inferVariables } from '../core/variables.js'
import { type ApplyOptions, applyPlan } from './apply.js'
import { readTip } from './branches.js'
import { createDraft, createDraftChange, firstEnvironment, planNew } from './create.js'
import { readFilePrompt } from './file-prompt.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { planningView } from './view.js'

export interface ImportRequest extends Omit<ApplyOptions, 'verb'> {
  readonly source: ImportRows
  /** Turns a source's text into a template with declared variables. */
  readonly convert: (text: string) => ConvertedText
  readonly onProgress: (done: number, total: number) => void
}

interface ConvertedText {
  readonly template: string
  readonly variables: Readonly<Record<string, VariableSchema>>
  readonly warnings: readonly string[]
}

export interface ImportSummary {
  readonly imported: number
  readonly skipped: number
  readonly commit: Oid | null
  readonly prompts: readonly { readonly slug: Slug; readonly source: string }[]
  readonly warnings: readonly string[]
  /** What was not brought in, and why. */
  readonly reasons: readonly SkippedRow[]
  readonly dryRun: boolean
}

/**
 * Brings prompts in as drafts, in one commit. What is there already, with the same title and content, is skipped, and so is
 * what cannot be a prompt.
 */
export async function importPrompts(registry: Registry, request: ImportRequest): Promise<ImportSummary> {
  const present = await readPresent(registry)
  const refused: SkippedRow[] = [...request.source.skipped]
  const known: SkippedRow[] = []
  const warnings: string[] = []
  const drafts: { change: Change; source: string }[] = []
  for (const [index, row] of request.source.rows.entries()) {
    const { source } = row
    const drafted = await draftRow(registry, row, request.convert, present)
    if (drafted === 'present') known.push({ source, reason: 'it is there already' })
    else if ('reason' in drafted) refused.push({ source, reason: drafted.reason })
    else {
      warnings.push(...drafted.warnings.map((warning) => `${source}: ${warning}`))
      drafts.push({ change: drafted.change, source })
    }
    request.onProgress(index + 1, request.source.rows.length)
  }
  const reasons = [...refused, ...known]
  const applied = await applyPlan(registry, async () => planNew(drafts.map(({ change }) => change)), {
    ...request,
    verb: 'import',
  })
  return {
    imported: drafts.length,
    skipped: reasons.length,
    commit: applied.commit ?? null,
    prompts: drafts.map(({ change, source }) => ({ slug: change.slug, source })),
    warnings,
    reasons,
    dryRun: applied.dryRun,
  }
}

/** The draft of a row; or that it is there, or why it can be none: one bad row leaves the others alone. */
async function draftRow(
  registry: Registry,
  row: ImportRow,
  convert: ImportRequest['convert'],
  present: ReadonlySet<string>,
): Promise<'present' | { reason: string } | { change: Change; warnings: readonly string[] }> {
  try {
    const { warnings, ...content } = convertRow(row, convert)
    if (present.has(identityOf(row.title, content))) return 'present'
    return { change: createDraftChange(await createDraft(registry, { title: row.title, content })), warnings }
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return { reason: problemOf(error) }
    throw error
  }
}

function convertRow(
  { template }: ImportRow,
  convert: ImportRequest['convert'],
): PromptContent & { warnings: readonly string[] } {
  const converted = convert(template)
  const variables = Object.keys(converted.variables).length > 0 ? converted.variables : inferVariables(converted)
  return { template: converted.template, variables, warnings: converted.warnings }
}

const identityOf = (title: string, { template }: PromptContent): string => JSON.stringify([title, template])

/** Title and template of each prompt that the first environment has. */
async function readPresent(registry: Registry): Promise<ReadonlySet<string>> {
  const view = await planningView(registry, await readTip(registry))
  const environment = firstEnvironment(registry)
  const present = new Set<string>()
  for (const slug of await view.slugs(environment)) {
    const prompt = await readFilePrompt(view, environment, slug)
    if (prompt !== undefined) present.add(identityOf(prompt.title, prompt))
  }
  return present
}
