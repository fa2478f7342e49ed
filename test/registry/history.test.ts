import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { promptctl } from '../helpers/cli.js'
import {
  brief,
  createRegistry,
  ENGINES,
  type LogEntry,
  type PromptRecord,
  type TestRegistry,
  tempDir,
} from '../helpers/registry.js'
import { configureIdentity } from '../helpers/repo.js'

/** Commits three edits of a prompt on a new branch, and goes back to main. */
function branchOff(registry: TestRegistry, slug: string): void {
  registry.repo.git('switch', '-qc', 'side')
  for (const n of ['1', '2', '3']) {
    registry.edit(slug, 'state: draft', `state: draft # ${n}`)
    registry.commit(`side ${n}`)
  }
  registry.repo.git('switch', '-q', 'main')
}

describe('versions and merges [case 11]', () => {
  it.each([
    ['a merge commit', ['merge', '-q', '--no-ff', '--no-edit', 'side'], 1],
    ['a squash', ['merge', '-q', '--squash', 'side'], 1],
    ['a fast-forward', ['merge', '-q', '--ff-only', 'side'], 3],
  ])('%s gives so many versions', async (what, words, count) => {
    const registry = createRegistry()
    const { slug } = registry.seed('Merged', [{ state: 'draft' }])
    const before = await registry.log(slug)
    branchOff(registry, slug)
    registry.repo.git(...words)
    if (what === 'a squash') registry.commit('squashed')
    const after = await registry.log(slug)
    expect(after.length).toBe(before.length + count)
    expect(after.slice(count)).toEqual(before)
    expect(after[0]?.commit).toBe(registry.head())
  })

  it('commits of other files do not count', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Alone')
    registry.live('Other')
    registry.repo.write('README.md', 'x')
    registry.commit('readme')
    expect((await registry.log(slug)).map(({ version }) => version)).toEqual([2, 1])
  })
})

describe('the log', () => {
  it('is the same when every trailer is gone [case 15g]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Trailers', 'one {{name}}\n')
    await registry.json('promote', slug, '--to', 'staging')
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    await registry.json('rollback', slug, '--env', 'development')
    await registry.json('archive', slug)
    const rows = async () => (await registry.log(slug)).map(({ commit: _, subject: __, ...row }) => row)
    const before = await rows()
    const filtered = registry.repo.run(['filter-branch', '-f', '--msg-filter', 'echo x'], {
      env: { FILTER_BRANCH_SQUELCH_WARNING: '1' },
    })
    expect(filtered.status, filtered.stderr).toBe(0)
    expect(await rows()).toEqual(before)
    expect(before.map(({ action }) => action)).toEqual([
      'archived',
      'rolled_back',
      'published',
      'promoted',
      'published',
      'created',
    ])
  })

  it('filters by environment, time and count, over one prompt or all', async () => {
    const registry = createRegistry()
    const a = registry.live('A', undefined, 'production')
    const between = registry.time()
    const b = registry.live('B', undefined, 'staging')
    const brief = (entries: LogEntry[]) => entries.map(({ slug, version }) => `${slug[0]}${version}`)
    expect(brief(await registry.json('log'))).toEqual(['b3', 'b2', 'b1', 'a4', 'a3', 'a2', 'a1'])
    expect(brief(await registry.json('log', '--env', 'staging'))).toEqual(['b3', 'a3'])
    expect(brief(await registry.json('log', '--since', `@${between + 1}`))).toEqual(['b3', 'b2', 'b1'])
    expect(brief(await registry.json('log', '--limit', '2', '--env', 'production'))).toEqual(['a4'])
    expect(brief(await registry.json('log', b.slug, '-n', '1'))).toEqual(['b3'])
    expect(brief(await registry.json('log', a.slug, '--since', '3d'))).toEqual(['a4', 'a3', 'a2', 'a1'])
    await registry.fails(2, 'usage', 'log', '--limit', '0')
    await registry.fails(2, 'usage', 'log', '--since', 'whenever')
    await registry.fails(2, 'usage', 'log', '--env', 'nowhere')
    await registry.fails(3, 'not_found', 'log', 'nothing')
  })

  it('--at says what was live then', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Then', [{ template: 'one' }, { template: 'two' }])
    const then = registry.time()
    const later = registry.live('Later')
    await registry.json('archive', slug)
    const at = await registry.json<LogEntry[]>('log', '--at', `@${then}`)
    expect(at.map(brief)).toEqual(['2 development published published live'])
    const now = await registry.json<LogEntry[]>('log', '--at', 'now')
    expect(now.map(({ slug: live }) => live)).toEqual([later.slug])
    await registry.fails(3, 'not_found', 'log', '--at', '2001-01-01')
  })
})

