import type { Environment, Slug } from '../core/slug.js'
import { formatPromptTypes } from '../core/value-types.js'
import { requireTip } from './branches.js'
import { readSnapshot } from './delivery/read-snapshot.js'
import { chooseEnvironment, type Registry } from './registry.js'

export interface PromptTypes {
  readonly environment: Environment
  /** How many prompts. */
  readonly prompts: number
  /** A TypeScript declaration file. */
  readonly types: string
  /** Prompts of a shallow clone that are left out, since only history knows what is live of them. */
  readonly unknown: readonly Slug[]
}

/** The types of the values of everything that an environment serves. */
export async function promptTypes(registry: Registry, environment: Environment | undefined): Promise<PromptTypes> {
  const chosen = chooseEnvironment(registry, environment)
  const snapshot = await readSnapshot(registry, await requireTip(registry), chosen)
  const prompts = snapshot.slugs.flatMap((slug) => snapshot.find(slug)?.delivered ?? [])
  return { environment: chosen, prompts: prompts.length, types: formatPromptTypes(prompts), unknown: snapshot.unknown }
}
