import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import type { Oid } from '../../src/core/history.js'
import type { Environment } from '../../src/core/slug.js'
import { openRegistry } from '../../src/open.js'
import { preload } from '../../src/registry/delivery/preload.js'
import { readSnapshot } from '../../src/registry/delivery/read-snapshot.js'
import type { Snapshot } from '../../src/registry/delivery/snapshot.js'
import type { Registry } from '../../src/registry/registry.js'
import { createRegistry, ENGINES, type Seed, type TestRegistry, tempDir } from '../helpers/registry.js'

const PRODUCTION = 'production' as Environment
const open = ({ dir, repo }: Pick<TestRegistry, 'dir' | 'repo'>, more: Record<string, string> = {}) =>
  openRegistry({ directory: dir, env: { ...repo.env, ...more }, now: Date.now })

async function using<T>(registry: Registry, action: (registry: Registry) => Promise<T>): Promise<T> {
  try {
    return await action(registry)
  } finally {
    await registry.close()
  }
}

/** A second time, from what the first one knows. */
const readAgain = async (registry: Registry, tip: Oid): Promise<Snapshot> => {
  const first = await readSnapshot(registry, tip, PRODUCTION)
  expect(await readSnapshot(registry, tip, PRODUCTION, first)).toBe(first)
  return first
}

const snapshotOf = async (fixture: TestRegistry, environment = PRODUCTION, previous?: Snapshot): Promise<Snapshot> =>
  using(await open(fixture), (registry) => readSnapshot(registry, fixture.head() as Oid, environment, previous))

