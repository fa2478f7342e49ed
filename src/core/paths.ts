import type { Environment, Slug } from './slug.js'

/** The configuration's name; the folder that holds it is the registry's root. */
export const CONFIG_FILE = 'promptctl.yaml'
export const PROMPTS_DIR = 'prompts'
export const TEST_SETS_DIR = 'evals'

/** Which prompt file a path is, relative to the registry's root. */
export interface PromptPath {
  readonly environment: Environment
  readonly slug: Slug
}

const PROMPT_PATH = /^prompts\/([a-z][a-z0-9-]{0,62})\/([a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{8})\.yaml$/

/** `prompts/production/refund-email-3f8a2b1c.yaml`: the path follows from environment and slug, and never changes. */
export const formatPromptPath = (environment: Environment, slug: Slug): string =>
  `${PROMPTS_DIR}/${environment}/${slug}.yaml`

/** The environment and slug of a path below the root, or undefined when no prompt file has that path. */
export function parsePromptPath(path: string): PromptPath | undefined {
  const match = PROMPT_PATH.exec(path)
  if (match === null) return undefined
  return { environment: match[1] as Environment, slug: match[2] as Slug }
}

/** `evals/refund-email-3f8a2b1c.yaml`: the cases that a prompt is tried with, in every environment. */
export const formatTestSetPath = (slug: Slug): string => `${TEST_SETS_DIR}/${slug}.yaml`

/** Byte order of UTF-8, as git sorts paths; for well-formed text that is the order of code points. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
