import { describe, expect, it } from 'vitest'
import { promptctl } from '../helpers/cli.js'
import { createRegistry } from '../helpers/registry.js'

const RECORD = {
  slug: expect.any(String),
  environment: expect.any(String),
  action: expect.any(String),
  state: expect.any(String),
  version: expect.any(Number),
  previous_version: null,
  commit: expect.stringMatching(/^[0-9a-f]{40}$/),
  digest: expect.stringMatching(/^sha256:/),
  changed: true,
}

describe('JSON of the commands that change something', () => {
  it('is an object for one prompt, an array for several, --all or a whole environment', async () => {
    const registry = createRegistry()
    const [a, b] = ['A', 'B'].map((title) => registry.seed(title, [{ template: 'one' }, { template: 'two' }]).slug)
    const isArray = async (...words: string[]) => Array.isArray(await registry.json(...words))
    if (a === undefined || b === undefined) throw new Error('unreachable')
    expect(await isArray('publish', a)).toBe(false)
    expect(await isArray('publish', a, b)).toBe(true)
    expect(await isArray('publish', '--all')).toBe(true)
    expect(await isArray('promote', a, '--to', 'staging')).toBe(false)
    expect(await isArray('promote', a, b, '--to', 'staging')).toBe(true)
    expect(await isArray('promote', '--all', '--to', 'staging')).toBe(true)
    expect(await isArray('rollback', a, '--env', 'development')).toBe(false)
    expect(await isArray('rollback', `${a}@2`, `${b}@1`, '--env', 'development')).toBe(true)
    expect(await isArray('rollback', '--env', 'development', '--to', 'HEAD')).toBe(true)
    expect(await isArray('archive', a, '--env', 'staging')).toBe(false)
    expect(await isArray('archive', a, b, '--dry-run')).toBe(true)
    expect(await isArray('archive', '--all', '--env', 'staging')).toBe(true)
    expect(await isArray('edit', a, '--set', 'title=x')).toBe(false)
  })

  it('has every field, and no other', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Fields', [{ template: 'one' }])
    expect(await registry.json('promote', slug, '--to', 'staging')).toEqual({
      ...RECORD,
      slug,
      environment: 'staging',
      action: 'promoted',
      state: 'published',
      version: 2,
    })
    const edited = { ...RECORD, action: 'edited', state: 'draft', version: 3, previous_version: 1 }
    expect(await registry.json('edit', slug, '--set', 'title=x')).toEqual(edited)
    expect(await registry.json('publish', slug)).toEqual({
      ...RECORD,
      action: 'published',
      version: 4,
      previous_version: 3,
    })
    expect(await registry.json('publish', slug)).toEqual({
      ...RECORD,
      action: 'published',
      version: 4,
      previous_version: 3,
      changed: false,
    })
  })

  it('--all passes over what is unchanged, archived or not live, and says so', async () => {
    const registry = createRegistry()
    registry.seed('Archived', [{}, { state: 'archived' }])
    registry.seed('Published', [{}])
    const draft = registry.seed('Draft', [{ state: 'draft' }]).slug
    const text = (await registry.cli('publish', '--all')).stdout
    expect(text).toMatch(/passed over 1 \(published already\)/)
    expect(text).toMatch(/passed over 1 \(archived\)/)
    expect(await registry.cli('publish', '--all', '--json')).toMatchObject({
      exit: 0,
      stdout: '[]\n',
      stderr: expect.stringMatching(/^passed over 2 \(published already\): .*\npassed over 1 \(archived\): .*\n$/),
    })
    expect(await registry.json('publish', '--all')).toEqual([])
    registry.edit(draft, 'state: published', 'state: draft')
    registry.commit('draft again')
    const other = registry.seed('Never live', [{ state: 'draft' }]).slug
    const promoted = (await registry.cli('promote', '--all', '--to', 'staging')).stdout
    expect(promoted).toMatch(/passed over 2 \(not live in development\)/)
    expect(promoted).toContain(other)
    expect(await registry.served(draft, 'staging')).toBe('Hello Bo\n')
    expect((await registry.cli('promote', '--all', '--to', 'staging')).stdout).toMatch(
      /passed over 2 \(in staging already\)/,
    )
  })

  it('--all tells what was deleted from what is archived', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Deleted', undefined, 'staging')
    const text = registry.repo.read(registry.file(slug, 'staging'))
    registry.repo.git('rm', '-q', registry.file(slug, 'staging'))
    registry.commit('gone')
    registry.edit(slug, 'Hello', 'Bye')
    await registry.json('publish', slug)
    const promoted = await registry.cli('promote', '--all', '--to', 'staging')
    expect(promoted.stdout).toContain(`passed over 1 (deleted there): ${slug}\n`)
    registry.repo.write(registry.file(slug, 'staging'), text.replace('Hello', 'Again'))
    const published = await registry.cli('publish', '--all', '--env', 'staging')
    expect(published.stdout).toContain(`passed over 1 (deleted): ${slug}\n`)
  })

  it('publish --all stops at a file that is no prompt, and commits nothing', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Draft', [{ state: 'draft' }])
    registry.repo.write(registry.file('broken-3f8a2b1c'), 'no: prompt\n')
    const before = registry.head()
    await registry.fails(1, 'invalid_prompt', 'publish', '--all')
    expect(registry.head()).toBe(before)
    await registry.json('publish', slug)
  })
})

