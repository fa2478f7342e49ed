import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import type { Repository } from '../../src/registry/ports.js'
import { createRepo, type TestRepo } from '../helpers/repo.js'
import { conflictingBranches } from './contract-reads.js'
import { bytes, commitFiles, oid, PROMPT, type World } from './world.js'

export function describeCommits(world: World): void {
  describeCommit(world)
  describeRefusals(world)
  describeLocks(world)
  describeStage(world)
}

/** No file of ours is left anywhere: neither in the work tree nor in the git directory. */
export function expectNoLeftovers(repo: TestRepo): void {
  const gitDir = repo.git('rev-parse', '--absolute-git-dir')
  const own = join(gitDir, 'promptctl')
  expect(existsSync(own) ? readdirSync(own).filter((name) => name.startsWith('pending-')) : []).toEqual([])
  const isBare = repo.git('rev-parse', '--is-bare-repository') === 'true'
  expect(isBare ? '' : repo.git('ls-files', '--others', '--', 'prompts')).toBe('')
}

function describeCommit(world: World): void {
  describe('commit', () => {
    it('changes exactly the file, on the current branch, as git commit would [case 20]', async () => {
      const repo = world.repo()
      const parent = repo.commitFiles('one', { [PROMPT]: 'old\n', staged: '1', edited: '1' })
      repo.write('staged', '2')
      repo.git('add', 'staged')
      repo.write('edited', '2')
      repo.write('untracked', 'x')
      const before = repo.git('status', '--porcelain=v2')
      const repository = await world.open(repo)
      const message = 'publish(production): greet\n\nWhy it was.\n\nPrompt-Action: published\n'
      const result = await commitFiles(repository, { [PROMPT]: 'new\n' }, { message })
      expect(result).toEqual({
        commit: repo.git('rev-parse', 'HEAD'),
        parent,
        blobs: new Map([[PROMPT, repository.blobId(bytes('new\n'))]]),
      })
      expect(repo.git('show', '-s', '--format=%B|%an|%ce', 'HEAD')).toBe(`${message}|Ada Lovelace|ada@example.com`)
      expect(repo.git('diff-tree', '-r', '--name-only', '--no-commit-id', 'HEAD')).toBe(PROMPT)
      expect(repo.git('status', '--porcelain=v2')).toBe(before)
      expect(repo.read(PROMPT)).toBe('new\n')
      expect(repo.git('reflog', '-1', '--format=%gs', 'main')).toBe('commit: publish(production): greet')
      expect(repo.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main')
      expect(await repository.head()).toEqual({ branch: 'main', commit: result.commit })
      repo.check()
      expectNoLeftovers(repo)
    })

    it('commits new, unknown and changed files at once', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { 'p/a': '1', q: '1' })
      repo.write('p/unknown', 'not added yet')
      const repository = await world.open(repo)
      const files = { 'p/a': '2', 'p/unknown': 'now it is', 'new/deep/file é': 'x', 'p/[b]*?': 'glob', 'p/ lead': 'y' }
      const { commit } = await commitFiles(repository, files)
      const entries = await repository.listTree(commit, '')
      expect(entries.map(({ path }) => path).sort()).toEqual([...Object.keys(files), 'q'].sort())
      for (const [path, content] of Object.entries(files)) expect(repo.read(path)).toBe(content)
      expect(repo.git('status', '--porcelain')).toBe('')
      repo.check()
    })

    it('makes a root commit on an unborn branch [case 21]', async () => {
      const repo = world.repo()
      repo.write('other', 'x')
      const repository = await world.open(repo)
      const { commit, parent } = await commitFiles(repository, { [PROMPT]: 'first\n' })
      expect(parent).toBeUndefined()
      expect(repo.git('rev-list', '--parents', 'HEAD')).toBe(commit)
      expect(repo.git('ls-tree', '-r', '--name-only', 'HEAD')).toBe(PROMPT)
      expect(repo.git('status', '--porcelain')).toBe('?? other')
      repo.check()
    })

    it('keeps the exact bytes', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      const repository = await world.open(repo)
      const contents = ['a\r\nb\r\n', 'no end', '\n\n', '\ufeffbom\n', '$Id$\n', 'é😀\u2028\n']
      const files = Object.fromEntries(contents.map((content, index) => [`p/${index}`, content]))
      const { commit } = await commitFiles(repository, files)
      for (const { path, blob } of await repository.listTree(commit, 'p')) {
        expect(blob).toBe(repository.blobId(bytes(files[path] ?? '')))
        expect(repo.read(path)).toBe(files[path])
      }
      expect(repo.git('status', '--porcelain')).toBe('')
    })

    it('replaces what was staged of the same file, and a symbolic link in its place', async () => {
      const repo = world.repo()
      symlinkSync('/etc/passwd', join(repo.dir, 'link'))
      repo.commitFiles('one', { [PROMPT]: '1' })
      repo.write(PROMPT, 'staged')
      repo.git('add', '-A')
      repo.write(PROMPT, 'edited')
      const repository = await world.open(repo)
      await commitFiles(repository, { [PROMPT]: 'published', link: 'a file now' })
      expect(repo.git('ls-tree', 'HEAD', 'link')).toContain('100644')
      expect(repo.read('link')).toBe('a file now')
      expect(repo.git('status', '--porcelain')).toBe('')
    })

    it('never writes behind a symbolic link', async () => {
      const repo = world.repo()
      const outside = repo.tempDir()
      repo.commitFiles('one', { a: '1' })
      symlinkSync(outside, join(repo.dir, 'prompts'))
      const repository = await world.open(repo)
      await expect(commitFiles(repository, { 'prompts/x': 'y' })).rejects.toMatchObject({ name: 'PromptctlError' })
      await expect(commitFiles(repository, { '../x': 'y' })).rejects.toMatchObject({ name: 'PromptctlError' })
      await expect(commitFiles(repository, { '.git/config': 'y' })).rejects.toMatchObject({ name: 'PromptctlError' })
      expect(readdirSync(outside)).toEqual([])
      expect(repo.git('log', '--format=%s')).toBe('one')
    })

    it('keeps edits in the work tree when it is told to [case 15e]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1\n', other: '1\n' })
      repo.write(PROMPT, 'my edit\n')
      const repository = await world.open(repo)
      const { commit } = await commitFiles(repository, { [PROMPT]: '0\n', other: '0\n' }, { keepEdits: [PROMPT] })
      expect(repo.git('rev-parse', 'HEAD')).toBe(commit)
      expect(repo.git('show', `HEAD:${PROMPT}`)).toBe('0')
      expect(repo.read(PROMPT)).toBe('my edit\n')
      expect(repo.git('diff', '--cached', '--name-only')).toBe('')
      expect(repo.git('diff', '--name-only')).toBe(PROMPT)
      expect(repo.git('reflog', '-1', '--format=%gs')).toBe('commit: publish(production): greet')
      repo.check()
      expectNoLeftovers(repo)
    })

    it('keeps the executable bit', async () => {
      const repo = world.repo()
      repo.write('run', '1')
      repo.git('add', 'run')
      repo.git('update-index', '--chmod=+x', 'run')
      repo.git('commit', '-q', '-m', 'one')
      repo.git('checkout', '-q', '--', 'run')
      rmSync(join(repo.dir, 'run'))
      repo.git('checkout', '-q', '--', 'run')
      const repository = await world.open(repo)
      await commitFiles(repository, { run: '2' })
      expect(repo.git('ls-tree', 'HEAD', 'run')).toContain('100755')
      expect(repo.git('status', '--porcelain')).toBe('')
    })

    it('commits on the branch of a linked work tree, with packed references [case 16]', async () => {
      const repo = world.repo()
      const main = repo.commitFiles('one', { [PROMPT]: '1' })
      const linked = join(repo.tempDir(), 'linked')
      repo.git('worktree', 'add', '-q', '-b', 'topic', linked)
      repo.git('pack-refs', '--all')
      const tree = createRepo({ existing: linked, env: repo.env })
      const repository = await world.open(tree)
      const { commit } = await commitFiles(repository, { [PROMPT]: '2' })
      expect(repo.git('rev-parse', 'refs/heads/topic')).toBe(commit)
      expect(repo.git('rev-parse', 'refs/heads/main')).toBe(main)
      expect(repo.read(PROMPT)).toBe('1')
      expect(tree.git('status', '--porcelain')).toBe('')
      tree.check()
    })

    it('commits many files at once', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      const repository = await world.open(repo)
      const files = Object.fromEntries(
        Array.from({ length: 600 }, (_, n) => [`prompts/development/p${n}.yaml`, `${n}`]),
      )
      const { commit } = await commitFiles(repository, files)
      expect(await repository.listTree(commit, 'prompts')).toHaveLength(600)
      expect(repo.git('status', '--porcelain')).toBe('')
      repo.check()
    })
  })
}

