import { symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, expectFailure, type PromptRecord } from '../helpers/registry.js'

describe('new', () => {
  it.each([
    ['Ünïcödé Prompt', /^unicode-prompt-[0-9a-f]{8}$/],
    ['小红书推广', /^[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{8}$/],
    ['!!!', /^prompt-[0-9a-f]{8}$/],
    ['word '.repeat(60), /^[a-z0-9-]{1,60}-[0-9a-f]{8}$/],
    ['--force', /^force-[0-9a-f]{8}$/],
  ])('%j gets a slug that is safe in a URL [case 1]', async (title, pattern) => {
    const registry = createRegistry()
    const words = ['new', '--template-file', '-', '--json', '--', title]
    const made = (await promptctl(registry.place({ stdin: 'x' }), ...words)).json<{ slug: string }>()
    expect(made.slug).toMatch(pattern)
    expect(made.slug).not.toContain('--')
    expect(await registry.json('show', made.slug)).toMatchObject({
      title: title.trim() === title ? title : expect.any(String),
    })
    expect((await registry.cli('lint')).exit).toBe(0)
  })

  it('the same title twice gives two prompts [case 1]', async () => {
    const registry = createRegistry()
    const [a, b] = [await registry.create('Same'), await registry.create('Same')]
    expect(a.slug).not.toBe(b.slug)
  })

  it('takes the template from the editor, and makes nothing of an empty one', async () => {
    const registry = createRegistry()
    const made = await promptctl(
      registry.place({ editor: () => 'From the editor {{name}}\n' }),
      'new',
      'Edited',
      '--json',
    )
    const { slug } = made.json<{ slug: string }>()
    expect(await registry.json('show', slug)).toMatchObject({ template: 'From the editor {{name}}\n' })
    await expectFailure(registry.place({ editor: () => '\n' }), 2, 'usage', 'new', 'Empty')
    await expectFailure(registry.place({ stdin: '' }), 2, 'usage', 'new', 'Empty', '-f', '-')
    await expectFailure(registry.place(), 2, 'usage', 'new', 'No editor')
    await expectFailure(registry.place({ stdin: 'x' }), 2, 'usage', 'new', ' ', '-f', '-')
    await expectFailure(registry.place(), 3, 'not_found', 'new', 'X', '-f', 'nowhere.txt')
    expect(registry.repo.git('status', '--porcelain')).toBe('')
  })

  it('keeps a template byte for byte [case 49]', async () => {
    const registry = createRegistry({ engine: 'embedded' })
    for (const text of [
      ' \n',
      'a\r\nb',
      '---\n# x: "y"\n',
      '\ttab',
      'é😀\u2028\u0085',
      '{{x}}',
      '\n\n',
      `'"\\`,
      ' two\n\n  \n',
    ]) {
      const { slug } = await registry.create('Bytes', text)
      expect((await registry.json<{ template: string }>('show', slug)).template).toBe(text)
      expect((await registry.cli('compile', slug, '--var', 'x={{x}}')).stdout).toBe(text)
    }
  })
})

describe('edit', () => {
  const edited = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)

  it('opens the file in the editor, and commits what was saved', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Edited', 'one\n')
    const place = registry.place({ editor: edited('  one', '  two # {{x}}') })
    expect((await promptctl(place, 'edit', slug, '--json')).json()).toMatchObject({
      action: 'edited',
      state: 'draft',
      version: 3,
    })
    expect(await registry.json('show', slug)).toMatchObject({ template: 'two # {{x}}\n' })
    expect(await registry.served(slug)).toBe('one\n')
  })

  it('an editor that changes nothing makes no commit, and --publish publishes what is a draft', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Same', [{ state: 'draft' }])
    const run = (...words: string[]) =>
      promptctl(registry.place({ editor: (text) => text }), 'edit', slug, '--json', ...words)
    expect((await run()).json()).toMatchObject({ changed: false, version: 1 })
    expect((await run('--publish')).json()).toMatchObject({ changed: true, state: 'published', version: 2 })
    expect((await run('--publish')).json()).toMatchObject({ changed: false, version: 2 })
  })

  it('refuses to leave nothing: an empty template, or an empty file from the editor', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Kept')
    const before = registry.head()
    for (const [place, ...words] of [
      [{ stdin: '' }, '--template-file', '-'],
      [{ stdin: '' }, '--template-file', '-', '--set', 'title=x', '--publish'],
      [{ editor: () => '\n' }],
    ] as const) {
      const error = await expectFailure(registry.place(place), 2, 'usage', 'edit', slug, ...words)
      expect(error.message).toMatch(/empty|nothing/)
    }
    expect(registry.head()).toBe(before)
  })

  it.each([
    ['id', /7e88/, '7e89', 'invalid_prompt'],
    ['slug', /^slug: \w+/m, 'slug: other', 'invalid_prompt'],
    ['environment', 'environment: development', 'environment: staging', 'invalid_prompt'],
    ['YAML', 'title:', 'title: [', 'invalid_prompt'],
    ['state', 'state: published', 'state: archived', 'illegal_transition'],
  ])('refuses a changed %s, and leaves everything as it was', async (_, from, to, code) => {
    const registry = createRegistry()
    const { slug } = registry.live('Refused')
    const before = registry.head()
    const exit = code === 'illegal_transition' ? 4 : 1
    await expectFailure(registry.place({ editor: edited(from, to) }), exit, code, 'edit', slug)
    expect([registry.head(), registry.repo.git('status', '--porcelain')]).toEqual([before, ''])
  })

  it('--set takes title, description, tags and aliases', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Set')
    const words = [
      '--set',
      'title=A: "b" # c',
      '--set',
      'tags=x, y-1,',
      '--set',
      'description=',
      '--set',
      'aliases=team/x',
    ]
    await registry.json('edit', slug, ...words)
    expect(await registry.json('show', slug)).toMatchObject({
      title: 'A: "b" # c',
      tags: ['x', 'y-1'],
      aliases: ['team/x'],
    })
    for (const bad of ['id=x', 'title', '=x', 'state=published', '__proto__=x']) {
      await registry.fails(2, 'usage', 'edit', slug, '--set', bad)
    }
  })
})

