import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { promptctl } from '../helpers/cli.js'
import {
  brief,
  createRegistry,
  ENGINES,
  expectFailure,
  type LogEntry,
  type PromptRecord,
  tempDir,
} from '../helpers/registry.js'
import { configureIdentity } from '../helpers/repo.js'
import { createTeam } from '../helpers/team.js'

describe('several registries in one repository [case 2]', () => {
  it('do not see each other’s versions', async () => {
    const first = createRegistry()
    const inRoot = first.live('In the root', 'root {{name}}\n')
    mkdirSync(join(first.repo.dir, 'team'))
    expect(
      (await promptctl({ ...first.place(), dir: join(first.repo.dir, 'team') }, 'init', '--name', 'team')).exit,
    ).toBe(0)
    const team = createRegistry({ existing: first.repo.dir, folder: 'team' })
    expect(first.repo.git('ls-files', 'team').split('\n')).toEqual(['team/.gitattributes', 'team/promptctl.yaml'])
    expect(await team.json('list')).toEqual([])
    const made = await team.create('In the team', 'team {{name}}\n')
    await team.json('publish', made.slug)
    await team.json('promote', made.slug, '--to', 'staging')
    await team.json('rollback', made.slug, '2', '--env', 'development')
    expect((await team.json<LogEntry[]>('log')).map(brief)).toEqual([
      '3 staging promoted published live',
      '2 development published published live',
      '1 development created draft',
    ])
    expect((await first.json<LogEntry[]>('log')).map(({ slug }) => slug)).toEqual([inRoot.slug, inRoot.slug])
    await first.fails(3, 'not_found', 'show', made.slug)
    await team.fails(3, 'not_found', 'show', inRoot.slug)
    expect(await first.json('status')).toHaveLength(1)
    expect(await team.json('lint')).toMatchObject({ errors: 0 })
    expect(await team.served(made.slug, 'staging')).toBe('team Bo\n')
    expect(first.repo.git('status', '--porcelain')).toBe('')
    first.repo.check()
  })

  it('a commit names the files from the top of the repository', async () => {
    const first = createRegistry()
    mkdirSync(join(first.repo.dir, 'a/b'), { recursive: true })
    await promptctl({ ...first.place(), dir: join(first.repo.dir, 'a/b') }, 'init')
    const registry = createRegistry({ existing: first.repo.dir, folder: 'a/b' })
    const { slug } = await registry.create('Deep')
    expect(registry.repo.git('show', '--name-only', '--format=', 'HEAD')).toBe(`a/b/prompts/development/${slug}.yaml`)
    registry.edit(slug, 'Hello', 'Bye')
    expect(await registry.json('show', slug)).toMatchObject({
      path: `prompts/development/${slug}.yaml`,
      modified: true,
    })
    await registry.fails(4, 'conflict', 'archive', slug)
    const github = await registry.cli('lint', '--format', 'github')
    expect(github.stdout).toBe('')
    await registry.json('publish', slug)
  })
})

