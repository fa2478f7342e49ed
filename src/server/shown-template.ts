import type { Environment, Slug } from '../core/slug.js'
import { readTemplate, readTemplateRecords, type TemplatePlace } from '../registry/delivery/templates.js'
import type { Oid } from '../registry/ports.js'
import type { PromptRecord } from '../registry/record.js'
import type { Registry } from '../registry/registry.js'

/** The answer about one template: what it is in its environment, and in short where else the caller may read it. */
export async function readShownTemplate(
  registry: Registry,
  tip: Oid,
  place: TemplatePlace,
  readable: readonly Environment[],
) {
  const states = await listTemplateStates(registry, tip, place.slug, readable)
  const environments = Object.fromEntries(
    states.map(({ environment, state, version, live_version, digest }) => [
      environment,
      { state, version, live_version, digest },
    ]),
  )
  return { ...(await readTemplate(registry, tip, place)), environments }
}

/** The records of a prompt where it is, in the order of the environments. */
export async function listTemplateStates(
  registry: Registry,
  tip: Oid,
  slug: Slug,
  environments: readonly Environment[],
): Promise<readonly PromptRecord[]> {
  const places = environments.map((environment) => ({ slug, environment }))
  const records = await readTemplateRecords(registry, tip, places)
  return records.filter(({ version, state }) => version !== null && state !== 'deleted')
}