describe('a snapshot', () => {
  it.each(ENGINES)('serves what is live, with its content and origin (%s)', async (engine) => {
    const fixture = createRegistry({ engine })
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
    const snapshot = await snapshotOf(fixture)
    expect(snapshot).toMatchObject({ environment: 'production', size: 1, slugs: [slug], invalid: [], unknown: [] })
    const served = snapshot.find(slug)
    expect(served?.delivered).toMatchObject({
      slug,
      title: 'Greeting',
      version: 4,
      commit: fixture.head(),
      live_by: 'Ada Lovelace <ada@example.com>',
      subject: 'seed 3',
      template: 'Hi {{name}}',
      partials: {},
      variables: [{ name: 'name', required: true }],
    })
    expect(served?.delivered.digest).toBe(served?.delivered.resolved_digest)
    expect(served?.prepared.compile({ name: 'Ada' })).toBe('Hi Ada')
  })

  it('goes on with what was live under a draft and under a broken file [case 6] [case 8]', async () => {
    const fixture = createRegistry()
    const seeds = [{ environment: 'production', template: 'One' }]
    const drafted = fixture.seed('Drafted', [...seeds, { environment: 'production', state: 'draft', template: 'Two' }])
    const broken = fixture.seed('Broken', [
      ...seeds,
      { environment: 'production', text: (right: string) => right.replace('template:', 'template: [') },
    ])
    const unsealed = fixture.seed('Unsealed', [
      ...seeds,
      { environment: 'production', template: 'Two', text: (right: string) => right.replace('Two', 'Three') },
    ])
    const archived = fixture.seed('Archived', [
      ...seeds,
      { environment: 'production', state: 'archived' },
      { environment: 'production', state: 'draft' },
    ])
    const deleted = fixture.seed('Deleted', [...seeds, { environment: 'production', state: 'deleted' }])
    const snapshot = await snapshotOf(fixture)
    expect(snapshot.slugs).toEqual([broken.slug, drafted.slug, unsealed.slug].sort())
    expect(snapshot.invalid).toEqual([broken.slug, unsealed.slug].sort())
    for (const slug of snapshot.slugs) expect(snapshot.find(slug)?.delivered.template).toBe('One')
    expect([snapshot.find(archived.slug), snapshot.find(deleted.slug)]).toEqual([undefined, undefined])
  })

  it('finds by slug, UUID and alias; a slug wins over an alias', async () => {
    const fixture = createRegistry()
    const first = fixture.seed('First', [{ environment: 'production', template: '1' }])
    const second = fixture.seed('Second', [
      { environment: 'production', template: '2', more: { aliases: ['team/second', first.slug] } },
    ])
    const snapshot = await snapshotOf(fixture)
    const idOf = (slug: string) => snapshot.find(slug)?.delivered.id ?? ''
    expect(idOf(second.slug)).toMatch(/^00000002-/)
    for (const name of [second.slug, idOf(second.slug), 'team/second']) {
      expect(snapshot.find(name)?.delivered.slug).toBe(second.slug)
    }
    expect(snapshot.find(first.slug)?.delivered.slug).toBe(first.slug)
    expect(snapshot.list()).toEqual(
      snapshot.slugs.map((slug) => expect.objectContaining({ slug, id: idOf(slug), version: 1, description: null })),
    )
    for (const name of ['', 'second', '__proto__', 'constructor', '../x']) expect(snapshot.find(name)).toBeUndefined()
  })

  it('includes partials as they are live there, with their declarations', async () => {
    const fixture = createRegistry()
    const inner = fixture.live('Inner', 'for {{who}}', 'production')
    const outer = fixture.live('Outer', `Dear {{> ${inner.slug}}}`, 'production')
    const snapshot = await snapshotOf(fixture)
    const { delivered, prepared } = snapshot.find(outer.slug) ?? {}
    expect(delivered?.partials).toMatchObject({ [inner.slug]: { template: 'for {{who}}', declarations: {} } })
    expect(delivered?.resolved_digest).not.toBe(delivered?.digest)
    expect(prepared?.compile({ who: 'Ada' })).toBe('Dear for Ada')
    const compiled = await fixture.json<{ resolved_digest: string }>(
      ...['compile', outer.slug, '--live', '--env', 'production', '--var', 'who=Ada'],
    )
    expect(delivered?.resolved_digest).toBe(compiled.resolved_digest)
  })

  it('tells of missing values at their place in the template', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi\n  {{name}}', 'production')
    const { prepared } = (await snapshotOf(fixture)).find(slug) ?? {}
    const error = (() => {
      try {
        return prepared?.compile({})
      } catch (thrown) {
        return thrown
      }
    })()
    expect(isPromptctlError(error, 'missing_variable') && error.details?.['variables']).toEqual([
      { name: 'name', file: `prompts/production/${slug}.yaml`, line: 2, column: 3 },
    ])
  })

  it('serves what says it is published in a shallow clone, and names what only history knows', async () => {
    const fixture = createRegistry()
    const plain = fixture.live('Plain', 'Hi', 'production')
    const drafted = fixture.seed('Drafted', [
      { environment: 'production' },
      { environment: 'production', state: 'draft' },
    ])
    const dir = `${tempDir()}/clone`
    fixture.repo.git('clone', '-q', '--depth=1', `file://${fixture.dir}`, dir)
    const snapshot = await using(await open({ dir, repo: fixture.repo }), (registry) =>
      readAgain(registry, fixture.head() as Oid),
    )
    expect(snapshot).toMatchObject({ slugs: [plain.slug], unknown: [drafted.slug] })
    expect(snapshot.find(plain.slug)?.delivered).toMatchObject({ version: null, commit: null, live_since: null })
  })
})

