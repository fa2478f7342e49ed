import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { initEmbedded } from '../../src/git/embedded/init.js'
import { openEmbedded } from '../../src/git/embedded/open.js'
import type { Oid, Repository } from '../../src/registry/ports.js'
import type { ProcessEnv, RepoOptions, TestRepo } from '../helpers/repo.js'
import { createWorld, describeRepository } from './contract.js'
import { collectHistory } from './world.js'

/** Nothing that is called git can be found, whatever the engine tries. */
const withoutGit = (env: ProcessEnv): NodeJS.ProcessEnv => ({ ...env, PATH: '/nonexistent' })

const engine = { name: 'embedded', open: (dir: string, env: ProcessEnv) => openEmbedded(dir, withoutGit(env)) } as const

describeRepository(engine)

const world = createWorld(engine)
afterEach(() => world.end())

const prompt = 'prompts/development/greet-3f8a2b1c.yaml'
const text = (content: string) => Buffer.from(content)

/** Commits `content` at `path` on top of HEAD, as publish does. */
async function commitFile(repository: Repository, path: string, content: string, message = `publish: ${path}`) {
  const { commit: expected } = await repository.head()
  return repository.commit({ files: [{ path, content: text(content) }], message, expected, verify: true })
}

async function opened(options?: RepoOptions): Promise<{ repo: TestRepo; repository: Repository }> {
  const repo = world.repo(options)
  return { repo, repository: await world.open(repo) }
}