function describeRefusals(world: World): void {
  describe('a commit that is refused', () => {
    it('says conflict when HEAD is not where the plan was made', async () => {
      const repo = world.repo()
      const old = repo.commitFiles('one', { [PROMPT]: '1' })
      repo.commitFiles('two', { other: '1' })
      const repository = await world.open(repo)
      const request = { files: [{ path: PROMPT, content: bytes('2') }], message: 'm', verify: true }
      await expect(repository.commit({ ...request, expected: oid(old) })).rejects.toMatchObject({ code: 'conflict' })
      await expect(repository.commit({ ...request, expected: undefined })).rejects.toMatchObject({ code: 'conflict' })
      expectUntouched(repo, '1', 'two')
    })

    it('says unsupported during a merge, rebase or cherry-pick, and changes nothing [case 21]', async () => {
      const repo = world.repo()
      repo.commitFiles('prompt', { [PROMPT]: '1' })
      conflictingBranches(repo.commitFiles.bind(repo), repo.git.bind(repo))
      const repository = await world.open(repo)
      for (const operation of ['merge', 'rebase', 'cherry-pick']) {
        repo.run([operation, 'other'])
        const before = repo.git('status', '--porcelain')
        await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({
          code: 'unsupported',
          message: expect.stringContaining(operation),
        })
        expect(repo.git('status', '--porcelain')).toBe(before)
        expect(repo.read(PROMPT)).toBe('1')
        repo.git(operation, '--abort')
      }
    })

    it('says unsupported when paths are unmerged without an operation [case 21]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1\n', [PROMPT]: '1' })
      repo.write('a', 'stashed\n')
      repo.git('stash', '-q')
      repo.commitFiles('two', { a: '2\n' })
      expect(repo.run(['stash', 'pop']).status).toBe(1)
      const repository = await world.open(repo)
      await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({ code: 'unsupported' })
      expect(repo.read(PROMPT)).toBe('1')
      expect(repo.git('log', '-1', '--format=%s')).toBe('two')
      expectNoLeftovers(repo)
    })

    it('says unsupported when HEAD is detached [case 21]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      repo.git('checkout', '-q', '--detach')
      const repository = await world.open(repo)
      await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({ code: 'unsupported' })
      expectUntouched(repo, '1', 'one')
    })

    it('says unavailable with two commands when nobody is configured, and writes nothing [case 17]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      repo.git('config', '--unset', 'user.name')
      repo.git('config', '--unset', 'user.email')
      repo.git('config', 'user.useConfigOnly', 'true')
      const repository = await world.open(repo)
      await expect(commitFiles(repository, { [PROMPT]: '2', 'prompts/new/x': 'y' })).rejects.toMatchObject({
        code: 'unavailable',
        hint: expect.stringMatching(/user\.name.*user\.email/),
      })
      expect(repo.read(PROMPT)).toBe('1')
      expect(existsSync(join(repo.dir, 'prompts/new'))).toBe(false)
      expect(repo.git('status', '--porcelain')).toBe('')
      expectNoLeftovers(repo)
    })
  })
}