describe('a prompt whose files are gone', () => {
  it('is named as briefly as one that is there, wherever history is asked', async () => {
    const registry = createRegistry()
    const more = { aliases: ['team/refund'] }
    const { slug } = registry.seed('Refund', [{ more }, { environment: 'staging', more }])
    const id = /^id: (.*)$/m.exec(registry.repo.read(registry.file(slug)))?.[1] ?? ''
    const names = [slug, 'refund', slug.slice(-8), id, 'team/refund']
    rmSync(join(registry.dir, 'prompts'), { recursive: true })
    for (const name of names) expect((await registry.log(name)).map(brief)).toHaveLength(2)
    registry.commit('gone')
    for (const name of names) {
      expect((await registry.log(name)).map(brief)).toHaveLength(4)
      expect(await registry.json('show', `${name}@2`)).toMatchObject({ slug, version: 2 })
      const back = ['rollback', name, '--env', 'staging', '--restore', '--dry-run']
      expect(await registry.json(...back)).toMatchObject({ slug, action: 'rolled_back' })
    }
    await registry.fails(3, 'not_found', 'log', 'refunds')
  })

  it('is not what a name means that another prompt has now', async () => {
    const registry = createRegistry()
    const old = registry.live('Refund mail').slug
    registry.repo.git('rm', '-q', registry.file(old))
    registry.commit('gone')
    const { slug } = registry.live('Refund')
    expect((await registry.log('refund'))[0]?.slug).toBe(slug)
    expect((await registry.log('refund-m'))[0]?.slug).toBe(old)
  })
})

