import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Relation } from '../../src/core/relation.js'
import type { StatusRow } from '../../src/registry/status.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, type Seed, tempDir } from '../helpers/registry.js'

const dev = (template: string, more: Seed = {}): Seed => ({ template, ...more })
const stg = (template: string, more: Seed = {}): Seed => ({ environment: 'staging', template, ...more })
const prod = (template: string, more: Seed = {}): Seed => ({ environment: 'production', template, ...more })

const CASES: readonly (readonly [name: string, seeds: readonly Seed[], relations: readonly Relation[]])[] = [
  ['only a draft', [dev('a', { state: 'draft' })], ['first', 'absent', 'absent']],
  ['live in the first', [dev('a')], ['first', 'absent', 'absent']],
  ['in step', [dev('a'), stg('a'), prod('a')], ['first', 'in_step', 'in_step']],
  ['behind', [dev('a'), stg('a'), dev('b')], ['first', 'behind', 'absent']],
  ['in step under a draft', [dev('a'), stg('a'), dev('b', { state: 'draft' })], ['first', 'in_step', 'absent']],
  ['a hotfix is ahead', [dev('a'), stg('a'), stg('hot')], ['first', 'ahead', 'absent']],
  ['ahead of an archived one', [dev('a'), stg('a'), dev('a', { state: 'archived' })], ['first', 'ahead', 'absent']],
  ['archived', [dev('a'), stg('a'), stg('a', { state: 'archived' })], ['first', 'absent', 'absent']],
  ['deleted', [dev('a'), stg('a'), stg('a', { state: 'deleted' })], ['first', 'absent', 'absent']],
]

describe('status', () => {
  it.each(CASES)('%s', async (_, seeds, relations) => {
    const registry = createRegistry({ engine: 'embedded' })
    const { slug } = registry.seed('Status', seeds)
    const [row] = await registry.json<StatusRow[]>('status')
    expect(row?.slug).toBe(slug)
    expect(Object.values(row?.environments ?? {}).map(({ relation }) => relation)).toEqual(relations)
  })

  it('says rolled back, and not behind, after a rollback', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Back', [dev('a'), stg('a'), dev('b'), stg('b')])
    await registry.json('rollback', slug, '--env', 'staging')
    const [row] = await registry.json<StatusRow[]>('status')
    expect(row?.environments).toMatchObject({
      development: { version: 3, state: 'published', live_version: 3, relation: 'first' },
      staging: { version: 5, state: 'published', live_version: 5, relation: 'rolled_back' },
      production: { version: null, state: null, live_version: null, digest: null, relation: 'absent' },
    })
    expect(Object.keys(row?.environments ?? {})).toEqual(['development', 'staging', 'production'])
  })

  it('shows edits, files that git does not know, and leaves out what is deleted everywhere', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Edited')
    registry.seed('Deleted', [dev('a'), dev('a', { state: 'deleted' })])
    registry.edit(slug, 'Hello', 'Bye')
    const fresh = 'fresh-3f8a2b1c'
    registry.repo.write(registry.file(fresh), registry.repo.read(registry.file(slug)).replace(slug, fresh))
    const rows = await registry.json<StatusRow[]>('status')
    expect(rows.map((row) => [row.slug, row.environments['development' as never]])).toMatchObject([
      [slug, { version: 2, state: 'published', modified: true }],
      [fresh, { version: null, state: null, modified: true }],
    ])
  })

  it('in a pipe: a last line says what is not pushed, and how far behind', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Piped', [dev('a')])
    const lastLine = async () => (await registry.cli('status')).stdout.trimEnd().split('\n').at(-1)
    expect(await lastLine()).toMatch(new RegExp(`^${slug}\t`))
    const bare = join(tempDir(), 'bare.git')
    registry.repo.git('clone', '-q', '--bare', '.', bare)
    registry.repo.git('remote', 'add', 'origin', bare)
    registry.repo.git('fetch', '-q')
    expect(await lastLine()).toBe('# origin/main\tin step')
    registry.edit(slug, 'title: Piped', 'title: Theirs')
    await registry.json('publish', slug)
    expect(await lastLine()).toBe('# origin/main\t1 not pushed')
    registry.repo.git('push', '-q', 'origin', 'main')
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    expect(await lastLine()).toBe('# origin/main\t1 behind')
    await registry.create('Ours')
    await registry.create('Ours, too')
    expect(await lastLine()).toBe('# origin/main\t2 not pushed\t1 behind')
    expect(await registry.json<StatusRow[]>('status')).toHaveLength(3)
  })

  it('on a terminal: one row a prompt under a header, what is not pushed, and how far behind', async () => {
    const registry = createRegistry()
    registry.seed('Shown', [dev('a'), stg('a'), dev('b')])
    const { stdout } = await promptctl(
      registry.place({ isTerminal: true, columns: 200, env: { NO_COLOR: '1' } }),
      'status',
    )
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^\w+ +development +staging +production$/)
    expect(lines[1]).toMatch(/^shown-00000001 .*v3.*v2.*behind/)
    expect(lines.length).toBeGreaterThan(2)
  })
})