describe('a later snapshot', () => {
  it('reads what changed, and goes on with the rest as it is', async () => {
    const fixture = createRegistry()
    const same = fixture.live('Same', 'Same', 'production')
    const other = fixture.live('Other', 'Old', 'production')
    await using(await open(fixture), async (registry) => {
      const before = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION)
      const [kept, replaced] = [before.find(same.slug), before.find(other.slug)]
      fixture.edit(other.slug, 'Old', 'New')
      await fixture.json('publish', other.slug)
      await fixture.json('promote', other.slug, '--to', 'staging')
      await fixture.json('promote', other.slug, '--to', 'production')
      const added = fixture.live('Added', 'Added', 'production')
      const after = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION, before)
      expect(after.find(same.slug)).toBe(kept)
      expect(after.find(other.slug)?.delivered.template).toContain('New')
      expect(after.find(other.slug)?.revision).not.toBe(replaced?.revision)
      expect(after.slugs).toEqual([same.slug, other.slug, added.slug].sort())
      // What somebody holds stays as it was.
      expect(replaced?.delivered.template).toBe('Old')
      expect(await readSnapshot(registry, fixture.head() as Oid, PRODUCTION, after)).toBe(after)
    })
  })

  it('takes what went out of service away', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Gone', 'Gone', 'production')
    await using(await open(fixture), async (registry) => {
      const before = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION)
      await fixture.json('archive', slug, '--env', 'production')
      const after = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION, before)
      expect([before.find(slug)?.delivered.slug, after.find(slug), after.size]).toEqual([slug, undefined, 0])
    })
  })

  it('gives the users of a changed partial another resolved digest, through one in between [case 15f]', async () => {
    const fixture = createRegistry()
    const inner = fixture.live('Inner', 'one')
    const middle = fixture.live('Middle', `({{> ${inner.slug}}})`)
    const outer = fixture.live('Outer', `Say {{> ${middle.slug}}}`)
    await using(await open(fixture), async (registry) => {
      const development = 'development' as Environment
      const before = await readSnapshot(registry, fixture.head() as Oid, development)
      const old = before.find(outer.slug)
      expect(old?.prepared.compile({})).toBe('Say (one)')
      fixture.edit(inner.slug, 'one', 'two')
      await fixture.json('publish', inner.slug)
      const after = await readSnapshot(registry, fixture.head() as Oid, development, before)
      const now = after.find(outer.slug)
      expect(now?.prepared.compile({})).toBe('Say (two)')
      expect(now?.delivered.digest).toBe(old?.delivered.digest)
      expect(now?.delivered.resolved_digest).not.toBe(old?.delivered.resolved_digest)
      expect(now?.revision).not.toBe(old?.revision)
    })
  })

  it('says of a number whether it is final, as soon as it is', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const remote = `${tempDir()}/remote.git`
    fixture.repo.git('init', '-q', '--bare', remote)
    fixture.repo.git('remote', 'add', 'origin', remote)
    await using(await open(fixture), async (registry) => {
      const before = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION)
      expect(before.find(slug)?.delivered.provisional).toBe(true)
      const { revision } = before.find(slug) ?? {}
      fixture.repo.git('push', '-q', 'origin', 'main')
      const after = await readSnapshot(registry, fixture.head() as Oid, PRODUCTION, before)
      expect(after.find(slug)?.delivered).not.toHaveProperty('provisional')
      expect(after.find(slug)?.revision).not.toBe(revision)
    })
  })
})

describe('snapshots that follow one another', () => {
  const place = (template: string, more: Partial<Seed> = {}): Seed => ({ environment: 'production', template, ...more })

  it('are at each commit what a first look sees there', async () => {
    const fixture = createRegistry()
    const inner = fixture.seed('Inner', [place('in')]).slug
    const middle = fixture.seed('Middle', [place(`mid {{> ${inner}}}`)]).slug
    const base = fixture.head()
    fixture.seed('Outer', [
      place(`out {{> ${middle}}}`),
      place('draft', { state: 'draft' }),
      place('out {{name}}', { more: { aliases: ['team/outer'] } }),
      place('', { text: (right) => right.replace('template:', 'template: [') }),
      place('', { state: 'deleted' }),
      place(`again {{> ${inner}}}`),
    ])
    for (const state of ['archived', 'draft', 'published'] as const) {
      const [text, next] = [`state: ${state}`, fixture.repo.read(fixture.file(inner, 'production'))]
      fixture.repo.write(fixture.file(inner, 'production'), next.replace(/^state: .*/m, text))
      fixture.commit(state)
    }
    fixture.seed('Other', [place('other', { environment: 'staging' }), place('other')])
    const commits = fixture.repo.git('rev-list', '--reverse', `${base}..HEAD`).split('\n')
    const dump = (snapshot: Snapshot) => [
      snapshot.invalid,
      snapshot.slugs.map((slug) => [snapshot.find(slug)?.revision, snapshot.find(slug)?.delivered]),
    ]
    await using(await open(fixture), async (registry) => {
      let followed: Snapshot | undefined
      for (const tip of commits) {
        followed = await readSnapshot(registry, tip as Oid, PRODUCTION, followed)
        const first = await using(await open(fixture), async (other) => {
          ;(await other.git()).cache.remove('delivery')
          return readSnapshot(other, tip as Oid, PRODUCTION)
        })
        expect(dump(followed)).toEqual(dump(first))
      }
    })
    expect(commits).toHaveLength(11)
  })
})