describe('provisional numbers', () => {
  /** A clone of a bare repository that holds one prompt. */
  function cloned(): { registry: TestRegistry; slug: string } {
    const origin = createRegistry()
    const { slug } = origin.live('Shared', 'one {{name}}\n')
    const bare = join(tempDir(), 'origin.git')
    origin.repo.git('clone', '-q', '--bare', '.', bare)
    const dir = join(tempDir(), 'clone')
    origin.repo.git('clone', '-q', bare, dir)
    const registry = createRegistry({ existing: dir })
    configureIdentity(dir, registry.repo.env)
    return { registry, slug }
  }

  it('what is not pushed yet is provisional, and final when it is', async () => {
    const { registry, slug } = cloned()
    expect((await registry.log(slug)).map(({ provisional }) => provisional)).toEqual([undefined, undefined])
    registry.edit(slug, 'one', 'two')
    expect(await registry.json<ChangeRecord>('publish', slug)).toMatchObject({ version: 3, provisional: true })
    expect((await registry.log(slug)).map(({ provisional }) => provisional)).toEqual([true, undefined, undefined])
    expect(await registry.json('show', slug)).toMatchObject({ version: 3, provisional: true })
    expect(await registry.json('list')).toMatchObject([{ version: 3, provisional: true }])
    expect(await registry.json('show', `${slug}@2`)).not.toHaveProperty('provisional')
    registry.repo.git('push', '-q', 'origin', 'main')
    expect((await registry.log(slug)).map(({ provisional }) => provisional)).toEqual([undefined, undefined, undefined])
    expect(await registry.json('show', slug)).not.toHaveProperty('provisional')
  })

  it('on another branch, those after the merge base are', async () => {
    const { registry, slug } = cloned()
    registry.repo.git('switch', '-qc', 'topic')
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    registry.repo.git('push', '-q', 'origin', 'topic')
    expect((await registry.log(slug)).map(({ provisional }) => provisional)).toEqual([true, undefined, undefined])
  })

  it('without a remote the local shared branch decides', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Local', 'one {{name}}\n')
    registry.edit(slug, 'one', 'two')
    expect(await registry.json('publish', slug)).not.toHaveProperty('provisional')
    registry.repo.git('switch', '-qc', 'topic')
    registry.edit(slug, 'two', 'three')
    expect(await registry.json('publish', slug)).toMatchObject({ provisional: true })
    expect((await registry.log(slug)).map(({ provisional }) => provisional)).toEqual([
      true,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('what is published already says so, too', async () => {
    const { registry, slug } = cloned()
    expect(await registry.json('publish', slug)).not.toHaveProperty('provisional')
    registry.repo.git('switch', '-qc', 'topic')
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    const again = ['publish', slug]
    expect(await registry.json(...again)).toMatchObject({ changed: false, version: 3, provisional: true })
    expect(await registry.json(...again, '--dry-run')).toMatchObject({ changed: false, provisional: true })
  })

  it('a version of another branch is found by its commit', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Elsewhere', 'one {{name}}\n')
    registry.repo.git('switch', '-qc', 'topic')
    registry.edit(slug, 'one', 'topic')
    await registry.json('publish', slug)
    const commit = registry.head()
    registry.repo.git('switch', '-q', 'main')
    const result = await registry.cli('compile', `${slug}@${commit.slice(0, 8)}`, '--var', 'name=Bo')
    expect(result.stdout).toBe('topic Bo\n')
    expect(await registry.json('show', `${slug}@${commit}`)).toMatchObject({
      commit,
      state: 'published',
      provisional: true,
    })
  })
})

describe('numbers are only appended [case 15a]', () => {
  it('lint --range refuses a pull that merged the shared branch into the clone’s', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Shared', 'one {{name}}\n')
    const base = registry.head()
    registry.repo.git('switch', '-qc', 'mine')
    registry.repo.write('notes.txt', 'mine')
    registry.commit('unrelated')
    registry.repo.git('switch', '-q', 'main')
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    registry.repo.git('switch', '-q', 'mine')
    registry.repo.git('merge', '-q', '--no-edit', 'main')
    const refused = await registry.cli('lint', '--range', 'main..mine', '--json')
    expect([refused.exit, refused.json()]).toMatchObject([1, { findings: [{ rule: 'renumbers', severity: 'error' }] }])
    registry.repo.git('reset', '-q', '--hard', 'mine~1')
    registry.repo.git('rebase', '-q', 'main')
    expect((await registry.cli('lint', '--range', 'main..mine', '--json')).json()).toMatchObject({ errors: 0 })
    expect((await registry.cli('lint', '--range', `${base}..main`, '--json')).exit).toBe(0)
  })

  it('and a branch that merged main is fine as long as it does not replace it', async () => {
    const registry = createRegistry()
    registry.live('Shared')
    registry.repo.git('switch', '-qc', 'topic')
    registry.repo.write('notes.txt', 'mine')
    registry.commit('unrelated')
    registry.repo.git('switch', '-q', 'main')
    registry.repo.git('merge', '-q', '--no-ff', '--no-edit', 'topic')
    expect((await registry.cli('lint', '--range', 'main~1..main', '--json')).json()).toMatchObject({ errors: 0 })
  })
})

describe('the cache [case 14]', () => {
  /** Every file of the caches in the git directory. */
  const cacheFiles = (registry: TestRegistry): string[] => {
    const dir = join(registry.repo.dir, '.git/promptctl')
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.includes('cache'))
      .map((entry) => join(entry.parentPath, entry.name))
  }

  it('gone, truncated, garbage or of another repository: the same answers, no error', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Cached', 'one {{name}}\n', 'staging')
    const other = createRegistry()
    other.seed('Cached', [{ template: 'other' }, { template: 'history' }, { state: 'archived' }])
    const answers = async (asked: TestRegistry) => [
      await asked.json('log'),
      await asked.json('list'),
      await asked.json('status'),
    ]
    await answers(other)
    const before = await answers(registry)
    await registry.json('archive', slug)
    await answers(registry)
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    expect(await answers(registry)).toEqual(before)
    for (const damage of [() => '', () => 'garbage\0{', (text: string) => text.slice(0, text.length >> 1)]) {
      for (const file of cacheFiles(registry)) writeFileSync(file, damage(readFileSync(file, 'latin1')), 'latin1')
      expect(await answers(registry)).toEqual(before)
    }
    for (const file of cacheFiles(other)) {
      writeFileSync(file.replace(other.repo.dir, registry.repo.dir), readFileSync(file))
    }
    expect(await answers(registry)).toEqual(before)
    rmSync(join(registry.repo.dir, '.git/promptctl'), { recursive: true, force: true })
    expect(await answers(registry)).toEqual(before)
  })

  it('of another prompt or environment: the same answers', async () => {
    const registry = createRegistry()
    const one = registry.seed('One', [{ template: 'a' }, { environment: 'staging', template: 'a' }])
    const two = registry.seed('Two', [{ template: 'b' }])
    const answers = async () =>
      Promise.all(['log', 'list'].map(async (name) => (await registry.cli(name, '--env', 'development')).stdout))
    await registry.log(one.slug)
    await registry.log(two.slug)
    const cache = join(registry.repo.dir, '.git/promptctl/root/cache')
    cpSync(join(cache, 'slugs', one.slug), join(cache, 'slugs', two.slug))
    expect((await registry.log(two.slug)).map(({ slug }) => slug)).toEqual([two.slug])
    const before = await answers()
    for (const command of ['log', 'list']) await registry.cli(command, '--env', 'staging')
    for (const kept of ['timeline', 'overview']) cpSync(join(cache, kept, 'staging'), join(cache, kept, 'development'))
    expect(await answers()).toEqual(before)
  })

  it.each(ENGINES)('a prompt that is looked for alone has the versions of the whole ledger: %s', async (engine) => {
    const registry = createRegistry({ engine })
    const configure = (...environments: readonly string[]) => {
      registry.repo.write('promptctl.yaml', `name: test\nbranch: main\nenvironments: [${environments.join(', ')}]\n`)
      registry.commit('configure')
    }
    configure('development', 'trial', 'production')
    const { slug } = registry.seed('Alone', [
      { state: 'draft' },
      { template: 'one' },
      { environment: 'trial', template: 'one' },
      { state: 'deleted' },
      { environment: 'production', template: 'one' },
      { template: 'two' },
      { environment: 'production', state: 'archived' },
    ])
    registry.live('Other', 'Hi', 'production')
    configure('development', 'production')
    const alone = await registry.log(slug)
    expect(alone.map(brief).at(-3)).toBe('3 trial promoted published live')
    await registry.json('log')
    expect(await registry.log(slug)).toEqual(alone)
    // And the other way round: what is kept of the ledger says nothing else once it is gone.
    rmSync(join(registry.repo.dir, '.git/promptctl'), { recursive: true })
    expect(await registry.log(slug)).toEqual(alone)
  })

  it.each(ENGINES)(
    'numbers count environments that no configuration ever named, with and without it: %s',
    async (engine) => {
      const registry = createRegistry({ engine })
      const { slug } = registry.live('Counted', 'one {{name}}\n')
      registry.repo.write(
        registry.file(slug, 'qa'),
        registry.repo.read(registry.file(slug)).replace('development', 'qa'),
      )
      registry.commit('a copy')
      registry.repo.git('rm', '-rq', 'prompts/qa')
      registry.commit('gone again')
      registry.edit(slug, 'one', 'two')
      const published = await registry.json<ChangeRecord>('publish', slug)
      const [cold, all] = [await registry.log(slug), await registry.json('log')]
      const warm = await registry.log(slug)
      expect(cold.map(brief)).toEqual([
        '5 development published published live',
        '4 qa deleted deleted',
        '3 qa promoted published',
        '2 development published published',
        '1 development created draft',
      ])
      expect([published.version, all, warm]).toEqual([5, cold, cold])
    },
  )

  it('a rewritten history gives the answers of the new history', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Rewritten', [{ template: 'one' }, { template: 'two' }, { template: 'three' }])
    expect((await registry.log(slug)).map(({ version }) => version)).toEqual([3, 2, 1])
    registry.repo.git('reset', '-q', '--hard', 'HEAD~2')
    registry.edit(slug, '  one', '  four')
    await registry.json('publish', slug)
    expect((await registry.log(slug)).map(brief)).toEqual([
      '2 development published published live',
      '1 development published published',
    ])
    expect(await registry.served(slug)).toBe('four')
  })
})

