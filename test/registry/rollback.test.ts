import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { createRegistry, ENGINES, type LogEntry } from '../helpers/registry.js'

const PRODUCTION = { environment: 'production' }

describe('rollback', () => {
  it('takes several prompts with versions of their own, in one commit', async () => {
    const registry = createRegistry()
    const [a, b] = ['A', 'B'].map((title) =>
      registry.seed(title, [{ template: 'one' }, { template: 'two' }, { template: 'three' }]),
    ) as [{ slug: string }, { slug: string }]
    const before = registry.repo.git('rev-list', '--count', 'HEAD')
    const records = await registry.json<ChangeRecord[]>('rollback', `${a.slug}@1`, `${b.slug}@2`)
    expect(records.map(({ slug, version, action }) => [slug, version, action])).toEqual([
      [a.slug, 4, 'rolled_back'],
      [b.slug, 4, 'rolled_back'],
    ])
    expect(Number(registry.repo.git('rev-list', '--count', 'HEAD'))).toBe(Number(before) + 1)
    expect([await registry.served(a.slug), await registry.served(b.slug)]).toEqual(['one', 'two'])
  })

  it('needs --env where the prompt is live in more than one environment', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Two', undefined, 'staging')
    const error = await registry.fails(2, 'usage', 'rollback', slug)
    expect(error.details).toEqual({ slug, environments: ['development', 'staging'] })
  })

  it('refuses a number of another environment, and names the version here that has the same content', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Other', undefined, 'staging')
    const error = await registry.fails(4, 'illegal_transition', 'rollback', slug, '2', '--env', 'staging')
    expect([error.hint, error.details?.['same_content']]).toEqual([expect.stringContaining('Version 3'), 3])
    await registry.fails(4, 'illegal_transition', 'rollback', slug, '1', '--env', 'development')
    await registry.fails(3, 'not_found', 'rollback', slug, '99', '--env', 'staging')
  })

  it('refuses a file with uncommitted edits, and keeps them with --keep-edits [case 15e]', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Dirty', [{ template: 'one {{name}}' }, { template: 'two {{name}}' }])
    registry.edit(slug, 'two', 'edited')
    const dirty = registry.repo.read(registry.file(slug))
    const before = registry.head()
    const error = await registry.fails(4, 'conflict', 'rollback', slug)
    expect(error.hint).toContain('--keep-edits')
    expect([registry.head(), registry.repo.read(registry.file(slug))]).toEqual([before, dirty])
    await registry.json('rollback', slug, '--keep-edits')
    expect(registry.repo.read(registry.file(slug))).toBe(dirty)
    expect(await registry.served(slug)).toBe('one Bo')
    expect(registry.repo.git('status', '--porcelain')).toBe(
      `M ${registry.file(slug)}`.padStart(3 + registry.file(slug).length),
    )
  })

  it('is never gated: a strict registry and a lint of the step let it pass, also out of the archive [case 15e]', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Restored', [
      { template: 'one', ...PRODUCTION },
      { template: 'two', ...PRODUCTION },
      { template: 'two', state: 'archived', ...PRODUCTION },
    ])
    const base = registry.head()
    await registry.json('rollback', slug, '1', '--env', 'production', '--restore')
    expect(await registry.served(slug, 'production')).toBe('one')
    expect(await registry.json('lint', '--range', `${base}..HEAD`)).toMatchObject({ errors: 0 })
    registry.repo.git('reset', '-q', '--soft', base)
    expect(await registry.json('lint', '--staged')).toMatchObject({ errors: 0 })
  })

  it.each(ENGINES)(
    'brings back a blob with CRLF under core.autocrlf and new attributes (%s) [case 15i]',
    async (engine) => {
      const registry = createRegistry({ engine })
      const { slug } = registry.seed('Windows', [
        {
          text: (right) =>
            right
              .replace(/^title: .*$/m, 'title: Windows\r')
              .replaceAll('\r\n', '\n')
              .replaceAll('\n', '\r\n'),
        },
        { template: 'two' },
      ])
      const [, first] = await registry.log(slug)
      registry.repo.git('config', 'core.autocrlf', 'true')
      registry.repo.write('.gitattributes', '* text=auto eol=lf\nprompts/** -text\n')
      registry.commit('attributes')
      await registry.json('rollback', slug)
      expect(registry.repo.git('rev-parse', `HEAD:${registry.file(slug)}`)).toBe(first?.blob)
      expect(await registry.json<ChangeRecord>('publish', slug)).toMatchObject({ changed: false })
      expect(registry.repo.git('status', '--porcelain')).toBe('')
    },
  )

  it('restores what is live already when a draft lies on top of it', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Top', [
      { template: 'one' },
      { template: 'two' },
      { template: 'draft', state: 'draft' },
    ])
    expect(await registry.json<ChangeRecord>('rollback', slug, '2')).toMatchObject({
      version: 4,
      action: 'rolled_back',
      changed: true,
    })
    expect(await registry.json<ChangeRecord>('rollback', slug, '2')).toMatchObject({ version: 4, changed: false })
  })

  it('takes a commit for a version', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Commit', [{ template: 'one' }, { template: 'two' }, { template: 'three' }])
    const log = await registry.log(slug)
    await registry.json('rollback', `${slug}@${log[2]?.commit.slice(0, 10)}`)
    expect(await registry.served(slug)).toBe('one')
    await registry.fails(3, 'not_found', 'rollback', `${slug}@${'ab'.repeat(20)}`)
  })
})

