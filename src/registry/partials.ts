import { PromptctlError } from '../core/errors.js'
import { liveIn, type Version } from '../core/ledger.js'
import { type Change, illegalTransition } from '../core/lifecycle/change.js'
import { partialsOf } from '../core/partials.js'
import { compareBytes, formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import { promptSource, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Plan } from './apply.js'
import { readVersionsOf } from './history.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import { readVersionBytes } from './standing.js'

/** The included prompts of `changes` that would be neither live in the environment nor published along. */
export async function missingPartials(
  registry: Registry,
  head: Oid | undefined,
  environment: Environment,
  changes: readonly Change[],
): Promise<ReadonlyMap<Slug, Slug>> {
  const published = new Set(changes.filter(({ state }) => state === 'published').map(({ slug }) => slug))
  const wanted = new Map<Slug, Slug>()
  for (const change of changes) {
    if (change.state !== 'published') continue
    for (const partial of partialsOf(change.origin)) {
      if (!published.has(partial)) wanted.set(partial, change.slug)
    }
  }
  const versions = await readVersionsOf(registry, head, [...wanted.keys()])
  for (const partial of wanted.keys()) {
    if (liveIn(versions.get(partial) ?? [], environment) !== undefined) wanted.delete(partial)
  }
  return wanted
}

/** Throws `missing_partial` when something would be live that includes what is not. */
export async function assertPartialsLive(
  registry: Registry,
  head: Oid | undefined,
  environment: Environment,
  { changes, skipped }: Pick<Plan, 'changes' | 'skipped'>,
): Promise<void> {
  const [missing] = await missingPartials(registry, head, environment, changes)
  if (missing === undefined) return
  const [partial, user] = missing
  const passedOver = skipped.find(({ slug }) => slug === partial)
  throw new PromptctlError('missing_partial', `${user} includes ${partial}, which is not live in ${environment}`, {
    hint:
      passedOver === undefined
        ? `Publish them together, or ${partial} first; promote takes it along with --with-partials.`
        : `${partial} was passed over: ${passedOver.reason}.`,
    details: { slug: user, partial, environment },
  })
}

/** Throws `illegal_transition` when a prompt that stays live includes one of `archived`. */
export async function assertNotIncluded(
  registry: Registry,
  head: Oid | undefined,
  environment: Environment,
  archived: ReadonlySet<Slug>,
): Promise<void> {
  if (head === undefined) return
  const users = new Map<Slug, Slug[]>()
  for (const [user, bytes] of await readLiveMentioning(registry, head, environment, [...archived])) {
    if (archived.has(user)) continue
    const { document } = readPrompt(bytes, formatPromptPath(environment, user))
    for (const partial of document === undefined ? [] : partialsOf(promptSource(document))) {
      if (archived.has(partial)) users.set(partial, [...(users.get(partial) ?? []), user].sort(compareBytes))
    }
  }
  const [first] = users
  if (first === undefined) return
  const [partial, names] = first
  throw illegalTransition(
    { slug: partial, environment },
    `${partial} is included by ${names.join(', ')}, live in ${environment}`,
    'Archive or change those first, or archive them together.',
    { included_by: names },
  )
}

/** What is live in an environment and holds one of the texts, by slug. Reads every file there once. */
async function readLiveMentioning(
  registry: Registry,
  head: Oid,
  environment: Environment,
  texts: readonly string[],
): Promise<ReadonlyMap<Slug, Uint8Array>> {
  const { repository, prefix } = await registry.git()
  const entries = await repository.listTree(head, `${prefix}${PROMPTS_DIR}/${environment}`)
  const contents = await repository.readBlobs(entries.map(({ blob }) => blob))
  const live = new Map<Slug, Uint8Array>()
  const covered: Slug[] = []
  for (const { path, blob } of entries) {
    const slug = parsePromptPath(path.slice(prefix.length))?.slug
    const bytes = contents.get(blob)
    if (slug === undefined || bytes === undefined) continue
    const isPublished = readPrompt(bytes, '').document?.prompt.state === 'published'
    if (!isPublished) covered.push(slug)
    else if (texts.some((text) => Buffer.from(bytes).includes(text))) live.set(slug, bytes)
  }
  for (const [slug, versions] of await readVersionsOf(registry, head, covered)) {
    const bytes = await readLiveBytes(registry, versions, environment)
    if (bytes !== undefined && texts.some((text) => Buffer.from(bytes).includes(text))) live.set(slug, bytes)
  }
  return live
}

async function readLiveBytes(
  registry: Registry,
  versions: readonly Version[],
  environment: Environment,
): Promise<Uint8Array | undefined> {
  const live = liveIn(versions, environment)
  return live === undefined ? undefined : readVersionBytes(registry, live)
}