describe('a merge that conflicts in the seal [case 15b]', () => {
  it('is finished by publish --stage and git commit, as one version', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Seal', `top {{name}}\n${'line\n'.repeat(20)}bottom\n`)
    registry.repo.git('switch', '-qc', 'side')
    registry.edit(slug, 'bottom', 'lower')
    await registry.json('publish', slug)
    registry.repo.git('switch', '-q', 'main')
    registry.edit(slug, 'top', 'upper')
    await registry.json('publish', slug)
    expect(registry.repo.run(['merge', '-q', 'side']).status).toBe(1)
    const refused = await registry.fails(6, 'unsupported', 'publish', slug)
    expect(refused.message).toMatch(/merge/)
    const text = registry.repo.read(registry.file(slug))
    const line = text.split('\n').findIndex((each) => each.startsWith('<<<<<<<')) + 1
    const conflict = `a merge conflict begins here: resolve it, then promptctl publish ${slug} --env development --stage`
    const unresolved = await registry.fails(1, 'invalid_prompt', 'publish', slug, '--stage')
    expect(unresolved.message).toBe(`${registry.file(slug)}:${line}:1: ${conflict}`)
    expect((await registry.cli('lint', '--json')).json()).toMatchObject({
      errors: 1,
      findings: [{ rule: 'invalid_prompt', line, message: conflict }],
    })
    registry.repo.write(registry.file(slug), text.replace(/<<<<<<< .*\n([\s\S]*?)=======\n[\s\S]*?>>>>>>> .*\n/g, '$1'))
    const lint = await registry.cli('lint')
    expect(lint.stdout).toContain('--stage')
    await registry.json('publish', slug, '--stage')
    expect((await registry.cli('lint', '--staged')).stdout).toBe('')
    registry.repo.git('commit', '-q', '--no-edit')
    const log = await registry.log(slug)
    expect(log.map(brief)).toEqual([
      '4 development published published live',
      '3 development published published',
      '2 development published published',
      '1 development created draft',
    ])
    expect(await registry.served(slug)).toMatch(/^upper Bo\n(line\n)+lower\n$/)
  })
})

