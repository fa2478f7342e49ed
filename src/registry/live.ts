import { liveIn, type Version } from '../core/ledger.js'
import { formatPromptPath } from '../core/paths.js'
import { isSealed, type PromptDocument, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { readVersions } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { readVersionDocument } from './standing.js'

/** What an environment serves of a prompt. */
export interface LivePrompt {
  readonly document: PromptDocument
  /** Which version that is; null in a shallow clone. Asks history where the file alone told what is live. */
  locate(): Promise<{ readonly version: number | null; readonly commit: Oid | null }>
}

/**
 * What an environment serves at a commit; undefined when that is nothing. A file that is published there is live itself,
 * and one that is archived or gone is not: only a draft or a broken file on top takes history, and throws `unsupported`
 * in a shallow clone. `versionsOf` tells the prompt's versions at that commit.
 */
export async function readLive(
  registry: Registry,
  commit: Oid,
  environment: Environment,
  slug: Slug,
  versionsOf: () => Promise<readonly Version[]> = () => readVersions(registry, commit, slug),
): Promise<LivePrompt | undefined> {
  const { repository, prefix } = await registry.git()
  const path = formatPromptPath(environment, slug)
  const [entry] = await repository.entriesAt(commit, [`${prefix}${path}`])
  if (entry === undefined) return undefined
  const document = entry.mode === '120000' ? undefined : await readValid(registry, entry.blob, { slug, environment })
  if (document?.prompt.state === 'archived') return undefined
  if (document?.prompt.state === 'published') {
    return { document, locate: () => locateLive(registry, commit, environment, slug) }
  }
  const live = liveIn(await versionsOf(), environment)
  if (live === undefined) return undefined
  const { version } = live
  return {
    document: await readVersionDocument(registry, live),
    locate: async () => ({ version, commit: live.commit }),
  }
}

/** The prompt in a blob, or undefined when as a version of that file it would be invalid. */
async function readValid(
  registry: Registry,
  blob: Oid,
  { slug, environment }: { slug: Slug; environment: Environment },
): Promise<PromptDocument | undefined> {
  const { repository } = await registry.git()
  const bytes = (await repository.readBlobs([blob])).get(blob) ?? new Uint8Array()
  const { document } = readPrompt(bytes, formatPromptPath(environment, slug))
  if (document === undefined || !isSealed(document.prompt, document.seal)) return undefined
  return document.prompt.slug === slug && document.prompt.environment === environment ? document : undefined
}

async function locateLive(registry: Registry, commit: Oid, environment: Environment, slug: Slug) {
  const { repository } = await registry.git()
  if (await repository.isShallow()) return { version: null, commit: null }
  const live = liveIn(await readVersions(registry, commit, slug), environment)
  return { version: live?.version ?? null, commit: live?.commit ?? null }
}
