import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import type { DoctorReport } from '../../src/registry/doctor.js'
import { writeCheckedJson } from '../../src/registry/ledger/checked-json.js'
import type { Cache } from '../../src/registry/ports.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'
import { configureIdentity } from '../helpers/repo.js'

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

  it('says which git there is', async () => {
    const registry = createRegistry()
    const git = async (engine: string) =>
      (await promptctl(registry.place({ env: { PROMPTCTL_GIT: engine } }), 'doctor')).stdout.split('\n')[0]
    expect(await git('native')).toBe(`ok\tgit\tthe native engine: ${registry.repo.git('--version')}`)
    expect(await git('embedded')).toMatch(/^ok\tgit\tthe embedded engine: isomorphic-git \d+\.\d+\.\d+$/)
  })

  it('holds the ledger against history', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Held')
    expect(await registry.json<DoctorReport>('doctor')).toMatchObject({ healthy: true })
    const history = async () => {
      const { checks } = (await registry.cli('doctor', '--json')).json<DoctorReport>()
      return checks.find(({ check }) => check === 'history')
    }
    expect(await history()).toMatchObject({ health: 'ok', message: '2 versions of 1 prompts; the ledger agrees' })
    // A ledger that is whole, and says something else.
    const folder = join(registry.repo.dir, '.git/promptctl')
    const manifest = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('manifest'),
    )
    const file = join(folder, manifest ?? '')
    const { format, name, value } = JSON.parse(readFileSync(file, 'utf8').slice(9))
    const [change] = registry.repo.git('log', '-1', '--format=%H').split('\n')
    const extra = {
      commit: change,
      author: { name: 'A', email: 'a@x' },
      committedAt: 0,
      subject: '',
      changes: [{ path: registry.file(slug), blob: change, mode: '100644' }],
    }
    const cache = { read: () => undefined, write: (_: string, bytes: Uint8Array) => writeFileSync(file, bytes) }
    writeCheckedJson(cache as unknown as Cache, name, format, { ...value, tail: [extra] })
    expect(await history()).toMatchObject({ health: 'error', details: { slugs: [slug] } })
    await registry.json('cache', 'clear')
    expect(await history()).toMatchObject({ health: 'ok' })
  })

  it('asks for an identity in a bare repository, which makes commits too; hints stand beside their checks', async () => {
    const registry = createRegistry()
    registry.live('Bare')
    const dir = join(tempDir(), 'bare.git')
    registry.repo.git('clone', '-q', '--bare', '.', dir)
    configureIdentity(dir, registry.repo.env)
    const { stdout } = await promptctl(registry.place({ dir }), 'doctor')
    expect(stdout).toMatch(/^ok\tidentity\tcommits are by /m)
    expect(stdout).toMatch(/^warning\thooks\tnot installed: [^\t]*\thint: promptctl hooks install /m)
    const terminal = await promptctl(
      registry.place({ dir, columns: 40, isTerminal: true, env: { ...registry.repo.env, NO_COLOR: '1' } }),
      'doctor',
    )
    expect(terminal.stdout).toMatch(
      /^! hooks {5}not installed: [^\n]*\n {12}hint: promptctl hooks install lets git check what it takes\.\n/m,
    )
  })
})