describe('--dry-run', () => {
  it.each([
    ['publish', 'a'],
    ['publish', 'a', '--stage'],
    ['promote', 'b', '--to', 'staging'],
    ['archive', 'b'],
    ['rollback', 'b@1', '--env', 'development'],
    ['rollback', '--env', 'development', '--to', 'HEAD~1'],
    ['edit', 'b', '--set', 'title=x'],
    ['new', 'C', '--template-file', '-'],
  ])('%s %s: prints the plan, and changes nothing', async (...words) => {
    const registry = createRegistry()
    registry.seed('A', [{ state: 'draft' }])
    registry.seed('B', [{ template: 'one' }, { template: 'two' }])
    const before = [registry.head(), registry.repo.git('status', '--porcelain')]
    const json = await promptctl(registry.place({ stdin: 'x' }), ...words, '--dry-run', '--json')
    expect(json.stderr).toBe('')
    const [record] = [json.json()].flat()
    expect(record).toMatchObject({ version: null, commit: null, changed: true })
    const text = await promptctl(registry.place({ stdin: 'x' }), ...words, '--dry-run')
    expect(text.stdout).toContain('Dry run')
    expect([registry.head(), registry.repo.git('status', '--porcelain')]).toEqual(before)
  })
})

describe('--expect', () => {
  it('is the newest version in the environment, or a conflict that names both', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Expect', undefined, 'staging')
    registry.edit(slug, 'Hello', 'Bye')
    for (const words of [
      ['publish', slug],
      ['edit', slug, '--set', 'title=x'],
    ]) {
      const error = await registry.fails(4, 'conflict', ...words, '--expect', '1')
      expect(error.details).toEqual({ slug, environment: 'development', expected: 1, version: 2 })
    }
    const { hint } = await registry.fails(4, 'conflict', 'archive', slug, '--expect', '99')
    expect(hint).toBe(`promptctl log ${slug} lists its versions.`)
    await registry.json('publish', slug, '--expect', '2')
    await registry.fails(4, 'conflict', 'promote', slug, '--to', 'staging', '--expect', '2')
    await registry.json('promote', slug, '--to', 'staging', '--expect', '3')
    await registry.fails(4, 'conflict', 'archive', slug, '--expect', '3')
    await registry.fails(4, 'conflict', 'rollback', slug, '--env', 'staging', '--expect', '4')
    await registry.json('rollback', slug, '--env', 'staging', '--expect', '5')
    await registry.fails(2, 'usage', 'publish', slug, '--expect', 'latest')
  })

  it.each([
    ['rollback', '--env', 'staging', '--to', 'HEAD~1'],
    ['publish', '--all'],
    ['promote', '--all', '--to', 'staging'],
    ['archive', '--all'],
  ])('is refused where it would have to fit many prompts: %s %s', async (...words) => {
    const registry = createRegistry()
    registry.live('Many', undefined, 'staging')
    const before = registry.head()
    const error = await registry.fails(2, 'usage', ...words, '--expect', '9')
    expect(error.hint).toContain('--dry-run')
    expect(registry.head()).toBe(before)
  })

  it('is of the prompt that is named, and not of a partial that goes along', async () => {
    const registry = createRegistry()
    const tone = registry.live('Tone', 'kind').slug
    const { slug } = registry.live('User', undefined, 'staging')
    registry.edit(slug, 'Hello', `{{> ${tone}}}`)
    await registry.json('publish', slug)
    await registry.json('promote', slug, '--to', 'staging', '--with-partials', '--expect', '3')
    expect(await registry.served(slug, 'staging')).toBe('kind Bo\n')
  })
})