export function expectUntouched(repo: TestRepo, content: string, subject: string): void {
  expect(repo.read(PROMPT)).toBe(content)
  expect(repo.git('status', '--porcelain')).toBe('')
  expect(repo.git('log', '-1', '--format=%s')).toBe(subject)
  expectNoLeftovers(repo)
}

function describeLocks(world: World): void {
  describe("git's own locks", () => {
    it.each(['index.lock', 'refs/heads/main.lock'])('waits for %s [case 30]', async (name) => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      const repository = await world.open(repo)
      const lock = join(repo.dir, '.git', name)
      writeFileSync(lock, '')
      setTimeout(() => rmSync(lock), 300)
      await commitFiles(repository, { [PROMPT]: '2' })
      expectUntouched(repo, '2', 'publish(production): greet')
      repo.check()
    })

    it('is not kept waiting by packed-refs.lock, which no commit takes [case 30]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      const repository = await world.open(repo)
      const lock = join(repo.dir, '.git/packed-refs.lock')
      writeFileSync(lock, '')
      await commitFiles(repository, { [PROMPT]: '2' })
      expect(existsSync(lock)).toBe(true)
      rmSync(lock)
      expectUntouched(repo, '2', 'publish(production): greet')
    })

    it('gives up naming the lock and its age, deletes nothing, restores the file [case 30]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      const repository = await world.open(repo)
      const lock = join(repo.dir, '.git/index.lock')
      writeFileSync(lock, '')
      const old = Date.now() / 1000 - 3600
      utimesSync(lock, old, old)
      await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(lock),
        details: { age_seconds: expect.toSatisfy((age: number) => age >= 3600) },
      })
      expect(existsSync(lock)).toBe(true)
      rmSync(lock)
      expectUntouched(repo, '1', 'one')
    })

    it('loses no commit beside four processes that run plain git commit', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '0' })
      const repository = await world.open(repo)
      const others = [1, 2, 3, 4].map((n) => plainCommits(repo, n, 5))
      const ours: string[] = []
      for (let n = 1; n <= 8; n += 1) ours.push(await commitWithRetry(repository, `${n}`))
      await Promise.all(others)
      const reachable = repo.git('rev-list', '--first-parent', 'HEAD').split('\n')
      expect(ours.filter((commit) => !reachable.includes(commit))).toEqual([])
      expect(reachable).toHaveLength(1 + 8 + 4 * 5)
      expect(repo.git('status', '--porcelain')).toBe('')
      repo.check()
      expectNoLeftovers(repo)
    })
  })
}