describe('an embedded commit', () => {
  it('is the commit, index, work tree and reflog that git would have made [case 25]', async () => {
    const { repo, repository } = await opened()
    const first = repo.commitFiles('one', { [prompt]: 'a\n', 'other/file': 'x', 'other.yaml': 'y' })
    const { commit, parent, blobs } = await commitFile(repository, prompt, 'b\n', 'publish: greet\n\n\nwhy  \n\n')
    expect(parent).toBe(first)
    expect(repo.git('rev-parse', 'HEAD', `HEAD:${prompt}`).split('\n')).toEqual([commit, blobs.get(prompt)])
    expect(repo.git('status', '--porcelain')).toBe('')
    expect(repo.git('diff-files')).toBe('')
    expect(repo.read(prompt)).toBe('b\n')
    expect(repo.git('show', '--format=%an <%ae>|%cn|%B', '--stat', 'HEAD')).toContain(
      'Ada Lovelace <ada@example.com>|Ada Lovelace|publish: greet\n\nwhy\n',
    )
    expect(repo.git('diff-tree', '-r', '--name-only', 'HEAD')).toBe(`${commit}\n${prompt}`.split('\n').join('\n'))
    expect(repo.git('reflog', 'show', '--format=%H %gs', 'HEAD').split('\n')[0]).toBe(
      `${commit} commit: publish: greet`,
    )
    expect(repo.git('reflog', 'show', '--format=%H %gs', 'main').split('\n')[0]).toBe(
      `${commit} commit: publish: greet`,
    )
    repo.check()
  })

  it('is a root commit on an unborn branch [case 21]', async () => {
    const { repo, repository } = await opened()
    expect(await repository.head()).toEqual({ branch: 'main', commit: undefined })
    const { commit, parent } = await commitFile(repository, prompt, 'a\n')
    expect(parent).toBeUndefined()
    expect(repo.git('log', '--format=%H %gs %p', '-g')).toBe(`${commit} commit (initial): publish: ${prompt} `)
    expect(repo.git('status', '--porcelain')).toBe('')
    repo.check()
  })

  it('leaves other staged and unstaged work as it was [case 20]', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { a: '1', b: '1', c: '1', [prompt]: '1' })
    repo.write('a', 'staged')
    repo.git('add', 'a')
    repo.write('b', '2')
    repo.git('rm', '-q', '--cached', 'c')
    repo.write('d', 'new')
    const before = repo.git('status', '--porcelain')
    await commitFile(repository, prompt, '2')
    expect(repo.git('status', '--porcelain')).toBe(before)
    expect(repo.git('diff-tree', '-r', '--name-only', '--no-commit-id', 'HEAD')).toBe(prompt)
    repo.check()
  })

  it('lets a path replace nothing but a file', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { 'prompts/a/x': '1' })
    repo.git('rm', '-q', '-r', '--cached', 'prompts')
    await expect(commitFile(repository, 'prompts/a', 'x')).rejects.toMatchObject({ code: expect.any(String) })
    expect(repo.read('prompts/a/x')).toBe('1')
    repo.check()
  })

  it('keeps edits of the work tree when it is told to [case 15e]', async () => {
    const { repo, repository } = await opened()
    const expected = repo.commitFiles('one', { [prompt]: 'one' }) as Oid
    repo.write(prompt, 'my edit')
    const files = [{ path: prompt, content: text('two') }]
    await repository.commit({ files, message: 'm', expected, verify: true, keepEdits: [prompt] })
    expect(repo.read(prompt)).toBe('my edit')
    expect(repo.git('show', `HEAD:${prompt}`)).toBe('two')
    expect(repo.git('status', '--porcelain')).toBe(` M ${prompt}`)
  })

  it('shows git a change of another file that was made in the second of the last index', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { other: 'aaaa', [prompt]: '1' })
    repo.write('other', 'bbbb')
    await commitFile(repository, prompt, '2')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await commitFile(repository, prompt, '3')
    expect(repo.git('status', '--porcelain')).toBe(' M other')
  })

  it('refuses when HEAD is elsewhere than expected', async () => {
    const { repo, repository } = await opened()
    const expected = repo.commitFiles('one', { [prompt]: '1' }) as Oid
    const tip = repo.commitFiles('two', { x: '2' })
    const request = { files: [{ path: prompt, content: text('2') }], message: 'm', expected, verify: true }
    await expect(repository.commit(request)).rejects.toMatchObject({ code: 'conflict' })
    expect(repo.git('rev-parse', 'HEAD')).toBe(tip)
    expect(repo.read(prompt)).toBe('1')
  })

  it('goes to the branch of a linked work tree, packed references and all [case 16]', async () => {
    const { repo } = await opened()
    repo.commitFiles('one', { [prompt]: '1' })
    const dir = join(repo.tempDir(), 'linked')
    repo.git('worktree', 'add', '-q', '-b', 'side/x', dir)
    repo.git('pack-refs', '--all', '--prune')
    const repository = await openEmbedded(join(dir, 'prompts'), withoutGit(repo.env))
    expect(repository.workTree).toBe(dir)
    expect(repository.commonDir).toBe(join(repo.dir, '.git'))
    const { commit } = await commitFile(repository, prompt, '2')
    expect(repo.git('rev-parse', 'side/x')).toBe(commit)
    expect(repo.git('rev-parse', 'main')).not.toBe(commit)
    expect(repo.git('-C', dir, 'status', '--porcelain')).toBe('')
    expect(repo.git('-C', dir, 'reflog', '--format=%H').split('\n')[0]).toBe(commit)
    repo.check()
  })

  it('works in a submodule and in a clone that borrows objects [case 16, case 23]', async () => {
    const { repo } = await opened()
    repo.commitFiles('one', { [prompt]: '1' })
    const outer = world.repo({ env: repo.env })
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repo.dir, 'sub')
    outer.commit('submodule')
    const shared = join(repo.tempDir(), 'shared')
    repo.git('clone', '-q', '--shared', repo.dir, shared)
    for (const dir of [join(outer.dir, 'sub'), shared]) {
      for (const [key, value] of [
        ['user.name', 'A'],
        ['user.email', 'a@b'],
      ] as const)
        repo.git('-C', dir, 'config', key, value)
      const repository = await openEmbedded(dir, withoutGit(repo.env))
      expect(repository.workTree).toBe(dir)
      const { commit } = await commitFile(repository, prompt, '2')
      expect(repo.git('-C', dir, 'rev-parse', 'main')).toBe(commit)
      expect(repo.git('-C', dir, 'status', '--porcelain')).toBe('')
      expect(await collectHistory(repository, { tip: commit, paths: ['prompts'] })).toHaveLength(2)
    }
  })
})

