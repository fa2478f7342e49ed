import type { Promotion } from '../config.js'
import { PromptctlError } from '../errors.js'
import { liveIn } from '../ledger.js'
import { isSealed, type PromptDocument } from '../prompt-reader.js'
import { setValues } from '../prompt-writer.js'
import { type Environment, suffixOf } from '../slug.js'
import {
  assertNotWithdrawn,
  type Change,
  createChange,
  illegalTransition,
  type Moment,
  type Standing,
} from './change.js'

export interface PublishOptions {
  readonly restore: boolean
  readonly promotion: Promotion
  /** In promotion order. */
  readonly environments: readonly Environment[]
}

/**
 * Decides what publishing `document`, the file as it is in the work tree, changes. Returns undefined when it is
 * published already: it equals HEAD's file and its seal holds. Throws `illegal_transition` for what is archived or
 * deleted, and for content that `promotion: strict` wants to see promoted; `invalid_prompt` when its identity changed.
 */
export function planPublish(
  standing: Standing,
  document: PromptDocument,
  moment: Moment,
  options: PublishOptions,
): Change | undefined {
  const { prompt, source, seal } = document
  assertSameId(standing, document)
  assertNotWithdrawn(standing, options.restore, `publish ${standing.slug} --env ${standing.environment}`)
  if (prompt.state === 'archived' && !options.restore) {
    throw illegalTransition(
      standing,
      `${standing.slug} says that it is archived in ${standing.environment}`,
      `To bring it back: promptctl publish ${standing.slug} --env ${standing.environment} --restore`,
    )
  }
  const isUnchanged =
    setValues(source, { slug: standing.slug, environment: standing.environment }) === standing.head?.source.text
  if (isUnchanged && prompt.state === 'published' && isSealed(prompt, seal)) return undefined
  assertPromoted(standing, seal, options)
  return createChange(standing, document, {
    action: 'published',
    state: 'published',
    content: sealedText(document, moment, standing),
  })
}

/**
 * The text of a prompt file, published: state, moment and seal set, every other byte as it was. Slug and environment are
 * those of the path, whatever the file said.
 */
export const sealedText = (
  { source, seal }: PromptDocument,
  moment: Moment,
  { slug, environment }: Pick<Standing, 'slug' | 'environment'>,
): string =>
  setValues(source, {
    slug,
    environment,
    state: 'published',
    published_at: moment.at,
    published_by: moment.by,
    digest: seal,
  })

/** The id never changes: a file with another one is another prompt, in the wrong place. Throws `invalid_prompt`. */
function assertSameId({ slug, environment, head }: Standing, { prompt, source }: PromptDocument): void {
  const isSame = head === undefined ? prompt.id.startsWith(suffixOf(slug)) : prompt.id === head.prompt.id
  if (isSame) return
  const expected = head?.prompt.id ?? `${suffixOf(slug)}-…`
  throw identityChanged({ slug, environment, source }, 'id', prompt.id, expected)
}

/** An edit changes neither id, nor slug, nor environment. Throws `invalid_prompt`. */
export function assertSameIdentity(standing: Standing, document: PromptDocument): void {
  assertSameId(standing, document)
  const { prompt, source } = document
  for (const key of ['slug', 'environment'] as const) {
    if (prompt[key] !== standing[key]) throw identityChanged({ ...standing, source }, key, prompt[key], standing[key])
  }
}

const identityChanged = (
  { slug, environment, source }: Pick<Standing, 'slug' | 'environment'> & Pick<PromptDocument, 'source'>,
  key: 'id' | 'slug' | 'environment',
  actual: string,
  expected: string,
): PromptctlError =>
  new PromptctlError('invalid_prompt', `${source.file}: ${key} is ${actual}, but must stay ${expected}`, {
    hint: 'Set it back, or make a new prompt with promptctl new.',
    details: { slug, environment, rule: `${key}_changed`, ...source.positionOf([key]) },
  })

/** With `promotion: strict`, only content that the environment before served is published here. Throws `illegal_transition`. */
export function assertPromoted(
  standing: Standing,
  seal: string,
  { promotion, environments }: Pick<PublishOptions, 'promotion' | 'environments'>,
): void {
  const { slug, environment, versions } = standing
  const before = environments[environments.indexOf(environment) - 1]
  if (promotion !== 'strict' || before === undefined) return
  const wasLive = versions.some(
    (version) => version.environment === before && version.state === 'published' && version.digest === seal,
  )
  if (wasLive) return
  throw illegalTransition(
    standing,
    `${slug} has content that never was live in ${before}, and this registry promotes strictly (not_promoted)`,
    wayThrough(standing, seal, environments),
    { rule: 'not_promoted' },
  )
}

/** How content gets there: from where it is live, or else from the first environment; no step can be left out. */
function wayThrough(
  { slug, environment, versions }: Standing,
  seal: string,
  environments: readonly Environment[],
): string {
  const way = environments.slice(0, environments.indexOf(environment) + 1)
  const start = way.findLastIndex((place) => liveIn(versions, place)?.digest === seal)
  const steps = way.slice(Math.max(start, 0) + 1).map((to) => `promptctl promote ${slug} --to ${to}`)
  const beginning = start === -1 ? `Edit and publish it in ${way[0]}, then promote it` : 'Promote it'
  return `${beginning}${steps.length > 1 ? ' step by step' : ''}: ${steps.join(', then ')}`
}
