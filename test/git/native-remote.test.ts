import { afterEach, describe, expect, it } from 'vitest'
import { openNative } from '../../src/git/native/open.js'
import type { Oid, Repository } from '../../src/registry/ports.js'
import { createRepo, type TestRepo } from '../helpers/repo.js'
import { createWorld, oid } from './world.js'

const world = createWorld({ name: 'native', open: (dir, env) => openNative(dir, { env }) })
afterEach(() => world.end())

interface Pair {
  readonly repo: TestRepo
  readonly origin: TestRepo
  readonly repository: Repository
  /** Another clone of the same remote. */
  readonly other: TestRepo
}

async function createPair(): Promise<Pair> {
  const origin = world.repo({ bare: true })
  const repo = world.repo()
  repo.commitFiles('one', { 'a.txt': '1', 'b.txt': '1' })
  repo.git('remote', 'add', 'origin', origin.dir)
  repo.git('push', '-q', '-u', 'origin', 'main')
  const dir = `${repo.tempDir()}/other`
  repo.git('clone', '-q', origin.dir, dir)
  repo.git('-C', dir, 'config', 'user.name', 'Bob')
  repo.git('-C', dir, 'config', 'user.email', 'bob@example.com')
  return { repo, origin, repository: await world.open(repo), other: createRepo({ existing: dir, env: repo.env }) }
}

const head = (repo: TestRepo): Oid => oid(repo.git('rev-parse', 'HEAD'))
const push = (repository: Repository, commit: Oid, expected: Oid | undefined, branch = 'main') =>
  repository.push({ remote: 'origin', branch, commit, expected })

describe('remote', () => {
  it('is the one that is tracked, the one that is asked for, and never an option', async () => {
    const { repo, repository } = await createPair()
    repo.git('remote', 'add', 'backup', '/nowhere')
    repo.git('config', 'remote.--upload-pack=x.url', '/nowhere')
    expect((await repository.remote('main'))?.name).toBe('origin')
    expect((await repository.remote('main', 'backup'))?.name).toBe('backup')
    expect(await repository.remote('main', 'nope')).toBeUndefined()
    expect(await repository.remote('main', '--upload-pack=x')).toBeUndefined()
    repo.git('config', 'branch.main.remote', 'backup')
    expect((await repository.remote('main'))?.name).toBe('backup')
  })

  it('is found behind an include too', async () => {
    const { repo, repository } = await createPair()
    repo.write('.git/more', '[branch "main"]\n\tremote = backup\n[remote "backup"]\n\turl = /nowhere\n')
    repo.git('config', 'include.path', 'more')
    expect((await repository.remote('main'))?.name).toBe('backup')
  })
})

