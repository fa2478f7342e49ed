import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { type CliError, promptctl } from '../helpers/cli.js'
import { createRegistry } from '../helpers/registry.js'

const configOf = (promotion: string) =>
  `name: test\nbranch: main\nenvironments: [development, staging, production]\npromotion: ${promotion}\n`

describe('promote', () => {
  it('commits nothing when one of ten is not live, and names it [case 12]', async () => {
    const registry = createRegistry()
    const live = Array.from({ length: 9 }, (_, n) => registry.live(`Number ${n}`).slug)
    const { slug } = registry.seed('Draft', [{ state: 'draft' }])
    const before = registry.head()
    const error = await registry.fails(4, 'illegal_transition', 'promote', ...live, slug, '--to', 'staging')
    expect(error.message).toContain(slug)
    expect([registry.head(), registry.repo.git('status', '--porcelain')]).toEqual([before, ''])
    const records = await registry.json<ChangeRecord[]>('promote', ...live, '--to', 'staging')
    expect(records.map(({ action, environment }) => `${action} ${environment}`)).toEqual(
      Array(9).fill('promoted staging'),
    )
    expect(registry.repo.git('rev-list', '--count', `${before}..HEAD`)).toBe('1')
  })

  it('writes what is live, and not the draft on top of it; says where it came from', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Draft on top', [
      { template: 'live {{name}}' },
      { template: 'draft {{name}}', state: 'draft' },
    ])
    const [, source] = await registry.log(slug)
    await registry.json('promote', slug, '--to', 'staging', '-m', 'because of #42')
    expect(await registry.served(slug, 'staging')).toBe('live Bo')
    const message = registry.repo.git('log', '-1', '--format=%B')
    expect(message.trimEnd()).toBe(
      `promote(staging): ${slug}\n\nbecause of #42\n\nPrompt-Action: promoted\nPrompt-Slug: ${slug}\nPrompt-Environment: staging\nPrompt-Source: development ${source?.commit}`,
    )
  })

  it('of what the target holds already changes nothing', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Same', undefined, 'staging')
    const before = registry.head()
    expect(await registry.json<ChangeRecord>('promote', slug, '--to', 'staging')).toMatchObject({
      changed: false,
      version: 3,
    })
    expect(registry.head()).toBe(before)
  })

  it.each([
    ['ordered', 4],
    ['strict', 4],
    ['free', 0],
  ])('%s: past an environment exits %i', async (promotion, exit) => {
    const registry = createRegistry({ config: configOf(promotion) })
    const { slug } = registry.live('Past')
    const result = await registry.cli('promote', slug, '--from', 'development', '--to', 'production')
    expect(result.exit, result.stderr).toBe(exit)
    expect((await registry.cli('promote', slug, '--to', 'production')).exit).toBe(4)
  })

  it('refuses unknown environments, one onto itself, and the first without --from', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Where')
    await registry.fails(2, 'usage', 'promote', slug, '--to', 'nowhere')
    await registry.fails(2, 'usage', 'promote', slug, '--to', 'staging', '--from', 'staging')
    await registry.fails(2, 'usage', 'promote', slug, '--to', 'development')
    await registry.fails(2, 'usage', 'promote', slug)
  })

  it('never undoes a hotfix, unless --overwrite; backwards is allowed, and then forwards again [case 15c]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Hot', 'one {{name}}\n', 'production')
    const stdin = 'fixed {{name}}\n'
    await promptctl(registry.place({ stdin }), 'edit', slug, '--env', 'production', '--publish', '--template-file', '-')
    registry.edit(slug, 'one', 'two', 'staging')
    await registry.json('publish', slug, '--env', 'staging')
    const error = await registry.fails(4, 'conflict', 'promote', slug, '--to', 'production')
    expect(error.hint).toContain('--overwrite')
    expect(await registry.json('promote', slug, '--from', 'production', '--to', 'staging')).toMatchObject({
      action: 'promoted',
    })
    expect(await registry.served(slug, 'staging')).toBe('fixed Bo\n')
    registry.edit(slug, 'fixed', 'three', 'staging')
    await registry.json('publish', slug, '--env', 'staging')
    expect(await registry.json('promote', slug, '--to', 'production')).toMatchObject({
      action: 'promoted',
      changed: true,
    })
    expect(await registry.served(slug, 'production')).toBe('three Bo\n')
  })

  it('--overwrite replaces a hotfix', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Hot', [
      { template: 'one' },
      { environment: 'staging', template: 'hotfix' },
      { template: 'two' },
    ])
    await registry.fails(4, 'conflict', 'promote', slug, '--to', 'staging')
    await registry.fails(4, 'conflict', 'promote', '--all', '--to', 'staging')
    await registry.json('promote', slug, '--to', 'staging', '--overwrite')
    expect(await registry.served(slug, 'staging')).toBe('two')
  })

  it('leaves alone what was rolled back there: --all says so, a name needs --again [case 15h]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Back', 'one {{name}}\n', 'production')
    const other = registry.live('Other', 'x {{name}}\n', 'staging')
    for (const environment of ['staging', 'production']) {
      registry.edit(slug, 'one', 'two', environment)
      await registry.json('publish', slug, '--env', environment)
    }
    await registry.json('rollback', slug, '--env', 'production')
    const all = await registry.cli('promote', '--all', '--to', 'production')
    expect(all.exit).toBe(0)
    expect(all.stdout).toMatch(/passed over 1 \(rolled back there.*\): back-/)
    expect(await registry.served(slug, 'production')).toBe('one Bo\n')
    expect(await registry.served(other.slug, 'production')).toBe('x Bo\n')
    const status = await registry.json<{ slug: string; environments: Record<string, { relation: string }> }[]>('status')
    expect(status.find((row) => row.slug === slug)?.environments['production']?.relation).toBe('rolled_back')
    const error = await registry.fails(4, 'conflict', 'promote', slug, '--to', 'production')
    expect(error.hint).toContain('--again')
    await registry.json('promote', '--all', '--again', '--to', 'production')
    expect(await registry.served(slug, 'production')).toBe('one Bo\n')
    await registry.json('promote', slug, '--to', 'production', '--again')
    expect(await registry.served(slug, 'production')).toBe('two Bo\n')
  })

  it('refuses files with uncommitted edits, in the source and in the target', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Dirty', [
      { template: 'one' },
      { environment: 'staging', template: 'one' },
      { template: 'two' },
    ])
    for (const environment of ['development', 'staging']) {
      registry.edit(slug, 'title: Dirty', 'title: Edited', environment)
      const error = await registry.fails(4, 'conflict', 'promote', slug, '--to', 'staging')
      expect(error.details?.['files']).toEqual([registry.file(slug, environment)])
      registry.repo.git('checkout', '-q', '.')
    }
    await registry.json('promote', slug, '--to', 'staging')
  })

  it('brings archived and deleted targets back only with --restore', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Down', [
      {},
      { environment: 'staging' },
      { environment: 'staging', state: 'archived' },
    ])
    const error = await registry.fails(4, 'illegal_transition', 'promote', slug, '--to', 'staging')
    expect(error.hint).toContain('--restore')
    const all = await registry.cli('promote', '--all', '--to', 'staging')
    expect([all.exit, all.stdout]).toEqual([0, expect.stringContaining('archived there')])
    await registry.json('promote', slug, '--to', 'staging', '--restore')
    expect(await registry.served(slug, 'staging')).toBe('Hello Bo\n')
  })

  it('a new title is promoted, too', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Titled', undefined, 'staging')
    await registry.json('edit', slug, '--set', 'title=New title', '--publish')
    expect(await registry.json('promote', slug, '--to', 'staging')).toMatchObject({ changed: true })
    expect(await registry.json('show', slug, '--env', 'staging')).toMatchObject({ title: 'New title' })
  })
})