describe.each(ENGINES)('a bare repository (%s) [case 16]', (engine) => {
  async function bare() {
    const origin = createRegistry()
    const { slug } = origin.live('Bare', 'one {{name}}\n', 'staging')
    const dir = join(tempDir(), 'bare.git')
    origin.repo.git('clone', '-q', '--bare', '.', dir)
    configureIdentity(dir, origin.repo.env)
    return { slug, place: () => origin.place({ dir, env: { PROMPTCTL_GIT: engine } }) }
  }

  it('reads from the shared branch', async () => {
    const { slug, place } = await bare()
    const run = async (...words: string[]) => promptctl(place(), ...words)
    expect((await run('list', '--json')).json()).toMatchObject([
      { slug, version: 2, live_version: 2, state: 'published' },
    ])
    expect((await run('show', slug, '--env', 'staging', '--json')).json()).toMatchObject({
      version: 3,
      environment: 'staging',
    })
    expect((await run('show', `${slug}@1`, '--json')).json()).toMatchObject({ state: 'draft' })
    expect((await run('log', slug, '--json')).json<LogEntry[]>().map(({ version }) => version)).toEqual([3, 2, 1])
    expect((await run('compile', slug, '--live', '--env', 'staging', '--var', 'name=Bo')).stdout).toBe('one Bo\n')
    expect((await run('compile', slug, '--var', 'name=Bo')).stdout).toBe('one Bo\n')
    expect((await run('compile', '--strict', '--json')).json()).toMatchObject({ compiled: 2, failed: 0 })
    expect((await run('status', '--json')).json()).toMatchObject([{ slug }])
    expect((await run('diff', slug, 'development', 'staging')).stdout).toBe('')
    expect((await run('lint', '--json')).json()).toMatchObject({ errors: 0 })
    expect((await run('variables', slug, '--json')).json()).toMatchObject([{ name: 'name' }])
    expect((await run('doctor', '--json')).exit).toBe(0)
  })

  it('is written on the shared branch, as a clone would write it', async () => {
    const { slug, place } = await bare()
    const made = async (...words: string[]) => {
      const result = await promptctl(place(), ...words, '--json')
      expect(`${result.exit} ${result.stderr}`, words.join(' ')).toMatch(/^0 (passed over .*\n)?$/)
      return result.json<{ version: number; environment: string; action: string; provisional?: boolean }>()
    }
    expect(await made('edit', slug, '--set', 'title=Barer')).toMatchObject({ version: 4, action: 'edited' })
    expect(await made('publish', slug)).toMatchObject({ version: 5, action: 'published' })
    expect(await made('publish', slug)).toMatchObject({ version: 5, changed: false })
    expect(await made('promote', slug, '--to', 'staging')).toMatchObject({ version: 6, environment: 'staging' })
    expect(await made('rollback', slug, '3', '--env', 'staging')).toMatchObject({ version: 7, action: 'rolled_back' })
    expect(await made('archive', slug, '--env', 'staging')).toMatchObject({ version: 8, state: 'archived' })
    const created = await promptctl({ ...place(), stdin: 'Hi {{name}}\n' }, 'new', 'Newer', '-f', '-', '--json')
    const { slug: newer, ...rest } = created.json<{ slug: string; version: number }>()
    expect(rest).toMatchObject({ version: 1, environment: 'development', state: 'draft' })
    expect(rest).not.toHaveProperty('provisional')
    expect(await made('publish', '--all')).toMatchObject([{ slug: newer, version: 2 }])
    expect((await promptctl(place(), 'lint', '--json')).json()).toMatchObject({ errors: 0 })
    expect((await promptctl(place(), 'log', slug, '--json')).json<LogEntry[]>().map(brief)).toEqual([
      '8 staging archived archived',
      '7 staging rolled_back published',
      '6 staging published published',
      '5 development published published live',
      '4 development edited draft',
      '3 staging promoted published',
      '2 development published published',
      '1 development created draft',
    ])
    await expectFailure(place(), 6, 'unsupported', 'publish', slug, '--stage')
    await expectFailure(place(), 4, 'conflict', 'archive', slug, '--expect', '4')
  })

  it('is pushed, and goes forward to the remote before a write with --push', async () => {
    if (engine === 'embedded') return // over https alone: test/server/embedded-remote.test.ts
    const team = createTeam()
    const { slug } = team.ada.live('Bare', 'one {{name}}\n')
    team.ada.repo.git('push', '-q', 'origin', 'main')
    const dir = join(tempDir(), 'bare.git')
    team.ada.repo.git('clone', '-q', '--bare', team.origin, dir)
    configureIdentity(dir, team.ada.repo.env)
    const run = async (...words: string[]) => promptctl(team.ada.place({ dir }), ...words, '--json')
    expect((await run('promote', slug, '--to', 'staging', '--push')).json()).toMatchObject({ version: 3 })
    team.ada.repo.git('pull', '-q', '--ff-only', 'origin', 'main')
    await team.ada.json('archive', slug, '--env', 'staging', '--push')
    expect((await run('archive', slug, '--env', 'development', '--push')).json()).toMatchObject({ version: 5 })
    expect((await run('rollback', `${slug}@2`, '--restore', '--env', 'development')).json()).toMatchObject({
      version: 6,
      provisional: true,
    })
    team.ada.repo.git('pull', '-q', '--ff-only', 'origin', 'main')
    team.ada.commit('beside', '--allow-empty')
    team.ada.repo.git('push', '-q', 'origin', 'main')
    await expectFailure(team.ada.place({ dir }), 4, 'conflict', 'push')
    expect((await run('push', '--rebase')).json()).toMatchObject({ pushed: 1, rebased: true })
    expect(team.tip()).toBe(team.ada.repo.git('--git-dir', dir, 'rev-parse', 'main'))
    expect((await run('push')).json()).toMatchObject({ pushed: 0 })
  })

  it('names one of several registries with --registry', async () => {
    const first = createRegistry()
    mkdirSync(join(first.repo.dir, 'team'))
    await promptctl({ ...first.place(), dir: join(first.repo.dir, 'team') }, 'init')
    const team = createRegistry({ existing: first.repo.dir, folder: 'team' })
    const { slug } = await team.create('Team')
    const dir = join(tempDir(), 'bare.git')
    first.repo.git('clone', '-q', '--bare', '.', dir)
    const place = first.place({ dir, env: { PROMPTCTL_GIT: engine } })
    expect((await promptctl(place, 'list', '--registry', 'team', '--json')).json()).toMatchObject([{ slug }])
    expect((await promptctl(place, '--registry', 'team/', 'list', '--json')).json()).toMatchObject([{ slug }])
    await expectFailure(place, 3, 'not_found', 'list', '--registry', 'nowhere')
    expect((await promptctl(place, 'list', '--json')).json()).toEqual([])
  })
})

