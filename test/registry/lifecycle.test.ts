import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { promptctl } from '../helpers/cli.js'
import { brief, createRegistry, ENGINES, type PromptRecord } from '../helpers/registry.js'

describe.each(ENGINES)('a prompt’s life (%s)', (engine) => {
  const open = (config?: string) => createRegistry({ engine, ...(config === undefined ? {} : { config }) })

  it('new gives a slug out of title and id, a draft, and declared variables [case 1] [case 25]', async () => {
    const registry = open()
    const made = await registry.create('Optimize Code Generation', 'Use {{language}}.\n')
    expect(made.slug).toMatch(/^optimize-code-generation-[0-9a-f]{8}$/)
    expect(made).toEqual({
      slug: made.slug,
      environment: 'development',
      action: 'created',
      state: 'draft',
      version: 1,
      previous_version: null,
      commit: registry.head(),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      changed: true,
    })
    const shown = await registry.json<PromptRecord>('show', made.slug)
    expect(shown.id?.slice(0, 8)).toBe(made.slug.slice(-8))
    expect(shown).toMatchObject({ title: 'Optimize Code Generation', state: 'draft', version: 1, live_version: null })
    expect(shown).toMatchObject({ variables: [{ name: 'language', required: true }], template: 'Use {{language}}.\n' })
    expect(registry.repo.git('status', '--porcelain')).toBe('')
    registry.repo.check()
  })

  it('a new title changes neither slug, nor path, nor older versions [case 2]', async () => {
    const registry = open()
    const { slug } = registry.live('First title')
    const before = await registry.log(slug)
    const edited = await registry.json<ChangeRecord>('edit', slug, '--set', 'title=Another title entirely', '--publish')
    expect(edited).toMatchObject({ slug, version: 3, action: 'published' })
    const shown = await registry.json<PromptRecord>('show', slug)
    expect(shown).toMatchObject({ slug, title: 'Another title entirely', path: `prompts/development/${slug}.yaml` })
    const after = await registry.log(slug)
    expect(after.slice(1)).toEqual(before.map((entry) => ({ ...entry, live: false })))
  })

  it('log tells the whole story, with as many rows as git has commits [case 3]', async () => {
    const registry = open()
    const { slug } = await registry.create('Story', 'one {{name}}\n')
    await registry.json('publish', slug)
    await registry.json('edit', slug, '--set', 'description=better')
    await registry.json('publish', slug)
    await registry.json('promote', slug, '--to', 'staging')
    registry.edit(slug, 'one', 'two', 'staging')
    registry.commit('by hand', '--author', 'Bo Beispiel <bo@example.com>')
    await registry.json('publish', slug, '--env', 'staging')
    await registry.json('rollback', slug, '--env', 'staging')
    const log = await registry.log(slug)
    expect(log.map(brief)).toEqual([
      '8 staging rolled_back published live',
      '7 staging published published',
      '6 staging broken invalid',
      '5 staging promoted published',
      '4 development published published live',
      '3 development edited draft',
      '2 development published published',
      '1 development created draft',
    ])
    expect(log[2]?.author).toEqual({ name: 'Bo Beispiel', email: 'bo@example.com' })
    const files = ['development', 'staging', 'production'].map((environment) => registry.file(slug, environment))
    const commits = registry.repo.git('log', '--first-parent', '--format=%H', '--', ...files).split('\n')
    expect(log.map(({ commit }) => commit)).toEqual(commits)
    for (const { commit, blob, environment } of log) {
      expect(blob).toBe(registry.repo.git('rev-parse', `${commit}:${registry.file(slug, environment)}`))
    }
    registry.repo.check()
  })

  it('rollback brings back the blob of a version, in one environment [case 4]', async () => {
    const registry = open()
    const { slug } = registry.live('Back', 'one {{name}}\n', 'production')
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    await registry.json('promote', slug, '--to', 'staging')
    await registry.json('promote', slug, '--to', 'production')
    const others = () =>
      ['development', 'staging'].map((e) => registry.repo.git('rev-parse', `HEAD:${registry.file(slug, e)}`))
    const before = others()
    const back = await registry.json<ChangeRecord>('rollback', slug, '4', '--env', 'production')
    expect(back).toMatchObject({ action: 'rolled_back', state: 'published', version: 8, previous_version: 7 })
    const target = (await registry.log(slug)).find(({ version }) => version === 4)
    expect(registry.repo.git('rev-parse', `HEAD:${registry.file(slug, 'production')}`)).toBe(target?.blob)
    expect(others()).toEqual(before)
    const trailers = registry.repo.git('log', '-1', '--format=%(trailers:key=Prompt-Restores,valueonly)').trim()
    expect(trailers).toBe(target?.commit)
    expect(await registry.served(slug, 'production')).toBe('one Bo\n')
  })

  it('repeated rollbacks walk back one step each, then say archive [case 5]', async () => {
    const registry = open()
    const { slug } = await registry.create('Steps', 'P1 {{name}}\n')
    await registry.json('publish', slug)
    for (const [from, to] of [
      ['P1', 'P2'],
      ['P2', 'P3'],
    ] as const) {
      registry.edit(slug, from, to)
      await registry.json('publish', slug)
    }
    const back = () => registry.json('rollback', slug, '--env', 'development')
    await back()
    expect(await registry.served(slug)).toBe('P2 Bo\n')
    await back()
    expect(await registry.served(slug)).toBe('P1 Bo\n')
    const error = await registry.fails(4, 'illegal_transition', 'rollback', slug, '--env', 'development')
    expect(error.hint).toContain('archive')
    expect(await registry.served(slug)).toBe('P1 Bo\n')
  })

  it('takes the same steps with equal contents, broken versions and drafts in between [case 5]', async () => {
    const registry = open()
    const { slug } = await registry.create('Steps', 'P1 {{name}}\n')
    await registry.json('publish', slug)
    registry.edit(slug, 'title: Steps', 'title: Same content')
    await registry.json('publish', slug)
    registry.edit(slug, 'P1', 'draft')
    registry.edit(slug, 'state: published', 'state: draft')
    registry.commit('draft')
    registry.edit(slug, 'draft {{', 'P2 {{')
    await registry.json('publish', slug)
    registry.edit(slug, 'P2', 'sneaky')
    registry.commit('broken seal')
    registry.edit(slug, 'sneaky', 'P3')
    await registry.json('publish', slug)
    const back = () => registry.json('rollback', slug, '--env', 'development')
    await back()
    expect(await registry.served(slug)).toBe('P2 Bo\n')
    await back()
    expect(await registry.served(slug)).toBe('P1 Bo\n')
    expect((await registry.json<PromptRecord>('show', slug)).title).toBe('Same content')
    await registry.fails(4, 'illegal_transition', 'rollback', slug, '--env', 'development')
  })

  it('a draft on top takes nothing down, an archived prompt is not served, nor a draft on top of that [case 6]', async () => {
    const registry = open()
    const { slug } = registry.live('Six', 'live {{name}}\n', 'production')
    registry.edit(slug, 'live', 'next', 'production')
    registry.edit(slug, 'state: published', 'state: draft', 'production')
    registry.commit('draft')
    expect(await registry.served(slug, 'production')).toBe('live Bo\n')
    registry.edit(slug, 'state: draft', 'state: archived', 'production')
    registry.commit('archived')
    expect(await registry.served(slug, 'production')).toBe('not_found')
    registry.edit(slug, 'state: archived', 'state: draft', 'production')
    registry.commit('draft again')
    expect(await registry.served(slug, 'production')).toBe('not_found')
    expect((await registry.log(slug, '--env', 'production')).map(({ state }) => state)).toEqual([
      'draft',
      'archived',
      'draft',
      'published',
    ])
  })

  it('publishing twice makes no commit; a new title or tag does [case 7]', async () => {
    const registry = open()
    const { slug } = registry.live('Twice')
    const before = registry.head()
    const again = await registry.json<ChangeRecord>('publish', slug)
    expect(again).toMatchObject({
      slug,
      changed: false,
      version: 2,
      previous_version: 1,
      state: 'published',
      commit: before,
    })
    expect(registry.head()).toBe(before)
    registry.edit(slug, 'title: Twice', 'title: Twice\ntags: [new]')
    expect(await registry.json<ChangeRecord>('publish', slug)).toMatchObject({ changed: true, version: 3 })
  })

  it('a seal that plain git broke is not served, and publish mends it [case 8]', async () => {
    const registry = open()
    const { slug } = registry.live('Eight', 'good {{name}}\n')
    registry.edit(slug, 'good', 'sneaky')
    registry.commit('by hand', '--no-verify')
    const lint = await registry.cli('lint', '--json')
    expect([lint.exit, lint.json<{ findings: { rule: string }[] }>().findings.map(({ rule }) => rule)]).toEqual([
      1,
      ['broken_seal'],
    ])
    expect((await registry.log(slug)).map(brief)[0]).toBe('3 development broken invalid')
    expect(await registry.served(slug)).toBe('good Bo\n')
    expect(await registry.json<ChangeRecord>('publish', slug)).toMatchObject({ version: 4, action: 'published' })
    expect(await registry.served(slug)).toBe('sneaky Bo\n')
  })

  it('a file that does not parse is not served, and publish mends it [case 8]', async () => {
    const registry = open()
    const { slug } = registry.live('Eight', 'good {{name}}\n')
    const text = registry.repo.read(registry.file(slug))
    registry.repo.write(registry.file(slug), 'title: [unclosed\n')
    registry.commit('by hand', '--no-verify')
    expect((await registry.log(slug)).map(brief)[0]).toBe('3 development broken invalid')
    expect(await registry.served(slug)).toBe('good Bo\n')
    await registry.fails(1, 'invalid_prompt', 'publish', slug)
    registry.repo.write(registry.file(slug), text.replace('good', 'better'))
    expect(await registry.json<ChangeRecord>('publish', slug)).toMatchObject({ version: 4, action: 'published' })
    expect(await registry.served(slug)).toBe('better Bo\n')
  })

  it('two environments in one commit are two versions, in byte order of their paths [case 13]', async () => {
    const registry = open()
    const { slug } = registry.live('Both', undefined, 'production')
    for (const environment of ['staging', 'production'])
      registry.edit(slug, 'title: Both', 'title: Changed', environment)
    registry.commit('both')
    expect((await registry.log(slug)).slice(0, 2).map(({ version, environment }) => [version, environment])).toEqual([
      [6, 'staging'],
      [5, 'production'],
    ])
  })

  it('a file that plain git deleted is a deleted version, and goes on counting when it comes back', async () => {
    const registry = open()
    const { slug } = registry.live('Gone', 'here {{name}}\n')
    registry.repo.git('rm', '-q', registry.file(slug))
    registry.commit('gone')
    expect((await registry.log(slug)).map(brief)[0]).toBe('3 development deleted deleted')
    expect(await registry.served(slug)).toBe('not_found')
    await registry.fails(3, 'not_found', 'show', slug)
    for (const [command, ...flags] of [
      ['rollback'],
      ['publish'],
      ['publish', '--restore'],
      ['edit', '--set', 'title=x'],
    ] as const) {
      const refused = await registry.fails(4, 'illegal_transition', command, slug, '--env', 'development', ...flags)
      expect(refused.hint).toBe(`To bring it back: promptctl rollback ${slug} --env development --restore`)
    }
    const back = await registry.json<ChangeRecord>('rollback', slug, '--env', 'development', '--restore')
    expect(back).toMatchObject({ version: 4, action: 'rolled_back' })
    expect(await registry.served(slug)).toBe('here Bo\n')
    registry.repo.check()
  })

  it('a draft that plain git deleted comes back out of the history of git', async () => {
    const registry = open()
    const { slug } = registry.seed('Draft', [{ state: 'draft' }])
    registry.repo.git('rm', '-q', registry.file(slug))
    const gone = registry.commit('gone')
    for (const [command, ...flags] of [['publish'], ['rollback', '--restore']] as const) {
      const refused = await registry.fails(4, 'illegal_transition', command, slug, ...flags)
      expect(refused.hint).toContain(`git restore --source ${gone.slice(0, 12)}^ -- ${registry.file(slug)}`)
    }
    registry.repo.git('restore', '--source', `${gone}^`, '--', registry.file(slug))
    await registry.json('publish', slug, '--restore')
  })

  it.each([
    ['gone from the disk', (path: string) => ['restore', path]],
    ['gone from the index', (path: string) => ['restore', '--staged', '--worktree', path]],
  ])('a file that is only %s is to be restored by git', async (where, restore) => {
    const registry = open()
    const { slug } = registry.live('Missing', undefined, 'staging')
    const path = registry.file(slug, 'staging')
    if (where.endsWith('disk')) rmSync(join(registry.dir, path))
    else registry.repo.git('rm', '-q', path)
    for (const words of [
      ['publish', slug],
      ['edit', slug, '--set', 'title=x', '--publish'],
    ]) {
      const error = await registry.fails(3, 'not_found', ...words, '--env', 'staging')
      expect([error.message, error.hint]).toEqual([
        `${path} is missing from the work tree`,
        `git ${restore(path).join(' ')} brings it back.`,
      ])
    }
    registry.repo.git(...restore(path))
    await registry.json('publish', slug, '--env', 'staging')
  })

  it('archive takes out of service; only --restore brings back, with what was live before', async () => {
    const registry = open()
    const { slug } = registry.live('Archived', 'here {{name}}\n')
    expect(await registry.json<ChangeRecord>('archive', slug)).toMatchObject({
      action: 'archived',
      state: 'archived',
      version: 3,
    })
    await registry.fails(4, 'illegal_transition', 'archive', slug)
    await registry.fails(4, 'illegal_transition', 'publish', slug)
    await registry.fails(4, 'illegal_transition', 'edit', slug, '--set', 'title=x')
    await registry.fails(4, 'illegal_transition', 'rollback', slug, '2', '--env', 'development')
    await registry.json('rollback', slug, '--env', 'development', '--restore')
    expect(await registry.served(slug)).toBe('here Bo\n')
    await registry.json('archive', slug)
    expect(await registry.json<ChangeRecord>('publish', slug, '--restore')).toMatchObject({
      state: 'published',
      version: 6,
    })
    expect(await registry.served(slug)).toBe('here Bo\n')
  })

  it('dry run, commit message, result and log give a change one name, that of its content', async () => {
    const registry = createRegistry({ engine })
    const { slug } = registry.live('Named', 'one {{name}}\n', 'staging')
    registry.repo.write(
      registry.file(slug, 'production'),
      registry.repo
        .read(registry.file(slug, 'staging'))
        .replace('staging', 'production')
        .replace('published', 'archived'),
    )
    registry.commit('archived by hand')
    const namesOf = async (...words: string[]) => {
      const planned = await registry.json<ChangeRecord>(...words, '--dry-run')
      const made = await registry.json<ChangeRecord>(...words)
      const trailer = registry.repo.git('log', '-1', '--format=%(trailers:key=Prompt-Action,valueonly)').trim()
      return [planned.action, trailer, made.action, (await registry.log(slug))[0]?.action]
    }
    const all = (name: string) => [name, name, name, name]
    expect(await namesOf('publish', slug, '--env', 'production', '--restore')).toEqual(all('promoted'))
    expect(await namesOf('edit', slug, '--set', 'title=Other', '--env', 'production', '--publish')).toEqual(
      all('published'),
    )
    registry.edit(slug, 'one', 'two')
    expect(await namesOf('publish', slug)).toEqual(all('published'))
    expect(await namesOf('promote', slug, '--to', 'staging')).toEqual(all('promoted'))
    expect(await namesOf('rollback', slug, '--env', 'staging')).toEqual(all('rolled_back'))
    expect(await namesOf('archive', slug, '--env', 'staging')).toEqual(all('archived'))
  })

  it('a prompt that never was published comes back from the archive by publish --restore alone', async () => {
    const registry = open()
    const { slug } = await registry.create('Never', 'x {{name}}\n')
    await registry.json('archive', slug)
    const refused = await registry.fails(4, 'illegal_transition', 'rollback', slug, '--env', 'development', '--restore')
    expect(refused.hint).toContain(`publish ${slug} --env development --restore`)
    await registry.json('publish', slug, '--restore')
    expect(await registry.served(slug)).toBe('x Bo\n')
  })

  it('edit makes a draft in the first environment, and needs --publish elsewhere', async () => {
    const registry = open()
    const { slug } = registry.live('Edited', 'one {{name}}\n', 'staging')
    const words = ['edit', slug, '--template-file', '-', '--json']
    const draft = await promptctl(registry.place({ stdin: 'two {{name}}\n' }), ...words)
    expect(draft.json()).toMatchObject({ action: 'edited', state: 'draft', version: 4 })
    expect(await registry.served(slug)).toBe('one Bo\n')
    await registry.fails(4, 'illegal_transition', 'edit', slug, '--env', 'staging', '--set', 'title=x')
    const hotfix = await promptctl(
      registry.place({ stdin: 'fix {{name}}\n' }),
      ...words,
      '--env',
      'staging',
      '--publish',
    )
    expect(hotfix.json()).toMatchObject({ action: 'published', environment: 'staging', version: 5 })
    expect(await registry.served(slug, 'staging')).toBe('fix Bo\n')
  })

  it('a file that git does not know yet may be published', async () => {
    const registry = open()
    const { slug } = await registry.create('Copied')
    const text = registry.repo.read(registry.file(slug))
    const other = 'copied-3f8a2b1c'
    registry.repo.write(
      registry.file(other),
      text.replace(/^id: .*$/m, 'id: 3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88').replace(slug, other),
    )
    expect(await registry.json<PromptRecord>('show', other)).toMatchObject({ version: null, modified: true })
    await registry.fails(3, 'not_found', 'log', other)
    expect(await registry.json<ChangeRecord>('publish', other)).toMatchObject({
      version: 1,
      action: 'published',
      previous_version: null,
    })
  })
})