describe('promotion: strict [case 9]', () => {
  it('publish and lint refuse what the environment before never served', async () => {
    const registry = createRegistry({ config: configOf('strict') })
    const { slug } = registry.live('Strict', 'one {{name}}\n')
    const base = registry.head()
    const text = registry.repo.read(registry.file(slug))
    registry.repo.write(registry.file(slug, 'staging'), text)
    registry.commit('copied with the tag left as it was')
    const copied = await registry.cli('lint', '--json')
    expect([copied.exit, copied.json()]).toMatchObject([1, { findings: [{ rule: 'path_mismatch' }] }])
    registry.repo.git('reset', '-q', '--hard', base)
    registry.repo.write(
      registry.file(slug, 'staging'),
      text.replace('environment: development', 'environment: staging').replace('one', 'never served'),
    )
    const error = await registry.fails(4, 'illegal_transition', 'publish', slug, '--env', 'staging')
    expect([error.message, error.details?.['rule']]).toEqual([expect.stringContaining('not_promoted'), 'not_promoted'])
    registry.repo.write(
      registry.file(slug, 'staging'),
      text.replace('environment: development', 'environment: staging'),
    )
    await registry.json('publish', slug, '--env', 'staging')
    expect(await registry.json('lint', '--range', `${base}..HEAD`)).toMatchObject({ errors: 0 })
  })

  it('lint --range refuses content that was sealed elsewhere', async () => {
    const registry = createRegistry({ config: configOf('strict') })
    const { slug } = registry.seed('Strict', [{ template: 'one' }])
    const base = registry.head()
    const later = registry.seed('Later', [{ template: 'one' }, { environment: 'staging', template: 'other' }])
    const result = await registry.cli('lint', '--range', `${base}..HEAD`, '--json')
    expect([result.exit, result.json()]).toMatchObject([
      1,
      { findings: [{ rule: 'not_promoted', file: registry.file(later.slug, 'staging') }] },
    ])
    expect(slug).not.toBe(later.slug)
  })

  it('edit --publish refuses it as well', async () => {
    const registry = createRegistry({ config: configOf('strict') })
    const { slug } = registry.live('Strict', undefined, 'staging')
    const place = registry.place({ stdin: 'hotfix {{name}}\n' })
    const result = await promptctl(place, 'edit', slug, '--env', 'staging', '--publish', '--template-file', '-')
    expect([result.exit, result.stderr]).toEqual([4, expect.stringContaining('not_promoted')])
    expect(result.stderr).toContain(
      `hint: Edit and publish it in development, then promote it: promptctl promote ${slug} --to staging\n`,
    )
  })

  it('names every step that is left', async () => {
    const registry = createRegistry({ config: configOf('strict') })
    const { slug } = registry.live('Strict', undefined, 'production')
    const edit = async (text: string, environment: string) => {
      const words = ['edit', slug, '--env', environment, '--publish', '--template-file', '-', '--json']
      const { stderr } = await promptctl(registry.place({ stdin: text }), ...words)
      return stderr === '' ? '' : (JSON.parse(stderr) as { error: CliError }).error.hint
    }
    const steps = `promptctl promote ${slug} --to staging, then promptctl promote ${slug} --to production`
    expect(await edit('new', 'production')).toBe(
      `Edit and publish it in development, then promote it step by step: ${steps}`,
    )
    await edit('new', 'development')
    expect(await edit('new', 'production')).toBe(`Promote it step by step: ${steps}`)
    await registry.json('promote', slug, '--to', 'staging')
    expect(await edit('new', 'production')).toBe('')
  })
})