describe('an embedded repository made from nothing', () => {
  it('is one that git takes as its own [case 25]', async () => {
    const repo = world.repo()
    const dir = join(repo.tempDir(), 'fresh')
    mkdirSync(dir)
    await initEmbedded(dir, { branch: 'trunk' })
    const person = (role: string) => ({ [`GIT_${role}_NAME`]: role, [`GIT_${role}_EMAIL`]: 'x@y' })
    const env = {
      ...repo.env,
      ...person('AUTHOR'),
      ...person('COMMITTER'),
      GIT_AUTHOR_DATE: '2024-02-03T04:05:06+0530',
    }
    const repository = await openEmbedded(dir, withoutGit(env))
    await commitFile(repository, prompt, 'a\n')
    const show = repo.git('-C', dir, 'log', '--format=%an %cn %ad %s', '--date=iso', 'trunk')
    expect(show).toBe(`AUTHOR COMMITTER 2024-02-03 04:05:06 +0530 publish: ${prompt}`)
    expect(repo.git('-C', dir, 'status', '--porcelain')).toBe('')
    repo.git('-C', dir, 'fsck', '--full', '--strict')
    await expect(initEmbedded(dir, { branch: 'trunk' })).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each(['', '-x', 'HEAD', 'a..b', 'a b', 'x.lock', 'a/'])('has no branch called %j', async (branch) => {
    const dir = world.repo().tempDir()
    await expect(initEmbedded(dir, { branch })).rejects.toMatchObject({ code: 'usage' })
    expect(existsSync(join(dir, '.git'))).toBe(false)
  })
})

/** What somebody may have set up that only git can serve, and the words that name it. */
const REFUSALS: readonly (readonly [string, (repo: TestRepo) => unknown, RegExp])[] = [
  ['signing', (repo) => repo.git('config', 'commit.gpgSign', 'true'), /signed/],
  ['signing in the global configuration', (repo) => repo.git('config', '--global', 'commit.gpgsign', 'yes'), /signed/],
  ...[
    'pre-commit',
    'commit-msg',
    'prepare-commit-msg',
    'post-commit',
    'reference-transaction',
    'post-index-change',
  ].map((name) => [`the hook ${name}`, (repo: TestRepo) => repo.hook(name, 'exit 0'), new RegExp(name)] as const),
  ['index version 4', (repo) => repo.git('update-index', '--index-version', '4'), /index.*version 4/],
  ['a split index', (repo) => repo.git('update-index', '--split-index'), /split index/],
  ['a sparse checkout', (repo) => repo.git('sparse-checkout', 'set', 'prompts'), /sparse/],
  ['a file that is not checked out', (repo) => repo.git('update-index', '--skip-worktree', 'other'), /skip-worktree/],
  ['a partial clone', (repo) => repo.git('config', 'remote.origin.promisor', 'true'), /partial clone/],
  ['a shared repository', (repo) => repo.git('config', 'core.sharedRepository', 'group'), /shared/],
  [
    'an include that needs git',
    (repo) => repo.git('config', '--global', 'includeIf.hasconfig:remote.*.url:x.path', 'y'),
    /hasconfig/,
  ],
]

it('a commit that waits for a lock is interrupted, and says by what [case 33]', async () => {
  const repo = world.repo()
  repo.commitFiles('one', { [prompt]: '1' })
  const repository = await openEmbedded(repo.dir, withoutGit(repo.env), repo.dir, AbortSignal.abort('SIGTERM'))
  repo.write('.git/index.lock', '')
  await expect(commitFile(repository, prompt, '2')).rejects.toMatchObject({ details: { signal: 'SIGTERM' } })
  await repository.close()
})

it('a partial clone without the object that is asked for is refused by its name [case 23]', async () => {
  const { repo } = await opened()
  const first = repo.commitFiles('one', { [prompt]: '1' })
  repo.git('config', 'uploadpack.allowFilter', 'true')
  const dir = join(repo.tempDir(), 'partial')
  repo.git('clone', '-q', '--no-checkout', '--filter=blob:none', `file://${repo.dir}`, dir)
  const repository = await world.open(world.repo({ existing: dir, env: repo.env }))
  const [entry] = await repository.entriesAt(first as Oid, [prompt])
  await expect(repository.readBlobs([entry?.blob as Oid])).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/Without git.*partial clone/),
    details: { setting: 'remote.origin.promisor' },
  })
})