async function commitWithRetry(repository: Repository, content: string): Promise<string> {
  for (;;) {
    try {
      return (await commitFiles(repository, { [PROMPT]: content })).commit
    } catch (error) {
      if (!isPromptctlError(error, 'conflict')) throw error
      await sleep(Math.random() * 20)
    }
  }
}

/** A shell that commits a file of its own `count` times, again and again when a lock is in its way. */
function plainCommits(repo: TestRepo, n: number, count: number): Promise<void> {
  const script = `
    for i in $(seq ${count}); do
      echo $i > other${n}
      until git add other${n} && git commit -q -m "other ${n} $i" -- other${n}; do sleep 0.0$((RANDOM % 9 + 1)); done
    done`
  const child: ChildProcess = spawn('bash', ['-c', script], { cwd: repo.dir, env: { ...repo.env }, stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => (status === 0 ? resolve() : reject(new Error(`status ${status}`))))
  })
}

function describeStage(world: World): void {
  describe('stage', () => {
    it('writes and stages exact bytes without a commit', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      const repository = await world.open(repo)
      await repository.stage([
        { path: PROMPT, content: bytes('2\r\n') },
        { path: 'prompts/new/x', content: bytes('y') },
      ])
      expect(repo.git('status', '--porcelain')).toBe(`A  prompts/new/x\nM  ${PROMPT}`)
      expect((await repository.listIndex(PROMPT))[0]?.blob).toBe(repository.blobId(bytes('2\r\n')))
      expect(repo.read(PROMPT)).toBe('2\r\n')
      expect(repo.git('log', '--format=%s')).toBe('one')
      expectNoLeftovers(repo)
    })

    it('resolves a conflict during a merge [case 15b]', async () => {
      const repo = world.repo()
      conflictingBranches(repo.commitFiles.bind(repo), repo.git.bind(repo))
      expect(repo.run(['merge', 'other']).status).toBe(1)
      const repository = await world.open(repo)
      await repository.stage([{ path: 'a', content: bytes('both\n') }])
      expect(await repository.unmerged()).toEqual([])
      repo.git('commit', '-q', '--no-edit')
      expect(repo.git('rev-list', '--count', '--merges', 'HEAD')).toBe('1')
      expect(repo.git('show', 'HEAD:a')).toBe('both')
      repo.check()
    })
  })
}
