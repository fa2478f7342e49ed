import { isPromptctlError } from '../core/errors.js'
import type { State } from '../core/prompt-file.js'
import { readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { readKnowledge } from './known.js'
import { viewPartials } from './prepare.js'
import { contentsOf, createRecord, type PromptContents, type PromptRecord } from './record.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { readView } from './resolve.js'
import { readVariables } from './variables.js'
import type { RawPrompt, View } from './view.js'

export interface ListRequest {
  readonly environment: Environment | undefined
  readonly state: State | 'invalid' | undefined
  readonly tag: string | undefined
  readonly full: boolean
}

export type ListedPrompt = PromptRecord & Partial<PromptContents>

/** The prompts of an environment, in byte order of their slugs. One that cannot be read is listed as `invalid`. */
export async function list(registry: Registry, request: ListRequest): Promise<readonly ListedPrompt[]> {
  const environment = chooseEnvironment(registry, request.environment)
  const view = await readView(registry)
  const [slugs, knowledge] = await Promise.all([view.slugs(environment), readKnowledge(registry, environment)])
  const listed: ListedPrompt[] = []
  for (const slug of slugs) {
    const raw = await readOrNothing(view, environment, slug)
    const read = raw === undefined ? undefined : readPrompt(raw.bytes, raw.path)
    const known =
      raw === undefined ? { versions: [], modified: true, provisional: new Set<never>() } : knowledge.of(slug, raw)
    const record = createRecord({ slug, environment }, read?.prompt, read?.seal, known)
    if (request.state !== undefined && record.state !== request.state) continue
    if (request.tag !== undefined && !record.tags.includes(request.tag)) continue
    listed.push({ ...record, ...(request.full ? await contents(view, environment, read) : {}) })
  }
  return listed
}

async function contents(
  view: View,
  environment: Environment,
  read: ReturnType<typeof readPrompt> | undefined,
): Promise<Partial<PromptContents>> {
  if (read?.prompt === undefined || read.source === undefined || read.seal === undefined) return {}
  const { prompt, source, seal } = read
  const variables = await readVariables({ prompt, source, seal }, viewPartials(view, environment))
  return contentsOf(prompt, variables)
}

/** A symbolic link in place of a file is listed as invalid, like anything else that cannot be read. */
async function readOrNothing(view: View, environment: Environment, slug: Slug): Promise<RawPrompt | undefined> {
  try {
    return await view.read(environment, slug)
  } catch (error) {
    if (isPromptctlError(error, 'invalid_prompt')) return undefined
    throw error
  }
}