describe('an embedded commit that cannot be the one that git would make', () => {
  it.each(REFUSALS)(
    'is refused for %s, before anything is written [case 18, case 19, case 22]',
    async (_, setUp, words) => {
      const { repo, repository } = await opened()
      repo.commitFiles('one', { [prompt]: '1', other: '1' })
      setUp(repo)
      const before = [
        repo.git('rev-parse', 'HEAD'),
        repo.git('count-objects'),
        readFileSync(join(repo.dir, '.git/index')),
      ]
      await expect(commitFile(repository, prompt, '2')).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(words),
        hint: expect.any(String),
      })
      expect([
        repo.git('rev-parse', 'HEAD'),
        repo.git('count-objects'),
        readFileSync(join(repo.dir, '.git/index')),
      ]).toEqual(before)
      expect(repo.read(prompt)).toBe('1')
    },
  )

  it('passes over the hooks that --no-verify skips, and over files that are no hooks', async () => {
    const { repo, repository } = await opened()
    const expected = repo.commitFiles('one', { [prompt]: '1' }) as Oid
    repo.hook('pre-commit', 'exit 1')
    repo.hook('commit-msg', 'exit 1')
    repo.hook('post-commit', 'exit 1')
    chmodSync(join(repo.dir, '.git/hooks/post-commit'), 0o644)
    repo.hook('pre-commit.sample', 'exit 1')
    const files = [{ path: prompt, content: text('2') }]
    expect((await repository.commit({ files, message: 'm', expected, verify: false })).parent).toBe(expected)
  })

  it('finds hooks where core.hooksPath says', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { [prompt]: '1' })
    repo.write('husky/pre-commit', '#!/bin/sh\n')
    chmodSync(join(repo.dir, 'husky/pre-commit'), 0o755)
    repo.git('config', 'core.hooksPath', 'husky')
    await expect(commitFile(repository, prompt, '2')).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('a repository that the embedded engine cannot read', () => {
  it.each([
    ['sha256 objects [case 24]', { objectFormat: 'sha256' } as const, () => undefined, /sha256/],
    ['grafts', {}, (repo: TestRepo) => repo.write('.git/info/grafts', ''), /grafts/],
    ['replaced objects', {}, (repo: TestRepo) => repo.write('.git/refs/replace/x', ''), /replace/],
    ['reftable', {}, (repo: TestRepo) => repo.git('config', 'extensions.refStorage', 'reftable'), /reftable/],
    [
      'an extension of the future',
      {},
      (repo: TestRepo) => {
        repo.git('config', 'core.repositoryFormatVersion', '1')
        repo.git('config', 'extensions.frobnicate', 'true')
      },
      /frobnicate/,
    ],
  ])('is refused by name: %s', async (_, options, setUp, words) => {
    const repo = world.repo(options)
    setUp(repo)
    await expect(world.open(repo)).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(words) })
  })
})

