import { isPromptctlError } from '../core/errors.js'
import type { Version } from '../core/ledger.js'
import { PROMPTS_DIR } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { provisionalCommits, readTip } from './branches.js'
import { readAllVersions, readVersionsOf } from './history.js'
import type { Oid } from './ports.js'
import type { Known } from './record.js'
import type { Registry } from './registry.js'
import type { RawPrompt } from './view.js'

/** What history knows of files: asked once, answered for each. */
export interface Knowledge {
  of(slug: Slug, raw: RawPrompt): Known
  /** Of a file that is not read, such as a symbolic link: whether it was changed git says. */
  ofUnread(slug: Slug, modified: boolean): Known
}

/** For one prompt, or for every prompt of an environment. In a shallow clone there are no versions, and no error. */
export async function readKnowledge(registry: Registry, environment: Environment, slug?: Slug): Promise<Knowledge> {
  const { repository, prefix } = await registry.git()
  const tip = await readTip(registry)
  if (tip === undefined) {
    const nothing: Known = { versions: [], modified: true, provisional: new Set() }
    return { of: () => nothing, ofUnread: () => nothing }
  }
  const dir = `${prefix}${PROMPTS_DIR}/${environment}`
  const [entries, versions, provisional] = await Promise.all([
    slug === undefined ? repository.listTree(tip, dir) : repository.entriesAt(tip, [`${dir}/${slug}.yaml`]),
    readVersionsIfAny(registry, tip, slug),
    provisionalCommits(registry, tip),
  ])
  const blobs = new Map(entries.map(({ path, blob }) => [path, blob]))
  const ofUnread = (asked: Slug, modified: boolean): Known => ({
    versions: versions.get(asked) ?? [],
    modified,
    provisional,
  })
  return {
    of: (asked, { path, bytes }) => ofUnread(asked, blobs.get(`${prefix}${path}`) !== repository.blobId(bytes)),
    ofUnread,
  }
}

async function readVersionsIfAny(
  registry: Registry,
  tip: Oid,
  slug: Slug | undefined,
): Promise<ReadonlyMap<Slug, readonly Version[]>> {
  try {
    return slug === undefined ? await readAllVersions(registry, tip) : await readVersionsOf(registry, tip, [slug])
  } catch (error) {
    if (isPromptctlError(error, 'unsupported')) return new Map()
    throw error
  }
}
