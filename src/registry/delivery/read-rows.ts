import { PromptctlError } from '../../core/errors.js'
import type { PackedPrompt } from '../../core/packed-prompt.js'
import { packPrompt } from '../../core/packed-prompt.js'
import { formatPromptPath } from '../../core/paths.js'
import type { Environment, Slug } from '../../core/slug.js'
import type { Registry } from '../registry.js'
import { type Contents, createContent } from './contents.js'
import { createRow, moveRow, type Place, type Row, readHead } from './row.js'

/** Blobs that are read and parsed at a time: some 20 ms on one thread, in which nobody else is answered. */
const BATCH = 100
/** From so many on, starting threads pays. */
const MANY = 500

/** The rows of live versions. A file that `before` has is not read again. */
export async function readRows(
  registry: Registry,
  environment: Environment,
  live: ReadonlyMap<Slug, Place>,
  before: ReadonlyMap<Slug, Row>,
  contents: Contents,
): Promise<ReadonlyMap<Slug, Row>> {
  const rows = new Map<Slug, Row>()
  const unread: [Slug, Place][] = []
  for (const [slug, place] of live) {
    const known = before.get(slug)
    const head = known === undefined ? undefined : readHead(known)
    if (known === undefined || head?.blob !== place.blob) unread.push([slug, place])
    else rows.set(slug, isSamePlace(head, place) ? known : moveRow(known, place))
  }
  for await (const [slug, place, packed] of packBlobs(registry, unread)) {
    if (packed === undefined) throw unreadable(environment, slug)
    rows.set(slug, createRow(slug, packed, contents.share(createContent(packed)), place))
  }
  return rows
}

const isSamePlace = ({ origin }: Place, { origin: other }: Place): boolean =>
  origin?.commit === other?.commit && origin?.version === other?.version

async function* packBlobs(
  registry: Registry,
  places: readonly (readonly [Slug, Place])[],
): AsyncGenerator<readonly [Slug, Place, PackedPrompt | undefined]> {
  const { repository } = await registry.git()
  const parallel = places.length < MANY ? undefined : await registry.parallel()
  const size = parallel === undefined ? BATCH : 10 * BATCH
  for (let start = 0; start < places.length; start += size) {
    const batch = places.slice(start, start + size)
    const blobs = await repository.readBlobs(batch.map(([, { blob }]) => blob))
    const bytes = batch.map(([, { blob }]) => blobs.get(blob) ?? new Uint8Array())
    const packed = parallel === undefined ? bytes.map(packPrompt) : await parallel.packed(bytes)
    for (const [index, [slug, place]] of batch.entries()) yield [slug, place, packed[index]]
    registry.onHistoryProgress?.(start + batch.length, places.length)
    await letOthersRun()
  }
}

/** Long work in one process lets requests be answered in between. */
export const letOthersRun = (): Promise<void> => new Promise((done) => setImmediate(done))

/** What is live was valid when it was judged. */
const unreadable = (environment: Environment, slug: Slug): PromptctlError =>
  new PromptctlError('invalid_prompt', `The live version of ${formatPromptPath(environment, slug)} cannot be read`, {
    hint: 'promptctl cache clear makes promptctl look at every version again.',
    details: { slug, environment },
  })

/** The prompts whose row is of another object now, and those that include one of them: what is made of them is old. */
export function renewUsers(rows: Map<Slug, Row>, before: ReadonlyMap<Slug, Row>, changed: Iterable<Slug>): void {
  const pending = new Set([...changed].filter((slug) => rows.get(slug) !== before.get(slug)))
  if (pending.size === 0) return
  const users = collectUsers(rows)
  for (const slug of pending) for (const user of users.get(slug) ?? []) pending.add(user)
  for (const slug of pending) {
    const row = rows.get(slug)
    if (row !== undefined && row === before.get(slug)) rows.set(slug, { ...row })
  }
}

/** By slug, the prompts that name it as a partial. */
function collectUsers(rows: ReadonlyMap<Slug, Row>): ReadonlyMap<Slug, readonly Slug[]> {
  const users = new Map<Slug, Slug[]>()
  for (const [slug, { content }] of rows) {
    for (const partial of content.includes) {
      const list = users.get(partial) ?? []
      users.set(partial, list)
      list.push(slug)
    }
  }
  return users
}
