import { PromptctlError } from '../errors.js'
import { liveIn, type Version } from '../ledger.js'
import type { PromptFile } from '../prompt-file.js'
import type { PromptDocument } from '../prompt-reader.js'
import type { Environment } from '../slug.js'
import {
  assertNotWithdrawn,
  type Change,
  createChange,
  illegalTransition,
  isWithdrawn,
  type Moment,
  type Standing,
} from './change.js'
import { sealedText } from './publish.js'
import { isRolledBack } from './rollback.js'

export interface PromotionOptions {
  readonly overwrite: boolean
  readonly again: boolean
  readonly restore: boolean
  /** Towards the last environment; only then can a hotfix be undone by accident. */
  readonly forwards: boolean
}

/** A document that is live, and the version that made it so. */
export interface LiveDocument {
  readonly version: Version
  readonly document: PromptDocument
}

/**
 * Decides what promoting `source` into `target` changes. Returns undefined when the target serves that already.
 * Throws `conflict` for a hotfix that would be undone and for content that was rolled back in the target,
 * `illegal_transition` for a target that is archived or deleted.
 */
export function planPromotion(
  source: LiveDocument,
  target: Standing,
  targetLive: PromptDocument | undefined,
  moment: Moment,
  options: PromotionOptions,
): Change | undefined {
  if (targetLive !== undefined && isSamePrompt(source.document.prompt, targetLive.prompt)) return undefined
  const from = source.version.environment
  assertNotWithdrawn(target, options.restore, `promote ${target.slug} --to ${target.environment}`)
  if (options.forwards && !options.overwrite) assertNoHotfix(target, from)
  if (!options.again) assertNotRolledBack(source, target)
  return createChange(target, source.document, {
    action: 'promoted',
    state: 'published',
    content: sealedText(source.document, moment, target),
    source: { environment: from, commit: source.version.commit },
  })
}

/** The live version of a promotion's source. Throws `illegal_transition` when there is none. */
export function requireLive(source: Standing, target: Environment): Version {
  const live = liveIn(source.versions, source.environment)
  if (live !== undefined) return live
  const command = isWithdrawn(source)
    ? `Bring it back there first: promptctl rollback ${source.slug} --env ${source.environment} --restore`
    : `Publish it there first: promptctl publish ${source.slug} --env ${source.environment}`
  throw illegalTransition(
    source,
    `${source.slug} is not live in ${source.environment}, so it cannot be promoted to ${target}`,
    command,
  )
}

/** Equal but for what an environment and a moment of publishing make different. */
function isSamePrompt(a: PromptFile, b: PromptFile): boolean {
  const essence = ({ environment, state, published_at, published_by, ...rest }: PromptFile) =>
    JSON.stringify(Object.entries(rest).sort(([x], [y]) => (x < y ? -1 : 1)))
  return essence(a) === essence(b)
}

function assertNoHotfix(target: Standing, from: Environment): void {
  const live = liveIn(target.versions, target.environment)
  if (live === undefined) return
  const wasLiveInSource = target.versions.some(
    (version) => version.environment === from && version.state === 'published' && version.digest === live.digest,
  )
  if (wasLiveInSource) return
  throw new PromptctlError(
    'conflict',
    `${target.slug} was changed in ${target.environment} itself (version ${live.version}), and ${from} never had that`,
    {
      hint: `Take it back first: promptctl promote ${target.slug} --from ${target.environment} --to ${from}; or replace it with --overwrite.`,
      details: { slug: target.slug, environment: target.environment, version: live.version, reason: 'hotfix' },
    },
  )
}

function assertNotRolledBack({ document, version }: LiveDocument, target: Standing): void {
  if (!isRolledBack(target.versions, target.environment, document.seal)) return
  throw new PromptctlError(
    'conflict',
    `${target.slug} version ${version.version} has content that was rolled back in ${target.environment}`,
    {
      hint: `If it should go there again: promptctl promote ${target.slug} --to ${target.environment} --again`,
      details: { slug: target.slug, environment: target.environment, reason: 'rolled_back' },
    },
  )
}
