import { type Bundle, checkBundle, parseBundle, sealBundle } from '../core/bundle.js'
import type { DeliveredPrompt } from '../core/delivered.js'
import { PromptctlError } from '../core/errors.js'
import type { Environment, Slug } from '../core/slug.js'
import { requireTip } from './branches.js'
import { readSnapshot } from './delivery/read-snapshot.js'
import type { Snapshot } from './delivery/snapshot.js'
import { chooseEnvironment, type Registry } from './registry.js'

export interface Bundled {
  readonly bundle: Bundle
  /** Prompts whose newest version is invalid: the bundle has the one before. */
  readonly invalid: readonly Slug[]
  /** Live prompts that cannot be compiled, and why. */
  readonly broken: readonly { readonly slug: Slug; readonly message: string }[]
}

/**
 * Everything that an environment serves. Throws `unsupported` in a shallow clone when only history knows what is live of a
 * prompt: a bundle never leaves one out.
 */
export async function bundle(registry: Registry, environment: Environment | undefined): Promise<Bundled> {
  const chosen = chooseEnvironment(registry, environment)
  const snapshot = await readSnapshot(registry, await requireTip(registry), chosen)
  const [unknown] = snapshot.unknown
  if (unknown !== undefined) throw needsHistory(unknown, chosen)
  const broken: Bundled['broken'][number][] = []
  const prompts = snapshot.slugs.flatMap((slug) => {
    const served = snapshot.find(slug)
    if (served === undefined) return []
    const message = faultOf(served)
    if (message !== undefined) broken.push({ slug, message })
    return [finalOf(served.delivered)]
  })
  return {
    bundle: sealBundle({ environment: chosen, commit: snapshot.tip, prompts }),
    invalid: snapshot.invalid,
    broken,
  }
}

/** A push makes final what was provisional, and a bundle of the same commit is the same to the byte before and after. */
function finalOf({ provisional: _, ...delivered }: DeliveredPrompt): DeliveredPrompt {
  return delivered
}

/** Why a prompt cannot be compiled, whatever the values are. */
function faultOf(served: NonNullable<ReturnType<Snapshot['find']>>): string | undefined {
  try {
    served.prepared.checkDeclarations()
    return undefined
  } catch (error) {
    if (error instanceof PromptctlError) return error.message
    throw error
  }
}

const needsHistory = (slug: Slug, environment: Environment): PromptctlError =>
  new PromptctlError(
    'unsupported',
    `This is a shallow clone, and what is live of ${slug} in ${environment} takes the whole history`,
    { hint: 'git fetch --unshallow brings it.', details: { slug, environment } },
  )

export interface VerifiedBundle {
  readonly environment: Environment
  readonly commit: string
  readonly prompts: number
}

/** Holds a bundle against its own digests. Throws `invalid_prompt` for what is none, and `check_failed`, naming what does not fit. */
export function verifyBundle(bytes: Uint8Array, name: string): VerifiedBundle {
  const found = parseBundle(bytes, name)
  const problems = checkBundle(found)
  const { environment, commit, prompts } = found
  if (problems.length === 0) return { environment, commit, prompts: prompts.length }
  const named = problems.map(({ slug, message }) => (slug === null ? message : `${slug}: ${message}`))
  throw new PromptctlError('check_failed', `${name} does not fit its digests: ${named.join('; ')}`, {
    hint: 'Make it again: promptctl bundle.',
    details: { problems },
  })
}
