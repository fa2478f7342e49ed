import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/registry/ports.js'
import { createRepo, type TestRepo } from '../helpers/repo.js'
import { expectNoLeftovers } from './contract-commits.js'
import { bytes, commitFiles, oid, PROMPT, type World } from './world.js'

/** A bare clone with one commit, and a repository opened there. */
async function bareClone(world: World): Promise<{ repo: TestRepo; repository: Repository; first: string }> {
  const source = world.repo()
  source.write('run', '1')
  source.git('add', 'run')
  source.git('update-index', '--chmod=+x', 'run')
  source.git('commit', '-q', '-m', 'run')
  source.git('checkout', '-q', '--', 'run')
  const first = source.commitFiles('one', { [PROMPT]: 'old\n', other: '1\n' })
  const dir = join(source.tempDir(), 'bare.git')
  source.git('clone', '-q', '--bare', '.', dir)
  const repo = createRepo({ existing: dir, env: source.env })
  repo.git('config', 'user.name', 'Ada Lovelace')
  repo.git('config', 'user.email', 'ada@example.com')
  return { repo, repository: await world.open(repo), first }
}

export function describeBare(world: World): void {
  describe('a bare repository [case 16]', () => {
    it('gets a commit of exactly the files, with a reflog entry and no index', async () => {
      const { repo, repository, first } = await bareClone(world)
      const message = 'publish(production): greet\n\n  Why it was.  \n\n\nPrompt-Action: published\n'
      const files = { [PROMPT]: 'new\r\n', 'prompts/a/new.yaml': 'x', run: '2' }
      const result = await commitFiles(repository, files, { message })
      expect(result.parent).toBe(first)
      expect(repo.git('rev-parse', 'refs/heads/main')).toBe(result.commit)
      expect(repo.git('diff-tree', '-r', '--name-only', '--no-commit-id', 'main').split('\n').sort()).toEqual(
        Object.keys(files).sort(),
      )
      expect(repo.run(['show', `main:${PROMPT}`]).stdout).toBe('new\r\n')
      expect(repo.git('ls-tree', 'main', 'run')).toContain('100755')
      expect(result.blobs.get(PROMPT)).toBe(repository.blobId(bytes('new\r\n')))
      expect(repo.git('show', '-s', '--format=%B|%an|%ce', 'main')).toBe(
        'publish(production): greet\n\n  Why it was.\n\nPrompt-Action: published\n|Ada Lovelace|ada@example.com',
      )
      expect(repo.git('reflog', '-1', '--format=%gs', 'main')).toBe('commit: publish(production): greet')
      expect(existsSync(join(repo.dir, 'index'))).toBe(false)
      repo.check()
      expectNoLeftovers(repo)
    })

    it('gets a first commit, on a branch that is not HEAD’s', async () => {
      const repo = world.repo({ bare: true })
      const repository = await world.open(repo)
      const { commit } = await repository.commit({ ...request('1'), expected: undefined, branch: 'shared' })
      expect(repo.git('rev-parse', 'refs/heads/shared')).toBe(commit)
      expect(await repository.head()).toEqual({ branch: 'main', commit: undefined })
      repo.check()
    })

    it('says conflict when the branch is not where the plan was made, or would not change', async () => {
      const { repo, repository, first } = await bareClone(world)
      const { commit } = await commitFiles(repository, { [PROMPT]: '2' })
      await expect(repository.commit({ ...request('3'), expected: oid(first) })).rejects.toMatchObject({
        code: 'conflict',
        details: { reason: 'head_moved' },
      })
      await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({ code: 'conflict' })
      expect(repo.git('rev-parse', 'main')).toBe(commit)
      expectNoLeftovers(repo)
    })

    it('runs none of the hooks of git commit', async () => {
      const { repo, repository } = await bareClone(world)
      for (const name of ['pre-commit', 'commit-msg', 'prepare-commit-msg', 'post-commit']) {
        repo.hook(name, `touch "${join(repo.dir, 'ran')}"; exit 1`)
      }
      await commitFiles(repository, { [PROMPT]: '2' })
      expect(existsSync(join(repo.dir, 'ran'))).toBe(false)
    })

    it('confirms before the branch moves, and moves nothing when that throws', async () => {
      const { repo, repository, first } = await bareClone(world)
      const seen: string[] = []
      const confirm = async (commit: string) => {
        seen.push(repo.git('rev-parse', 'main'), repo.git('cat-file', '-t', commit))
        throw new Error('no')
      }
      await expect(repository.commit({ ...request('2'), expected: oid(first), confirm })).rejects.toThrow('no')
      expect(seen).toEqual([first, 'commit'])
      expect(repo.git('rev-parse', 'main')).toBe(first)
      expectNoLeftovers(repo)
    })

    it('moves a branch from one commit to another, also back', async () => {
      const { repo, repository, first } = await bareClone(world)
      const { commit: second } = await commitFiles(repository, { [PROMPT]: '2' })
      const { commit } = await commitFiles(repository, { [PROMPT]: '3' })
      await repository.advance(commit, oid(first), 'follow')
      expect(repo.git('rev-parse', 'main')).toBe(first)
      expect(repo.git('reflog', '-1', '--format=%gs', 'main')).toBe('follow')
      await repository.advance(undefined, commit, 'make', 'topic')
      expect(repo.git('rev-parse', 'topic')).toBe(commit)
      await expect(repository.advance(second, commit, 'stale')).rejects.toMatchObject({ code: 'conflict' })
      await expect(repository.stage([{ path: PROMPT, content: bytes('x') }])).rejects.toMatchObject({
        code: 'unsupported',
      })
    })

    it('waits for a lock of git’s on the branch, and names it at the end', async () => {
      const { repo, repository } = await bareClone(world)
      const lock = join(repo.dir, 'refs/heads/main.lock')
      repo.write('refs/heads/main.lock', '')
      const commit = commitFiles(repository, { [PROMPT]: '2' })
      setTimeout(() => repo.run(['-c', 'alias.x=!rm -f', 'x', lock]), 150)
      expect((await commit).commit).toBe(repo.git('rev-parse', 'main'))
    })
  })

  describe('a commit in somebody’s name', () => {
    it.each([true, false])('has that author, and a committer (configured: %s)', async (isConfigured) => {
      for (const isBare of [false, true]) {
        const repo = world.repo({ identity: isConfigured, bare: isBare })
        repo.git('config', 'user.useConfigOnly', 'true')
        const repository = await world.open(repo)
        const author = { name: 'ci', email: 'ci@tokens.example.com' }
        await repository.commit({ ...request('1'), expected: undefined, author })
        expect(repo.git('show', '-s', '--format=%an <%ae>|%cn <%ce>', 'main')).toBe(
          `ci <ci@tokens.example.com>|${isConfigured ? 'Ada Lovelace <ada@example.com>' : 'promptctl <noreply@promptctl.invalid>'}`,
        )
        repo.check()
      }
    })

    it('is refused on another branch than the work tree’s', async () => {
      const repo = world.repo()
      const first = repo.commitFiles('one', { [PROMPT]: '1' })
      const repository = await world.open(repo)
      const error = repository.commit({ ...request('2'), expected: oid(first), branch: 'shared' })
      await expect(error).rejects.toMatchObject({ code: 'unsupported' })
      expect(repo.git('status', '--porcelain')).toBe('')
    })
  })
}

const request = (content: string) => ({
  files: [{ path: PROMPT, content: bytes(content) }],
  message: 'publish(production): greet\n',
  verify: true,
})
