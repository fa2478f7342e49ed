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
import { type Applied, type ApplyOptions, applyPlan, type Plan } from './apply.js'
import { type Registry, requireWorkTree } from './registry.js'

export interface NewRequest extends Omit<ApplyOptions, 'verb'> {
  readonly title: string
  readonly template: string
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
}

/** Makes a prompt: a draft in the first environment, with the variables that its template uses declared. */
export async function createPrompt(registry: Registry, request: NewRequest): Promise<Applied> {
  const { title, template, description, tags } = request
  const prompt = createDraft(registry, {
    title,
    content: { template, variables: inferVariables({ template }) },
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined || tags.length === 0 ? {} : { tags }),
  })
  return applyPlan(registry, async () => planNew([prompt]), { ...request, verb: 'new' })
}

/** What a new prompt begins with. */
export interface Beginning {
  readonly title: string
  readonly content: PromptContent
  readonly description?: string
  readonly tags?: readonly string[]
}

/** A draft in the registry's first environment, with an id of its own whose slug no file has yet. */
export function createDraft(registry: Registry, { title, content, description, tags }: Beginning): PromptFile {
  const environment = firstEnvironment(registry)
  const { id, slug } = createIdentity(registry, title, environment)
  const { variables = {}, ...rest } = content
  return {
    id,
    slug,
    title,
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    environment,
    state: 'draft',
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...rest,
  }
}

/** The plan that commits new drafts. They have no history yet. */
export function planNew(prompts: readonly PromptFile[]): Plan {
  const encoder = new TextEncoder()
  const changes = prompts.map(
    (prompt): Change => ({
      slug: prompt.slug,
      environment: prompt.environment,
      action: 'created',
      state: 'draft',
      origin: { file: formatPromptPath(prompt.environment, prompt.slug), prompt },
      digest: digestOf(prompt),
      previousVersion: null,
      content: encoder.encode(formatPrompt(prompt)),
    }),
  )
  return { changes, unchanged: [], skipped: [], versions: new Map() }
}

export function firstEnvironment({ config }: Registry): Environment {
  const [first] = config.environments
  if (first === undefined) throw new PromptctlError('invalid_config', 'The registry has no environment')
  return first
}

function createIdentity(registry: Registry, title: string, environment: Environment): { id: string; slug: Slug } {
  const workTree = requireWorkTree(registry)
  for (;;) {
    const id = randomUUID()
    const slug = createSlug(title, id)
    if (workTree.read(formatPromptPath(environment, slug)) === undefined) return { id, slug }
  }
}