describe('the commit', () => {
  it('has a subject, a reason and trailers, for each prompt', async () => {
    const registry = createRegistry()
    const [a, b] = ['A', 'B'].map((title) => registry.seed(title, [{ state: 'draft' }]).slug)
    await registry.json('publish', '--all', '-m', 'reviewed in #42\n\nby Bo')
    expect(registry.repo.git('log', '-1', '--format=%B').trimEnd()).toBe(
      [
        'publish(development): 2 prompts',
        '',
        'reviewed in #42',
        '',
        'by Bo',
        '',
        ...[a, b].flatMap((slug) => [
          'Prompt-Action: published',
          `Prompt-Slug: ${slug}`,
          'Prompt-Environment: development',
        ]),
      ].join('\n'),
    )
  })

  it('leaves other staged and edited files as they were [case 20]', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Mine', [{ state: 'draft' }])
    registry.repo.write('staged.txt', 'x')
    registry.repo.git('add', 'staged.txt')
    registry.repo.write('promptctl.yaml', `${registry.repo.read('promptctl.yaml')}# edited\n`)
    const before = registry.repo.git('status', '--porcelain')
    await registry.json('publish', slug)
    expect(registry.repo.git('status', '--porcelain')).toBe(before)
    expect(registry.repo.git('show', '--name-only', '--format=', 'HEAD')).toBe(registry.file(slug))
  })
})

describe('show and list', () => {
  it('say everything of the contract', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Whole', [
      {
        more: {
          description: 'd',
          tags: ['t'],
          aliases: ['a/b'],
          model: { provider: 'p', name: 'n' },
          tools: [1],
          config: { x: 1 },
        },
      },
    ])
    const keys =
      'id slug title description tags aliases environment state path version live_version live_since live_by commit digest published_at published_by'
    const contents = 'variables model tools response_format config template'
    const shown = await registry.json<object>('show', slug)
    expect(Object.keys(shown).sort()).toEqual(`${keys} ${contents}`.split(' ').sort())
    expect(shown).toMatchObject({
      live_by: 'Ada Lovelace <ada@example.com>',
      live_since: expect.stringMatching(/Z$/),
      tools: [1],
      response_format: null,
    })
    const [listed] = await registry.json<object[]>('list')
    expect(Object.keys(listed ?? {}).sort()).toEqual(keys.split(' ').sort())
    expect(await registry.json('list', '--full')).toEqual([shown])
    registry.edit(slug, 'title: Whole', 'title: Edited')
    expect(await registry.json('show', slug)).toMatchObject({
      version: null,
      modified: true,
      title: 'Edited',
      live_version: 1,
      commit: null,
    })
    expect(await registry.json('list')).toMatchObject([{ version: null, modified: true }])
  })

  it('list filters by environment, state and tag, and shows what cannot be read as invalid', async () => {
    const registry = createRegistry()
    registry.seed('Draft', [{ state: 'draft', more: { tags: ['x'] } }])
    registry.seed('Live', [{ more: { tags: ['x', 'y'] } }])
    registry.seed('Down', [{}, { state: 'archived' }])
    registry.seed('Wrong', [{ text: () => 'no: prompt\n' }])
    registry.seed('Torn', [{ text: (right) => right.replace('Hello', 'Bye') }])
    const titles = async (...words: string[]) =>
      (await registry.json<{ slug: string }[]>('list', ...words)).map(({ slug }) => slug.slice(0, -9))
    expect(await titles()).toEqual(['down', 'draft', 'live', 'torn', 'wrong'])
    expect(await titles('--state', 'draft')).toEqual(['draft'])
    expect(await titles('--state', 'archived')).toEqual(['down'])
    expect(await titles('--state', 'published')).toEqual(['live'])
    expect(await titles('--state', 'invalid')).toEqual(['torn', 'wrong'])
    expect(await titles('--tag', 'x')).toEqual(['draft', 'live'])
    expect(await titles('--tag', 'y', '--state', 'draft')).toEqual([])
    expect(await titles('--env', 'staging')).toEqual([])
    await registry.fails(2, 'usage', 'list', '--state', 'live')
  })
})