describe('the identity without git', () => {
  const ada = { name: 'Ada', email: 'ada@b' }

  it.each<[string, (repo: TestRepo) => ProcessEnv | undefined]>([
    ['the environment', () => ({ GIT_AUTHOR_NAME: ' Ada. ', GIT_AUTHOR_EMAIL: '<ada@b>' })],
    ['~/.gitconfig', (repo) => fill(repo, '.gitconfig', '[user]\n\tname = "Ada"\n\temail = ada@b # me\n')],
    ['$XDG_CONFIG_HOME', (repo) => fill(repo, '.config/git/config', '[user]\nname=Ada\nemail=ada@b')],
    [
      'an included file',
      (repo) => {
        fill(repo, 'me.inc', '[USER]\n\tName = A\\\nda\n[user]email = "ada"@b\n')
        return fill(repo, '.gitconfig', '[include]\n\tpath = ~/me.inc\n')
      },
    ],
    [
      'a file that is included for this folder',
      (repo) => {
        fill(repo, 'other.inc', '[user]\n\tname = Other\n\temail = other@b\n')
        fill(repo, 'me.inc', '[user]\n\tname = Ada\n\temail = ada@b\n')
        const conditions = [`gitdir:${repo.dir}/`, 'onbranch:ma*'].map(
          (when) => `[includeIf "${when}"]\n\tpath = me.inc\n`,
        )
        const others = ['gitdir:~/elsewhere/', 'onbranch:topic/'].map(
          (when) => `[includeIf "${when}"]\n\tpath = other.inc\n`,
        )
        return fill(repo, '.gitconfig', [...conditions, ...others].join(''))
      },
    ],
    [
      'variables in place of a file',
      () => ({
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'User.Name',
        GIT_CONFIG_VALUE_0: 'Ada',
        GIT_CONFIG_KEY_1: 'user.email',
        GIT_CONFIG_VALUE_1: 'ada@b',
      }),
    ],
  ])('comes from %s [case 17]', async (_, setUp) => {
    const repo = world.repo({ identity: false })
    const more = setUp(repo) ?? {}
    const { GIT_CONFIG_GLOBAL: _unset, ...env } = repo.env
    const repository = await openEmbedded(repo.dir, withoutGit({ ...env, ...more }))
    expect(await repository.identity()).toEqual(ada)
    expect(repo.run(['var', 'GIT_AUTHOR_IDENT'], { env: { ...more, GIT_CONFIG_GLOBAL: undefined } }).stdout).toMatch(
      /^Ada <ada@b> /,
    )
  })

  it('is missing with the two commands of git [case 17]', async () => {
    const repo = world.repo({ identity: false })
    const repository = await world.open(repo)
    await expect(repository.identity()).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringMatching(/git config --global user\.name .*git config --global user\.email /),
    })
    await expect(commitFile(repository, prompt, '1')).rejects.toMatchObject({ code: 'unavailable' })
    expect(existsSync(join(repo.dir, prompt))).toBe(false)
    expect(repo.git('status', '--porcelain')).toBe('')
  })

  function fill(repo: TestRepo, name: string, content: string): undefined {
    mkdirSync(join(repo.home, '.config/git'), { recursive: true })
    writeFileSync(join(repo.home, name), content)
  }
})

describe('what a crash left', () => {
  it('an empty object is no object, and is written again', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { other: '1' })
    const blob = repository.blobId(text('lost'))
    repo.write(`.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`, '')
    await expect(repository.readBlobs([blob])).rejects.toMatchObject({ code: 'unavailable' })
    await commitFile(repository, prompt, 'lost')
    expect(repo.git('show', `HEAD:${prompt}`)).toBe('lost')
    repo.check()
  })

  it('a torn object is an error that names it', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { [prompt]: 'content' })
    const blob = repository.blobId(text('content'))
    const file = join(repo.dir, `.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`)
    const bytes = readFileSync(file)
    chmodSync(file, 0o644)
    writeFileSync(file, bytes.subarray(0, bytes.length - 4))
    await expect(repository.readBlobs([blob])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(blob),
    })
  })

  it('a damaged index is an error, and no empty index', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { [prompt]: '1' })
    const bytes = readFileSync(join(repo.dir, '.git/index'))
    repo.write('.git/index', bytes.fill(1, 40, 50))
    await expect(repository.listIndex('')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(commitFile(repository, prompt, '2')).rejects.toMatchObject({ code: 'unavailable' })
    expect(repo.read(prompt)).toBe('1')
  })
})

describe('packs', () => {
  it.each([
    ['offset deltas', ['-c', 'repack.useDeltaBaseOffset=true']],
    ['deltas by id', ['-c', 'repack.useDeltaBaseOffset=false']],
    ['an index with room for large packs', ['-c', 'pack.indexVersion=2']],
  ])('with %s are read as git reads them', async (_, flags) => {
    const { repo, repository } = await opened()
    const lines = Array.from({ length: 400 }, (_, n) => `line ${n} ${(n * 7919) % 1000}`)
    for (let round = 0; round < 6; round += 1) {
      lines[round * 50] = `changed in ${round}`
      repo.commitFiles(`round ${round}`, { [prompt]: lines.join('\n') })
    }
    repo.git(...flags, 'repack', '-adfq', '--depth=50', '--window=50')
    const blobs = repo
      .git('log', '--format=%H')
      .split('\n')
      .map((commit) => repo.git('rev-parse', `${commit}:${prompt}`) as Oid)
    const found = await repository.readBlobs(blobs)
    expect([...found].map(([blob, content]) => [blob, repository.blobId(content)])).toEqual(
      blobs.map((blob) => [blob, blob]),
    )
  })

  it('that come and go while the repository is open do no harm', async () => {
    const { repo, repository } = await opened()
    for (let round = 0; round < 3; round += 1) {
      const { commit } = await commitFile(repository, prompt, `${round}`)
      repo.git('gc', '-q', '--prune=now')
      expect(await repository.listTree(commit, 'prompts')).toHaveLength(1)
      expect(await repository.resolveCommit(commit.slice(0, 8))).toBe(commit)
    }
    repo.check()
  })
})