describe('a hook that reformats the file [case 15j]', () => {
  it('is not reported as success, and nothing is half done', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Hook', 'one {{name}}\n')
    registry.repo.hook('pre-commit', `sed -i 's/^title: Hook/title:   Hook/' prompts/*/*.yaml && git add -u`)
    registry.edit(slug, 'one', 'two')
    const before = [registry.head(), registry.repo.read(registry.file(slug))]
    const result = await registry.cli('publish', slug, '--json')
    expect([result.exit === 0, result.stdout]).toEqual([false, ''])
    expect([registry.head(), registry.repo.read(registry.file(slug))]).toEqual(before)
    await registry.json('publish', slug, '--no-verify')
    expect(registry.repo.git('log', '-1', '--format=%(trailers:key=Prompt-No-Verify,valueonly)').trim()).toBe('true')
  })

  it('a hook that says no is heard, and the file is as it was', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Hook', 'one {{name}}\n')
    registry.repo.hook('pre-commit', 'echo not today >&2; exit 1')
    registry.edit(slug, 'one', 'two')
    const before = [registry.head(), registry.repo.read(registry.file(slug))]
    const error = await registry.fails(1, 'rejected', 'publish', slug)
    expect(error.details?.['output']).toContain('not today')
    expect([registry.head(), registry.repo.read(registry.file(slug))]).toEqual(before)
    expect(error.message).toBe('A commit hook said no')
    expect((await registry.cli('publish', slug)).stderr).toBe(
      `error: A commit hook said no\n  not today\nhint: ${error.hint}\n`,
    )
  })
})

