import { createHash } from 'node:crypto'
import type { PreparedPrompt } from '../../core/compile.js'
import { createDelivered, type DeliveredPrompt } from '../../core/delivered.js'
import { prepareDelivered } from '../../core/delivered-source.js'
import { PromptctlError } from '../../core/errors.js'
import type { Version } from '../../core/ledger.js'
import { partialsOf } from '../../core/partials.js'
import type { PromptFile } from '../../core/prompt-file.js'
import { type PromptDocument, promptSource } from '../../core/prompt-reader.js'
import type { Environment, Slug } from '../../core/slug.js'
import { provisionalCommits } from '../branches.js'
import { readVersions } from '../history.js'
import type { Oid } from '../ports.js'
import { livePartials, type PartialReader } from '../prepare.js'
import type { Registry } from '../registry.js'
import { readVersionDocument } from '../standing.js'
import type { ServedPrompt } from './snapshot.js'

/** Which version a program asks for: its number, or the beginning of its commit. */
export type VersionName = { readonly version: number } | { readonly commit: string }

/**
 * A published version as it was served, with the partials that were live at its commit. `allowed` are the environments that
 * count. Throws `not_found` for anything else: a draft, an archived or a broken version, one that is not there.
 */
export async function readServedVersion(
  registry: Registry,
  tip: Oid,
  slug: Slug,
  { at, allowed }: { readonly at: VersionName; readonly allowed: readonly Environment[] },
): Promise<ServedPrompt> {
  const version = findVersion(await readVersions(registry, tip, slug), at, allowed)
  if (version?.state !== 'published') {
    const name = 'version' in at ? `version ${at.version}` : `version at commit ${at.commit}`
    throw new PromptctlError('not_found', `${slug} has no published ${name} here`, {
      hint: 'The versions route of the template lists what there is.',
    })
  }
  const document = await readVersionDocument(registry, version)
  const partials = await collectPartials(document, livePartials(registry, version.commit, version.environment))
  const provisional = (await provisionalCommits(registry, tip)).has(version.commit)
  const origin = { ...version, provisional }
  const { seal: digest, prompt } = document
  const blob = version.blob as Oid
  return createServed(createDelivered({ prompt, digest, blob, origin }, partials))
}

function findVersion(versions: readonly Version[], at: VersionName, allowed: readonly Environment[]) {
  const wanted =
    'version' in at ? [versions[at.version - 1]] : versions.filter(({ commit }) => commit.startsWith(at.commit))
  const found = wanted.filter((version) => version !== undefined && allowed.includes(version.environment))
  if (found.length < 2) return found[0]
  throw new PromptctlError('ambiguous', `Several versions are of that commit`, {
    hint: 'Name one by its number, or add ?environment=.',
    details: { candidates: found.map((version) => version?.version) },
  })
}

async function collectPartials(document: PromptDocument, read: PartialReader): Promise<ReadonlyMap<Slug, PromptFile>> {
  const found = new Map<Slug, PromptFile>()
  const pending = [...partialsOf(promptSource(document))]
  for (let slug = pending.pop(); slug !== undefined; slug = pending.pop()) {
    const partial = found.has(slug) || slug === document.prompt.slug ? undefined : await read(slug)
    if (partial?.prompt.template === undefined) continue
    found.set(slug, partial.prompt)
    pending.push(...partialsOf(promptSource(partial)))
  }
  return found
}

function createServed(delivered: DeliveredPrompt): ServedPrompt {
  let prepared: PreparedPrompt | undefined
  const { environment, slug, version } = delivered
  return {
    environment,
    slug,
    version,
    delivered,
    revision: createHash('sha256').update(JSON.stringify(delivered)).digest('hex').slice(0, 32),
    get prepared() {
      prepared ??= prepareDelivered(delivered)
      return prepared
    },
  }
}