describe('rollback of a whole environment', () => {
  it('makes live what was live then, archives what is newer, in one commit [case 15d]', async () => {
    const registry = createRegistry()
    const same = registry.seed('Same', [{ template: 'same', ...PRODUCTION }])
    const drafted = registry.seed('Drafted', [
      { template: 'then', ...PRODUCTION },
      { template: 'draft', state: 'draft', ...PRODUCTION },
    ])
    const archived = registry.seed('Archived', [{ template: 'served', ...PRODUCTION }])
    const gone = registry.seed('Gone', [{ template: 'gone', ...PRODUCTION }])
    const broken = registry.seed('Broken', [{ template: 'whole', ...PRODUCTION }])
    const down = registry.seed('Down', [
      { template: 'down', ...PRODUCTION },
      { template: 'down', state: 'archived', ...PRODUCTION },
    ])
    const then = registry.time()
    registry.edit(drafted.slug, '  draft', '  now', 'production')
    await registry.json('publish', drafted.slug, '--env', 'production')
    await registry.json('archive', archived.slug, '--env', 'production')
    registry.repo.git('rm', '-q', registry.file(gone.slug, 'production'))
    registry.repo.write(registry.file(broken.slug, 'production'), 'no: prompt\n')
    registry.commit('gone and broken')
    await registry.json('publish', down.slug, '--env', 'production', '--restore')
    const newer = registry.seed('Newer', [{ template: 'newer', ...PRODUCTION }])
    const elsewhere = registry.live('Elsewhere')
    const before = Number(registry.repo.git('rev-list', '--count', 'HEAD'))
    const records = await registry.json<ChangeRecord[]>('rollback', '--env', 'production', '--to', `@${then}`)
    expect(Number(registry.repo.git('rev-list', '--count', 'HEAD'))).toBe(before + 1)
    expect(records.map(({ slug, action }) => `${slug} ${action}`).sort()).toEqual(
      [
        `${archived.slug} rolled_back`,
        `${drafted.slug} rolled_back`,
        `${gone.slug} rolled_back`,
        `${down.slug} archived`,
        `${newer.slug} archived`,
      ].sort(),
    )
    const served = Object.fromEntries(
      await Promise.all(
        [same, drafted, archived, gone, broken, down, newer].map(async ({ slug }) => [
          slug.slice(0, -9),
          await registry.served(slug, 'production'),
        ]),
      ),
    )
    expect(served).toEqual({
      same: 'same',
      drafted: 'then',
      archived: 'served',
      gone: 'gone',
      broken: 'whole',
      down: 'not_found',
      newer: 'not_found',
    })
    expect(await registry.served(elsewhere.slug)).not.toBe('not_found')
    registry.repo.check()
  })

  it('takes a commit, and refuses one that is not on this history, a time before it, and words', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('X', [{ template: 'one' }, { template: 'two' }])
    const first = registry.repo.git('rev-parse', 'HEAD~1')
    registry.repo.git('switch', '-qc', 'side')
    const side = registry.repo.git('commit-tree', '-m', 'side', 'HEAD^{tree}')
    const to = (point: string) => ['rollback', '--env', 'development', '--to', point]
    await registry.fails(3, 'not_found', ...to(side))
    await registry.fails(3, 'not_found', ...to('abcdef1234567'))
    await registry.fails(3, 'not_found', ...to('2001-01-01T00:00:00Z'))
    await registry.fails(2, 'usage', ...to('the day before'))
    await registry.fails(2, 'usage', 'rollback', slug, '--to', first)
    await registry.fails(2, 'usage', 'rollback', '--to', first)
    await registry.json(...to(first))
    expect(await registry.served(slug)).toBe('one')
    expect(await registry.json<LogEntry[]>(...to(first))).toEqual([])
  })

  it('refuses edits that are not committed, and keeps them with --keep-edits', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('X', [{ template: 'one' }, { template: 'two' }])
    registry.edit(slug, 'two', 'edited')
    const words = ['rollback', '--env', 'development', '--to', 'HEAD~1']
    await registry.fails(4, 'conflict', ...words)
    await registry.json(...words, '--keep-edits')
    expect(registry.repo.read(registry.file(slug))).toContain('edited')
    expect(await registry.served(slug)).toBe('one')
  })
})