describe('the index that the embedded engine writes', () => {
  it('keeps flags, executable bits, intents and names that are not UTF-8', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { [prompt]: '1', assumed: '1', 'bin/run': '#!/bin/sh\n' })
    chmodSync(join(repo.dir, 'bin/run'), 0o755)
    writeFileSync(Buffer.concat([Buffer.from(`${repo.dir}/latin-`), Buffer.from([0xe9])]), 'x')
    repo.commit('two')
    repo.git('update-index', '--assume-unchanged', 'assumed')
    repo.write('later', 'x')
    repo.git('add', '-N', 'later')
    const entries = () =>
      repo
        .run(['ls-files', '-v', '-z', '--stage'])
        .stdout.split('\0')
        .filter((row) => !row.includes(prompt))
    const [before, tree] = [entries(), repo.git('ls-tree', 'HEAD')]
    await commitFile(repository, prompt, '2')
    expect(entries()).toEqual(before)
    expect(
      repo
        .git('ls-tree', 'HEAD')
        .split('\n')
        .filter((row) => !row.includes('prompts')),
    ).toEqual(tree.split('\n').filter((row) => !row.includes('prompts')))
    repo.check()
  })

  it('resolves the conflict over a file that is staged during a merge [case 15b]', async () => {
    const { repo, repository } = await opened()
    repo.commitFiles('one', { [prompt]: 'base\n' })
    repo.git('checkout', '-q', '-b', 'side')
    repo.commitFiles('side', { [prompt]: 'side\n' })
    repo.git('checkout', '-q', 'main')
    repo.commitFiles('ours', { [prompt]: 'ours\n' })
    repo.run(['merge', 'side'])
    expect(await repository.unmerged()).toEqual([prompt])
    await repository.stage([{ path: prompt, content: text('both\n') }])
    expect(repo.git('status', '--porcelain')).toBe(`M  ${prompt}`)
    repo.git('commit', '-q', '--no-edit')
    expect(repo.git('show', `HEAD:${prompt}`)).toBe('both')
    repo.check()
  })

  it('is the one that GIT_INDEX_FILE names', async () => {
    const { repo } = await opened()
    repo.commitFiles('one', { [prompt]: '1' })
    const file = join(repo.tempDir(), 'index')
    repo.run(['read-tree', 'HEAD'], { env: { GIT_INDEX_FILE: file } })
    const before = readFileSync(join(repo.dir, '.git/index'))
    const repository = await openEmbedded(repo.dir, withoutGit({ ...repo.env, GIT_INDEX_FILE: file }))
    await repository.stage([{ path: prompt, content: text('2') }])
    expect(readFileSync(join(repo.dir, '.git/index'))).toEqual(before)
    expect((await repository.listIndex('')).map(({ blob }) => blob)).toEqual([repository.blobId(text('2'))])
  })
})

describe('the embedded engine', () => {
  it('imports nothing that starts a process; push alone reaches the network', () => {
    const dir = new URL('../../src/git/embedded/', import.meta.url)
    for (const name of readdirSync(dir)) {
      const imports = readFileSync(new URL(name, dir), 'utf8').match(/from '[^']+'|import\('[^']+'\)/g) ?? []
      expect(
        imports
          .filter((line) => /child_process|cluster|worker|net'|http|native/.test(line))
          .filter((line) => name !== 'push.ts' || !line.includes('isomorphic-git/http')),
        name,
      ).toEqual([])
    }
  })
})
