import { randomUUID } from 'node:crypto'
import { digestOf } from '../core/digest.js'
import { PromptctlError } from '../core/errors.js'
import type { Change } from '../core/lifecycle/change.js'
import { formatPromptPath } from '../core/paths.js'
import type { PromptContent, PromptFile } from '../core/prompt-file.js'
import { formatPrompt } from '../core/prompt-writer.js'
import type { Environment, Slug } from '../core/slug.js'
import { createSlug } from '../core/slug-title.js'
import { inferVariables } from '../core/variables.js'
import { assertAliasesFree } from './aliases.js'
import { type Applied, applyPlan, type Plan, type Planner } from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readTip } from './branches.js'
import type { Registry } from './registry.js'
import { planningView } from './view.js'

/** What a new prompt begins with. */
export interface Beginning {
  readonly title: string
  /** Where it declares no variables, those that its templates use are declared. */
  readonly content: PromptContent
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly aliases?: readonly string[] | undefined
}

export interface NewRequest extends PushableRequest, Beginning {}

/** Makes a prompt: a draft in the first environment. */
export async function createPrompt(opened: Registry, request: NewRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  const planner: Planner = async (current, head) => {
    const prompt = await createDeclared(current, request)
    const plan = planNew([createDraftChange(prompt)])
    await assertAliasesFree(current, head, prompt.environment, plan.changes)
    return plan
  }
  return applyPlan(registry, planner, { ...request, verb: 'new', session })
}

/** As createDraft; where no variables are declared, those that the templates use are. */
async function createDeclared(registry: Registry, beginning: Beginning): Promise<PromptFile> {
  const { content } = beginning
  const draft = await createDraft(registry, beginning)
  // What a program sends is checked as a file before its templates are looked at.
  formatPrompt(draft)
  const variables = content.variables ?? inferVariables(content)
  return Object.keys(variables).length === 0 ? draft : { ...draft, variables }
}

/** A draft in the registry's first environment, with an id of its own whose slug no file has yet. */
export async function createDraft(registry: Registry, beginning: Beginning): Promise<PromptFile> {
  const { title, content, description, tags = [], aliases = [] } = beginning
  const environment = firstEnvironment(registry)
  const { id, slug } = await createIdentity(registry, title, environment)
  const { variables = {}, ...rest } = content
  return {
    id,
    slug,
    title,
    ...(description === undefined ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(aliases.length === 0 ? {} : { aliases }),
    environment,
    state: 'draft',
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...rest,
  }
}

/** A new draft, written. Throws `invalid_prompt`. */
export const createDraftChange = (prompt: PromptFile): Change => ({
  slug: prompt.slug,
  environment: prompt.environment,
  action: 'created',
  state: 'draft',
  origin: { file: formatPromptPath(prompt.environment, prompt.slug), prompt },
  digest: digestOf(prompt),
  previousVersion: null,
  content: new TextEncoder().encode(formatPrompt(prompt)),
})

/** The plan that commits new drafts. They have no history yet. */
export const planNew = (changes: readonly Change[]): Plan => ({
  changes,
  unchanged: [],
  skipped: [],
  versions: new Map(),
})

export function firstEnvironment({ config }: Registry): Environment {
  const [first] = config.environments
  if (first === undefined) throw new PromptctlError('invalid_config', 'The registry has no environment')
  return first
}

async function createIdentity(
  registry: Registry,
  title: string,
  environment: Environment,
): Promise<{ id: string; slug: Slug }> {
  const view = await planningView(registry, await readTip(registry))
  for (;;) {
    const id = randomUUID()
    const slug = createSlug(title, id)
    if ((await view.read(environment, slug)) === undefined) return { id, slug }
  }
}
