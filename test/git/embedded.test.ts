import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { initEmbedded } from '../../src/git/embedded/init.js'
import { openEmbedded } from '../../src/git/embedded/open.js'
import type { HistoryCommit, Oid, Repository } from '../../src/registry/ports.js'
import type { ProcessEnv, RepoOptions, TestRepo } from '../helpers/repo.js'
import { createWorld, describeRepository } from './contract.js'

/** Nothing that is called git can be found, whatever the engine tries. */
const withoutGit = (env: ProcessEnv): NodeJS.ProcessEnv => ({ ...env, PATH: '/nonexistent' })

const engine = { name: 'embedded', open: (dir: string, env: ProcessEnv) => openEmbedded(dir, withoutGit(env)) } as const

describeRepository(engine)

const world = createWorld(engine)
afterEach(() => world.end())

const prompt = 'prompts/development/greet-3f8a2b1c.yaml'
const text = (content: string) => Buffer.from(content)
async function collect(history: AsyncIterable<HistoryCommit>): Promise<readonly HistoryCommit[]> {
  const commits: HistoryCommit[] = []
  for await (const commit of history) commits.push(commit)
  return commits
}

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
      expect(await collect(repository.history({ tip: commit, paths: ['prompts'] }))).toHaveLength(2)
    }
  })
})

describe('an embedded repository made from nothing', () => {
  it('is one that git takes as its own [case 25]', async () => {
    const repo = world.repo()
    const dir = join(repo.tempDir(), 'fresh')
    mkdirSync(dir)
    await initEmbedded(dir, { branch: 'trunk' })
    const env = {
      ...repo.env,
      GIT_AUTHOR_NAME: 'B',
      GIT_AUTHOR_EMAIL: 'b@c',
      GIT_COMMITTER_NAME: 'C',
      GIT_COMMITTER_EMAIL: 'c@d',
    }
    const repository = await openEmbedded(dir, withoutGit(env))
    await commitFile(repository, prompt, 'a\n')
    expect(repo.git('-C', dir, 'log', '--format=%an %cn %s', 'trunk')).toBe(`B C publish: ${prompt}`)
    expect(repo.git('-C', dir, 'status', '--porcelain')).toBe('')
    repo.git('-C', dir, 'fsck', '--full', '--strict')
    await expect(initEmbedded(dir, { branch: 'trunk' })).rejects.toMatchObject({ code: 'conflict' })
  })
})
void [chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync]