describe('fetch', () => {
  it('brings the tracking reference up to date, and tells a branch that is not there from a remote that is not', async () => {
    const { repo, repository, other } = await createPair()
    other.commitFiles('two', { 'a.txt': '2' })
    other.git('push', '-q')
    expect(await repository.fetch('origin', 'main')).toBe(head(other))
    expect(repo.git('rev-parse', 'refs/remotes/origin/main')).toBe(head(other))
    expect(await repository.fetch('origin', 'nope')).toBeUndefined()
    repo.git('remote', 'set-url', 'origin', '/nowhere/at/all')
    await expect(repository.fetch('origin', 'main')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('push', () => {
  it('is accepted, is current, makes a branch', async () => {
    const { repo, repository, origin } = await createPair()
    const before = head(repo)
    const commit = oid(repo.commitFiles('two', { 'a.txt': '2' }))
    expect(await push(repository, commit, before)).toEqual({ kind: 'accepted' })
    expect(origin.git('rev-parse', 'main')).toBe(commit)
    expect(repo.git('rev-parse', 'refs/remotes/origin/main')).toBe(commit)
    expect(await push(repository, commit, before)).toEqual({ kind: 'current' })
    expect(await push(repository, commit, undefined, 'fresh')).toEqual({ kind: 'accepted' })
  })

  it('is moved when the remote is not where it was expected, forwards too', async () => {
    const { repo, repository, other, origin } = await createPair()
    const before = head(repo)
    const commit = oid(repo.commitFiles('two', { 'a.txt': '2' }))
    other.commitFiles('theirs', { 'b.txt': '2' })
    other.git('push', '-q')
    expect(await push(repository, commit, before)).toEqual({ kind: 'moved', tip: head(other) })
    expect(await push(repository, commit, undefined)).toEqual({ kind: 'moved', tip: head(other) })
    expect(origin.git('rev-parse', 'main')).toBe(head(other))
    origin.git('update-ref', '-d', 'refs/heads/main')
    expect(await push(repository, commit, before)).toEqual({ kind: 'moved', tip: undefined })
  })

  it('is rejected by the remote or by the pre-push hook, with its words, whatever the language', async () => {
    const { repo, repository, origin } = await createPair()
    const before = head(repo)
    const commit = oid(repo.commitFiles('two', { 'a.txt': '2' }))
    origin.hook('update', 'echo not this one >&2; exit 1')
    const remote = await push(repository, commit, before).catch((error: unknown) => error)
    expect(remote).toMatchObject({ code: 'rejected', details: { output: expect.stringContaining('not this one') } })
    repo.hook('pre-push', 'echo too late >&2; exit 1')
    const hook = await push(repository, commit, before).catch((error: unknown) => error)
    expect(hook).toMatchObject({ code: 'rejected', details: { output: expect.stringContaining('too late') } })
    expect(origin.git('rev-parse', 'main')).toBe(before)
  })
})

describe('commit with confirm', () => {
  const commit = (repository: Repository, expected: Oid, content: string, confirm: () => Promise<void>) =>
    repository.commit({
      files: [{ path: 'a.txt', content: Buffer.from(content) }],
      message: 'two',
      expected,
      verify: true,
      confirm,
    })

  // With a carriage return the commit is made of its parts.
  it.each(['2', '2\r\n'])('is taken back when that throws: %j', async (content) => {
    const { repo, repository } = await createPair()
    repo.write('a.txt', 'edited')
    repo.write('b.txt', 'staged')
    repo.git('add', 'b.txt')
    const before = head(repo)
    const status = repo.git('status', '--porcelain')
    const failing = commit(repository, before, content, async () => {
      expect(repo.git('show', 'HEAD:a.txt')).toBe(content.trim() === content ? content : '2\r')
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect([head(repo), repo.git('status', '--porcelain'), repo.read('a.txt')]).toEqual([before, status, 'edited'])
    repo.check()
  })

  it('stands when more followed it, and the failure says so', async () => {
    const { repo, repository } = await createPair()
    const { PromptctlError } = await import('../../src/core/errors.js')
    const failing = commit(repository, head(repo), '2', async () => {
      repo.git('commit', '-q', '--allow-empty', '-m', 'beside')
      throw new PromptctlError('rejected', 'no')
    })
    await expect(failing).rejects.toMatchObject({ code: 'rejected', details: { reason: 'commit_stands' } })
    expect(repo.git('log', '--format=%s')).toBe('beside\ntwo\none')
    expect(repo.git('status', '--porcelain')).toBe('')
  })
})

describe('advance and replay', () => {
  it('keeps edits of other files, and refuses an edited one', async () => {
    const { repo, repository, other } = await createPair()
    const before = head(repo)
    other.commitFiles('two', { 'a.txt': '2', 'new/file.txt': 'new' })
    other.git('push', '-q')
    const tip = (await repository.fetch('origin', 'main')) as Oid
    repo.write('a.txt', 'mine')
    const refused = repository.advance(before, tip, 'forward')
    await expect(refused).rejects.toMatchObject({ code: 'conflict', details: { paths: ['a.txt'] } })
    expect([head(repo), repo.read('a.txt')]).toEqual([before, 'mine'])
    repo.git('checkout', '-q', 'a.txt')
    repo.write('b.txt', 'mine')
    await repository.advance(before, tip, 'forward')
    expect([head(repo), repo.read('new/file.txt'), repo.git('status', '--porcelain')]).toEqual([tip, 'new', ' M b.txt'])
    expect(repo.git('reflog', '-1', '--format=%gs')).toBe('forward')
    await expect(repository.advance(before, tip, 'again')).rejects.toMatchObject({ code: 'conflict' })
    repo.check()
  })

  it('makes commits anew with author, message and merges of others, without merges of the base', async () => {
    const { repo, repository, other } = await createPair()
    other.commitFiles('theirs', { 'b.txt': '2' })
    other.git('push', '-q')
    const onto = (await repository.fetch('origin', 'main')) as Oid
    repo.write('c.txt', 'c')
    repo.git('add', 'c.txt')
    repo.git(
      'commit',
      '-q',
      '--author=Zoë <zoe@example.com>',
      '--date=2001-02-03T04:05:06+0700',
      '-m',
      'mine\n\nwhy: ä',
    )
    repo.git('switch', '-q', '-c', 'topic')
    repo.commitFiles('topic', { 'd.txt': 'd' })
    repo.git('switch', '-q', 'main')
    repo.git('merge', '-q', '--no-ff', '-m', 'merge topic', 'topic')
    repo.git('merge', '-q', '-m', 'merge base', 'origin/main')
    repo.git('commit', '-q', '--allow-empty', '-m', 'empty')
    const tip = await repository.replay(head(repo), onto)
    expect(repo.git('log', '--first-parent', '--format=%s', tip)).toBe('empty\nmerge topic\nmine\ntheirs\none')
    expect(repo.git('log', '-1', '--format=%an <%ae> %aI%n%B', `${tip}~2`)).toBe(
      'Zoë <zoe@example.com> 2001-02-03T04:05:06+07:00\nmine\n\nwhy: ä\n',
    )
    expect(repo.git('rev-parse', `${tip}~1^2`)).toBe(repo.git('rev-parse', 'topic'))
    expect(repo.git('diff', '--stat', tip, 'HEAD')).toBe('')
    expect(await repository.distance(onto, tip)).toBe(3)
    repo.check()
  })

  it('refuses a file that both sides changed', async () => {
    const { repo, repository, other } = await createPair()
    other.commitFiles('theirs', { 'a.txt': '2' })
    other.git('push', '-q')
    const onto = (await repository.fetch('origin', 'main')) as Oid
    repo.commitFiles('mine', { 'a.txt': '3' })
    await expect(repository.replay(head(repo), onto)).rejects.toMatchObject({
      code: 'conflict',
      details: { paths: ['a.txt'] },
    })
  })
})