it('edit of a chat prompt takes no template', async () => {
  const registry = createRegistry()
  const messages = [{ role: 'system', content: 'Help' }]
  const { slug } = registry.seed('Chat', [{ state: 'draft', more: { messages } }])
  const failure = await expectFailure(registry.place({ stdin: 'x' }), 2, 'usage', 'edit', slug, '--template-file', '-')
  expect(failure).toMatchObject({
    message: `${slug} is a chat prompt: it has messages in place of a template`,
    hint: `promptctl edit ${slug} --env development opens them in $EDITOR.`,
  })
})

describe('import', () => {
  const CSV = 'act,prompt\nGreeter,"Hi ${name:Bo}, {{as is}}"\n"Say ""x""",plain\n'

  it('brings prompts in as drafts, in one commit, and skips them the next time', async () => {
    const registry = createRegistry()
    registry.repo.write('prompts.csv', CSV)
    registry.commit('csv')
    const before = registry.head()
    const words = [
      'import',
      'prompts.csv',
      '--title-column',
      'act',
      '--template-column',
      'prompt',
      '--placeholder',
      '${}',
    ]
    expect(await registry.json(...words, '--dry-run')).toMatchObject({ imported: 2, skipped: 0, commit: null })
    expect(registry.head()).toBe(before)
    const made = await registry.json<{ prompts: { slug: string; source: string }[] }>(...words)
    expect(made).toMatchObject({ imported: 2, skipped: 0, commit: registry.head() })
    expect(made.prompts.map(({ slug }) => slug.slice(0, -9))).toEqual(['greeter', 'say-x'])
    expect(registry.repo.git('rev-list', '--count', `${before}..HEAD`)).toBe('1')
    expect((await registry.cli('compile', made.prompts[0]?.slug ?? '')).stdout).toBe('Hi Bo, {{as is}}')
    const listed = await registry.json<PromptRecord[]>('list')
    expect(listed.map(({ title, state, version }) => [title, state, version])).toEqual([
      ['Greeter', 'draft', 1],
      ['Say "x"', 'draft', 1],
    ])
    expect(await registry.json(...words)).toMatchObject({ imported: 0, skipped: 2, commit: null, prompts: [] })
    expect((await registry.cli('lint')).exit).toBe(0)
  })

  it('skips a row that can be no prompt, and says why', async () => {
    const registry = createRegistry()
    const large = 'x'.repeat(1 << 20)
    registry.repo.write('lt.csv', `title,template\n${'T'.repeat(600)},one\nLarge,${large}\nFine,two\n`)
    const { stdout, exit } = await registry.cli('import', 'lt.csv')
    expect(exit).toBe(0)
    expect(stdout).toMatch(
      /^skipped {2}lt\.csv:2: title: expected at most 500 characters\nskipped {2}lt\.csv:3: the file has \d+ bytes; at most 1048576 \(1 MiB\) are read\n1 imported, 2 skipped\n/,
    )
    expect((await registry.json<PromptRecord[]>('list')).map(({ title }) => title)).toEqual(['Fine'])
    expect(await registry.json('import', 'lt.csv')).toMatchObject({
      imported: 0,
      skipped: 3,
      reasons: [{ source: 'lt.csv:2' }, { source: 'lt.csv:3' }, { source: 'lt.csv:4', reason: 'it is there already' }],
    })
    registry.repo.write('large.txt', large)
    const failure = await registry.fails(1, 'invalid_prompt', 'new', 'Large', '--template-file', 'large.txt')
    expect(failure.message).toMatch(/cannot be written: the file has \d+ bytes; at most 1048576 \(1 MiB\) are read$/)
    expect(failure.hint).toBeUndefined()
  })

  it('skips a symbolic link, and says so', async () => {
    const registry = createRegistry()
    registry.repo.write('old/a.txt', 'one')
    symlinkSync('a.txt', `${registry.dir}/old/b.txt`)
    expect((await registry.cli('import', 'old')).stdout).toContain(
      'skipped  b.txt: it is a symbolic link\n1 imported, 1 skipped\n',
    )
  })

  it('refuses columns that are not there', async () => {
    const registry = createRegistry()
    registry.repo.write('prompts.csv', CSV)
    const result = await registry.cli('import', 'prompts.csv', '--json')
    expect([result.exit === 0, result.stdout]).toEqual([false, ''])
    await registry.fails(3, 'not_found', 'import', 'nowhere.csv')
    await registry.fails(2, 'usage', 'import', '.', '--title-column', 'act')
  })
})

describe('cache', () => {
  it('says how large which caches are, and clears them', async () => {
    const registry = createRegistry()
    registry.live('One')
    expect((await registry.cli('cache')).stdout).toBe('nothing is cached\n')
    await registry.json('status')
    expect((await registry.cli('cache')).stdout).toMatch(/^\d+ KiB: (?=.*ledger)[a-z]+(, [a-z]+)*\n$/)
    expect(await registry.json('cache', 'clear')).toMatchObject({ cleared: true })
    expect(await registry.json('cache')).toEqual({ size: 0, caches: [], cleared: false })
  })
})