describe('diff', () => {
  it('compares versions, environments, the file with what is live, and whole environments', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Diffed', [
      { template: 'one two\n' },
      { environment: 'staging', template: 'one two\n' },
      { template: 'one three\n' },
    ])
    const run = (...words: string[]) => registry.cli('diff', ...words)
    expect((await run(slug, '1', '3')).stdout).toContain('-  one two\n+  one three')
    expect(await run(slug, '1', '2', '--exit-code')).toMatchObject({ exit: 0, stdout: '' })
    expect((await run(slug, '1', '3', '--exit-code')).exit).toBe(1)
    expect((await run(slug, 'staging', 'development')).stdout).toContain('+  one three')
    expect((await run(slug)).stdout).toBe('')
    registry.edit(slug, 'three', 'four')
    expect((await run(slug)).stdout).toContain('+  one four')
    const commit = (await registry.log(slug))[2]?.commit ?? ''
    expect((await run(slug, commit.slice(0, 9), '3')).stdout).toContain('+  one three')
    expect(await registry.json('diff', 'development', 'staging')).toMatchObject([{ slug, changed: true }])
    const markdown = (await run('staging', 'development', '--format', 'markdown')).stdout
    expect(markdown).toMatch(/### Diffed\n[\s\S]*```diff\n[\s\S]*- {2}one two\n\+ {2}one three\n[\s\S]*```/)
    await registry.fails(2, 'usage', 'diff', slug, '../x')
    expect(await registry.fails(2, 'usage', 'diff', 'development', 'nope')).toMatchObject({
      message: 'There is no environment nope',
      hint: 'This registry has development, staging, production.',
    })
    await registry.fails(3, 'not_found', 'diff', slug, '1', '9')
    await registry.fails(2, 'usage', 'diff', slug, '--format', 'xml')
    const elsewhere = ['--env', 'staging']
    await registry.fails(2, 'usage', 'diff', slug, '1', '3', ...elsewhere)
    await registry.fails(2, 'usage', 'diff', slug, '2', 'development', ...elsewhere)
    await registry.fails(2, 'usage', 'diff', 'development', 'staging', ...elsewhere)
    expect((await run(slug, '3', ...elsewhere)).stdout).toContain('-  one three')
  })

  it('marks the words that changed in colour', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Marked', [{ template: 'one two\n' }, { template: 'one three\n' }])
    const { stdout } = await promptctl(registry.place({ isTerminal: true }), 'diff', slug, '1', '2')
    expect(stdout).toContain('\u001b[7mthree\u001b[27m')
  })
})
