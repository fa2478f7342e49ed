import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import type { DoctorReport } from '../../src/registry/doctor.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'

describe('doctor', () => {
  it('is healthy in a good registry, and names what is not', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Healthy', 'one\n')
    expect(await registry.json<DoctorReport>('doctor')).toMatchObject({ healthy: true })
    registry.edit(slug, '  one', '  torn')
    const torn = await registry.cli('doctor', '--json')
    expect([torn.exit, torn.json()]).toMatchObject([1, { healthy: false }])
    expect(torn.stdout).toContain('broken seal')
  })

  const numbersOf = async (registry: TestRegistry) =>
    (await registry.json<DoctorReport>('doctor')).checks.filter(({ check }) => check === 'numbers')

  it('says which numbers moved when history was rewritten [case 14]', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Rewritten', [{ template: 'one' }, { template: 'two' }, { template: 'three' }])
    await registry.json('log')
    const [third, second] = registry.repo.git('rev-list', '-2', 'HEAD').split('\n')
    registry.repo.git('reset', '-q', '--hard', 'HEAD~2')
    registry.edit(slug, '  one', '  four')
    const now = await registry.json<ChangeRecord>('publish', slug)
    await registry.json('log')
    const moved = [
      { slug, version: 2, was: second, is: now.commit },
      { slug, version: 3, was: third, is: null },
    ]
    expect(await numbersOf(registry)).toMatchObject([{ health: 'warning', details: { moved } }])
    expect((await registry.cli('doctor')).stdout).toContain(
      `${slug}@2 (was ${second?.slice(0, 12)}, is ${now.commit?.slice(0, 12)}), ${slug}@3 (was ${third?.slice(0, 12)}, is gone)`,
    )
    // What comes back means again what it meant.
    registry.repo.git('reset', '-q', '--hard', third ?? '')
    expect(await numbersOf(registry)).toMatchObject([{ details: { moved: [{ version: 2, was: now.commit }] } }])
    await registry.json('cache', 'clear')
    expect(await numbersOf(registry)).toEqual([])
  })

  /** A clone in which `slug` has been seen at three versions, the last of which lies in the ledger's tail. */
  async function withRemote() {
    const registry = createRegistry()
    const { slug } = registry.live('Shared', 'one {{name}}\n')
    await registry.json('log')
    const bare = join(tempDir(), 'bare.git')
    registry.repo.git('clone', '-q', '--bare', '.', bare)
    registry.repo.git('remote', 'add', 'origin', bare)
    registry.repo.git('fetch', '-q')
    const publish = async (from: string, to: string): Promise<string | null> => {
      registry.edit(slug, from, to)
      return (await registry.json<ChangeRecord>('publish', slug)).commit
    }
    const was = await publish('one', 'two')
    await registry.json('log')
    return { registry, slug, was, publish }
  }

  it('says so of newer commits, too, that had been pushed and seen [case 14]', async () => {
    const { registry, slug, was, publish } = await withRemote()
    registry.repo.git('push', '-q', 'origin', 'main')
    await registry.json('log', slug)
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    const is = await publish('one', 'three')
    registry.repo.git('push', '-q', '--force', 'origin', 'main')
    expect(await numbersOf(registry)).toMatchObject([{ details: { moved: [{ slug, version: 3, was, is }] } }])
  })

  it('does not speak of commits that nobody else had', async () => {
    const { registry, publish } = await withRemote()
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    await publish('one', 'three')
    await registry.json('log')
    expect(await numbersOf(registry)).toEqual([])
    await registry.json('cache', 'clear')
    await registry.json('log')
    registry.repo.git('commit', '-q', '--amend', '-m', 'in the words of somebody else')
    await registry.json('log')
    expect(await numbersOf(registry)).toEqual([])
  })
})