describe('where a command is run', () => {
  it('any subdirectory works, and -C names another', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Anywhere')
    const below = join(registry.dir, 'prompts/development')
    const run = (dir: string, ...words: string[]) => promptctl({ ...registry.place(), dir }, ...words)
    for (const [dir, ...words] of [
      [below, 'list', '--json'],
      [tempDir(), '-C', registry.dir, 'list', '--json'],
      [tempDir(), 'list', '--json', '-C', below],
      [registry.dir, '-C', 'prompts', 'list', '--json'],
    ] as [string, ...string[]][]) {
      expect((await run(dir, ...words)).json(), words.join(' ')).toMatchObject([{ slug }])
    }
    expect(await (await run(below, 'archive', slug, '--json')).json()).toMatchObject({ state: 'archived' })
    expect((await run(below, 'lint', `${slug}.yaml`)).exit).toBe(0)
    expect((await run(below, 'lint', '../..')).exit).toBe(0)
    await expectFailure({ ...registry.place(), dir: below }, 2, 'usage', 'lint', '../../..')
  })

  it('outside of a registry is not_found, and --help works all the same', async () => {
    const registry = createRegistry()
    const dir = tempDir()
    await expectFailure(registry.place({ dir }), 3, 'not_found', 'list')
    expect((await promptctl(registry.place({ dir }), 'list', '--help')).exit).toBe(0)
  })

  it('a linked worktree commits on its own branch [case 16]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Linked', 'one {{name}}\n')
    const dir = join(tempDir(), 'linked')
    registry.repo.git('worktree', 'add', '-q', '-b', 'feature', dir)
    const linked = createRegistry({ existing: dir })
    linked.edit(slug, 'one', 'two')
    const made = await linked.json<{ commit: string }>('publish', slug)
    expect(made).toMatchObject({ version: 3, provisional: true })
    expect([registry.repo.git('rev-parse', 'feature'), registry.repo.git('rev-parse', 'main') === made.commit]).toEqual(
      [made.commit, false],
    )
    expect((await registry.log(slug)).length).toBe(2)
    expect(linked.repo.git('status', '--porcelain')).toBe('')
  })

  it.each([
    ['a folder', ['--cone', 'docs']],
    ['a file', ['--no-cone', '/*', '!/prompts/development/left-out-*']],
  ])('a sparse checkout without %s has the prompts of HEAD [case 22]', async (_, patterns) => {
    const registry = createRegistry()
    registry.repo.write('docs/a.md', 'a\n')
    const { slug } = registry.live('Left out', undefined, 'staging')
    const user = registry.live('User', `{{> ${slug}}}`).slug
    const gone = registry.live('Gone').slug
    registry.commit('docs')
    registry.repo.git('rm', '-q', registry.file(gone))
    const slugsOf = async () => [
      (await registry.cli('list')).stdout.split('\n').map((line) => line.split('\t')[0]),
      [...(await registry.json<PromptRecord[]>('list')).map(({ slug }) => slug), ''],
    ]
    const before = await slugsOf()
    registry.repo.git('sparse-checkout', 'set', ...patterns)
    expect(existsSync(join(registry.dir, registry.file(slug)))).toBe(false)
    expect(await slugsOf()).toEqual(before)
    expect(await registry.json('show', 'left')).toMatchObject({ slug, version: 2 })
    expect((await registry.cli('compile', user, '--var', 'name=Bo')).stdout).toBe('Hello Bo\n')
    expect(await registry.json('compile', '--strict')).toMatchObject({ compiled: 3, failed: 0 })
    expect(await registry.json('lint')).toMatchObject({ errors: 0 })
    await registry.json('edit', slug, '--set', 'title=Kept')
    expect(await registry.json('show', slug)).toMatchObject({ title: 'Kept', version: 4 })
  })

  it('packed references and packed objects are read [case 16]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Packed', 'one {{name}}\n')
    registry.repo.git('gc', '-q')
    registry.edit(slug, 'one', 'two')
    expect(await registry.json('publish', slug)).toMatchObject({ version: 3 })
    registry.repo.check()
  })

  it('a folder that is no git repository compiles and lints', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Exported', 'one {{name}}\n')
    const dir = tempDir()
    for (const path of ['promptctl.yaml', registry.file(slug)]) {
      mkdirSync(join(dir, path, '..'), { recursive: true })
      await import('node:fs').then(({ writeFileSync }) => writeFileSync(join(dir, path), registry.repo.read(path)))
    }
    const run = (...words: string[]) => promptctl(registry.place({ dir }), ...words)
    expect((await run('compile', slug, '--var', 'name=Bo')).stdout).toBe('one Bo\n')
    expect((await run('compile', slug, '--var', 'name=Bo', '--json')).json()).toMatchObject({
      version: null,
      commit: null,
    })
    expect((await run('compile', '--strict')).exit).toBe(0)
    expect((await run('lint')).exit).toBe(0)
    await expectFailure(registry.place({ dir }), 3, 'not_found', 'log', slug)
  })
})

