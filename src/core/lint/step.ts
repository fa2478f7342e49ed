import type { PromptDocument } from '../prompt-reader.js'
import type { Environment } from '../slug.js'
import { createFinding, type Finding, type Rule } from './rules.js'

/** What one file was before and is now. Undefined: not there, or not readable. */
export interface Step {
  readonly path: string
  readonly environment: Environment
  readonly before: PromptDocument | undefined
  /** There was a file before, readable or not. */
  readonly existed: boolean
  readonly after: PromptDocument | undefined
  readonly exists: boolean
}

export interface StepContext {
  readonly firstEnvironment: Environment
  /** The step is on the shared branch, or on its way there. */
  readonly shared: boolean
}

/** A finding that does not hold when the file's blob was published in that environment before: a rollback. */
export interface StepFinding extends Finding {
  readonly unlessRestored: boolean
}

/** Checks what changed in one file: identity, deletion, and the change of state. */
export function checkStep(step: Step, { firstEnvironment, shared }: StepContext): readonly StepFinding[] {
  const { path, before, after, existed, exists, environment } = step
  const find = (rule: Rule, message: string, key?: string, unlessRestored = false): StepFinding => ({
    ...createFinding(rule, path, message, key === undefined ? undefined : after?.source.positionOf([key])),
    unlessRestored,
  })
  if (existed && !exists)
    return [find('deleted', 'deleted; promptctl archive takes a prompt out of service and keeps it')]
  if (after === undefined) return []
  const findings: StepFinding[] = []
  if (before === undefined) return findings
  const [was, is] = [before.prompt, after.prompt]
  if (was.id !== is.id) findings.push(find('id_changed', `id was ${was.id}, and never changes`, 'id'))
  if (was.slug !== is.slug) findings.push(find('slug_changed', `slug was ${was.slug}, and never changes`, 'slug'))
  if (was.state === 'archived' && is.state === 'draft') {
    findings.push(find('illegal_transition', 'archived to draft; promptctl publish --restore brings it back', 'state'))
  }
  if (was.state === 'archived' && is.state === 'published' && was.published_at === is.published_at) {
    findings.push(
      find('illegal_transition', 'archived to published by hand; promptctl rollback --restore does it', 'state', true),
    )
  }
  if (was.state === 'published' && is.state === 'draft' && environment !== firstEnvironment && shared) {
    const message = `a draft over what is published in ${environment}; edit in ${firstEnvironment} and promote`
    findings.push(find('draft_over_published', message, 'state'))
  }
  const changedUnpublished = was.state === 'published' && is.state === 'published' && before.seal !== after.seal
  if (changedUnpublished && was.published_at === is.published_at && is.digest === after.seal) {
    findings.push(
      find(
        'unpublished_change',
        'the content changed, and published_at did not; run promptctl publish',
        'published_at',
        true,
      ),
    )
  }
  return findings
}
