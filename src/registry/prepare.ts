import { type PreparedPrompt, preparePrompt } from '../core/compile.js'
import type { Version } from '../core/ledger.js'
import { partialsOf } from '../core/partials.js'
import { type PromptDocument, parsePrompt, promptSource } from '../core/prompt-reader.js'
import type { PromptSource } from '../core/prompt-templates.js'
import type { Environment, Slug } from '../core/slug.js'
import { readVersionsAt } from './history.js'
import { readLive } from './live.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import type { View } from './view.js'

/** Finds the prompt that a partial names; undefined when there is none. */
export type PartialReader = (slug: Slug) => Promise<PromptDocument | undefined>

/** Partials as their files are in a view: what goes with compiling the work tree. */
export const viewPartials =
  (view: View, environment: Environment): PartialReader =>
  async (slug) => {
    const raw = await view.read(environment, slug)
    return raw === undefined ? undefined : parsePrompt(raw.bytes, raw.path)
  }

/** Partials as they were live at a commit. */
export const livePartials =
  (registry: Registry, commit: Oid, environment: Environment): PartialReader =>
  async (slug) =>
    (await readLive(registry, commit, environment, slug))?.document

/** Partials as they were live when a version was made. */
export const versionPartials =
  (registry: Registry, version: Version): PartialReader =>
  async (slug) => {
    const versionsOf = () => readVersionsAt(registry, version, slug)
    return (await readLive(registry, version.commit, version.environment, slug, versionsOf))?.document
  }

/**
 * Joins a prompt with all that it includes, ready to compile many times. Throws `invalid_prompt`, `missing_partial` and
 * `partial_cycle`.
 */
export async function prepare(document: PromptDocument, partials: PartialReader): Promise<PreparedPrompt> {
  const sources = new Map<Slug, PromptSource>()
  const whole = promptSource(document)
  const pending = [...partialsOf(whole)]
  for (let slug = pending.pop(); slug !== undefined; slug = pending.pop()) {
    if (sources.has(slug)) continue
    const partial = await partials(slug)
    if (partial === undefined) continue
    const source = promptSource(partial)
    sources.set(slug, source)
    pending.push(...partialsOf(source))
  }
  return preparePrompt(whole, (slug) => sources.get(slug))
}