describe('init', () => {
  it('makes the git repository, the configuration and the attributes, in one commit', async () => {
    const registry = createRegistry()
    const dir = join(tempDir(), 'acme')
    mkdirSync(dir)
    const env = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@x', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@x' }
    const first = await promptctl(registry.place({ dir, env }), 'init', '--json')
    expect(first.json()).toEqual({
      created: ['promptctl.yaml', '.gitattributes'],
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      changed: true,
    })
    const made = createRegistry({ existing: dir })
    expect(made.repo.git('status', '--porcelain')).toBe('')
    expect(made.repo.git('rev-list', '--count', 'HEAD')).toBe('1')
    expect(made.repo.read('.gitattributes')).toBe('prompts/** -text\n')
    expect(made.repo.read('promptctl.yaml')).toContain('name: "acme"')
    const again = await promptctl(registry.place({ dir, env }), 'init', '--json')
    expect(again.json()).toEqual({ created: [], commit: null, changed: false })
  })

  it('adds its rule to attributes that are there, and refuses edits of theirs that are not committed', async () => {
    const registry = createRegistry()
    registry.repo.git('rm', '-q', 'promptctl.yaml', '.gitattributes')
    registry.repo.write('.gitattributes', '*.png binary')
    await registry.fails(4, 'conflict', 'init')
    registry.commit('attributes')
    await registry.json('init')
    expect(registry.repo.read('.gitattributes')).toBe('*.png binary\nprompts/** -text\n')
  })
})