describe('what is kept of a snapshot', () => {
  it('has another process fill the cache where there are many files, and reads what it left', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const readWith = async (readElsewhere: (tip: Oid) => Promise<void>): Promise<Snapshot> =>
      using(await open(fixture), (registry) =>
        readSnapshot({ ...registry, readElsewhere }, fixture.head() as Oid, PRODUCTION),
      )
    const never = async (): Promise<void> => expect.unreachable('a few files need no process')
    expect((await readWith(never)).slugs).toEqual([slug])
    // Files that are no prompts count as well: nobody has looked at them yet.
    for (let i = 0; i < 1_000; i++) writeFileSync(join(fixture.dir, 'prompts/production', `note-${i}`), '')
    fixture.repo.git('add', '.')
    fixture.repo.commit('Notes')
    await using(await open(fixture), async (registry) => (await registry.git()).cache.remove('delivery'))
    const tips: Oid[] = []
    const snapshot = await readWith(async (tip) => {
      tips.push(tip)
      expect(existsSync(cacheOf(fixture))).toBe(false)
      await using(await open(fixture), (registry) => preload(registry, tip))
    })
    expect(tips).toEqual([fixture.head()])
    expect(snapshot.find(slug)?.prepared.compile({})).toBe('Hi')
    // One that could not do it leaves the work to us.
    await using(await open(fixture), async (registry) => (await registry.git()).cache.remove('delivery'))
    expect((await readWith(async () => undefined)).slugs).toEqual([slug])
  })

  const cacheOf = ({ dir }: TestRegistry) => join(dir, '.git/promptctl/root/cache/delivery/production')

  it('gives the same records to the next process, and catches up with newer commits', async () => {
    const fixture = createRegistry()
    const inner = fixture.live('Inner', 'for {{who}}', 'production')
    const outer = fixture.live('Outer', `Dear {{> ${inner.slug}}}`, 'production')
    const recordsOf = (snapshot: Snapshot) =>
      snapshot.slugs.map((slug) => [snapshot.find(slug)?.revision, snapshot.find(slug)?.delivered])
    const first = recordsOf(await snapshotOf(fixture))
    expect(existsSync(cacheOf(fixture))).toBe(true)
    expect(recordsOf(await snapshotOf(fixture))).toEqual(first)
    await fixture.json('archive', outer.slug, '--env', 'production')
    expect((await snapshotOf(fixture)).slugs).toEqual([inner.slug])
  })

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['of another format', (bytes: Buffer) => Buffer.concat([Buffer.from('PCTLDLV0'), bytes.subarray(8)])],
    ['damaged', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('#')])],
    ['empty', () => Buffer.alloc(0)],
  ])('is made again when it is %s [case 14]', async (_, damage) => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    await snapshotOf(fixture)
    writeFileSync(cacheOf(fixture), damage(readFileSync(cacheOf(fixture))))
    expect((await snapshotOf(fixture)).find(slug)?.delivered.template).toBe('Hi')
  })

  it('is of no use to another environment [case 14]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const draft = fixture.live('Other', 'Not yet', 'staging')
    await snapshotOf(fixture, 'staging' as Environment)
    cpSync(join(cacheOf(fixture), '../staging'), cacheOf(fixture))
    expect((await snapshotOf(fixture)).slugs).toEqual([slug])
    expect((await snapshotOf(fixture)).find(draft.slug)).toBeUndefined()
  })

  it('is of no use to a history that was rewritten', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const first = fixture.repo.git('rev-list', '--max-parents=0', 'HEAD')
    await snapshotOf(fixture)
    fixture.repo.git('reset', '-q', '--hard', first)
    expect((await snapshotOf(fixture)).size).toBe(0)
    const again = fixture.seed('Again', [{ environment: 'production', template: 'Again' }])
    expect((await snapshotOf(fixture)).slugs).toEqual([again.slug])
    expect((await snapshotOf(fixture)).find(slug)).toBeUndefined()
  })
})