describe('a shallow clone [case 15]', () => {
  async function shallow(): Promise<{ registry: TestRegistry; slug: string; drafted: string }> {
    const origin = createRegistry()
    const { slug } = origin.live('Shallow', 'one {{name}}\n', 'staging')
    const { slug: drafted } = origin.seed('Drafted', [{ template: 'x' }, { template: 'y', state: 'draft' }])
    const dir = join(tempDir(), 'shallow')
    origin.repo.git('clone', '-q', '--depth', '1', `file://${origin.repo.dir}`, dir)
    const registry = createRegistry({ existing: dir })
    configureIdentity(dir, registry.repo.env)
    return { registry, slug, drafted }
  }

  it('compiles, lints and lists, without numbers', async () => {
    const { registry, slug, drafted } = await shallow()
    expect(await registry.json('compile', '--strict')).toMatchObject({ compiled: 3, failed: 0 })
    expect(await registry.json('lint')).toMatchObject({ errors: 0 })
    const listed = await registry.json<PromptRecord[]>('list')
    expect(listed.map(({ version, live_version, state }) => [version, live_version, state])).toEqual([
      [null, null, 'draft'],
      [null, null, 'published'],
    ])
    expect((await registry.cli('list')).stdout).toContain('\t-\t')
    const compiled = await registry.cli('compile', slug, '--var', 'name=Bo')
    expect(compiled.stdout).toBe('one Bo\n')
    expect(await registry.json('show', drafted)).toMatchObject({ version: null })
  })

  it('makes prompts without numbers', async () => {
    const { registry } = await shallow()
    const words = ['new', 'Made here', '--template-file', '-']
    const made = await promptctl(registry.place({ stdin: 'x' }), ...words, '--json')
    expect(made.json()).toMatchObject({ version: null, previous_version: null, commit: registry.head() })
    const shown = await promptctl(registry.place({ stdin: 'x' }), ...words)
    expect(shown.stdout.split('\n')[0]?.split('\t').slice(2, 4)).toEqual(['development', '-'])
  })

  it('says what needs the whole history, and how to get it', async () => {
    const { registry, slug, drafted } = await shallow()
    for (const words of [
      ['log', slug],
      ['rollback', slug, '--env', 'staging'],
      ['compile', drafted, '--live'],
      ['show', `${slug}@1`],
    ]) {
      const error = await registry.fails(6, 'unsupported', ...words)
      expect(error.hint).toContain('git fetch --unshallow')
    }
  })

  it('serves what is published at the tip', async () => {
    const { registry, slug } = await shallow()
    expect(await registry.served(slug, 'staging')).toBe('one Bo\n')
  })
})

describe('operations under way [case 21]', () => {
  it('a detached HEAD is refused, and nothing changes', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Detached')
    registry.repo.git('checkout', '-q', '--detach')
    registry.edit(slug, 'Hello', 'Bye')
    const before = registry.repo.git('status', '--porcelain')
    await registry.fails(6, 'unsupported', 'publish', slug)
    expect(registry.repo.git('status', '--porcelain')).toBe(before)
    expect((await registry.log(slug)).length).toBe(2)
  })

  it('an unborn branch gets a root commit', async () => {
    const registry = createRegistry()
    registry.repo.git('update-ref', '-d', 'refs/heads/main')
    expect(await registry.json('list')).toEqual([])
    expect(await registry.json('status')).toEqual([])
    await registry.fails(3, 'not_found', 'log')
    const made = await promptctl(registry.place({ stdin: 'x' }), 'new', 'Root', '--template-file', '-', '--json')
    expect(made.json()).toMatchObject({ version: 1 })
    expect(registry.repo.git('rev-list', '--count', 'HEAD')).toBe('1')
  })
})
