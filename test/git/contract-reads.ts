import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRepo } from '../helpers/repo.js'
import { bytes, type Engine, oid, PROMPT, type World } from './world.js'

const MISSING = oid('1234567890123456789012345678901234567890')

export function describeReads(engine: Engine, world: World): void {
  describeOpening(engine, world)
  describeReferences(world)
  describeState(world)
  describeTrees(world)
  describeIndex(world)
}

function describeOpening(engine: Engine, world: World): void {
  describe('opening', () => {
    it('finds the top from a subdirectory [case 16]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { 'sub/dir/file': 'x' })
      const repository = await engine.open(join(repo.dir, 'sub/dir'), repo.env)
      const { workTree, gitDir, commonDir } = repository
      expect({ workTree, gitDir, commonDir, engine: repository.engine }).toEqual({
        workTree: repo.dir,
        gitDir: join(repo.dir, '.git'),
        commonDir: join(repo.dir, '.git'),
        engine: engine.name,
      })
      await repository.close()
    })

    it('says not_found where there is no repository', async () => {
      const repo = world.repo()
      await expect(engine.open(repo.tempDir(), repo.env)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('knows a linked work tree by its own git directory [case 16]', async () => {
      const repo = world.repo()
      const first = repo.commitFiles('one', { a: '1' })
      const linked = join(repo.tempDir(), 'linked')
      repo.git('worktree', 'add', '-q', '-b', 'topic', linked)
      const repository = await world.open(createRepo({ existing: linked, env: repo.env }))
      expect(repository.workTree).toBe(realpathSync(linked))
      expect(repository.gitDir).toBe(join(repo.dir, '.git/worktrees/linked'))
      expect(repository.commonDir).toBe(join(repo.dir, '.git'))
      expect(await repository.head()).toEqual({ branch: 'topic', commit: first })
    })

    it('reads a bare repository [case 16]', async () => {
      const repo = world.repo()
      const tip = repo.commitFiles('one', { [PROMPT]: '1' })
      const bare = join(repo.tempDir(), 'bare.git')
      repo.git('clone', '-q', '--bare', '.', bare)
      const repository = await world.open(createRepo({ existing: bare, env: repo.env }))
      expect(repository.workTree).toBeUndefined()
      expect(await repository.head()).toEqual({ branch: 'main', commit: tip })
      expect((await repository.listTree(oid(tip), 'prompts')).map(({ path }) => path)).toEqual([PROMPT])
      await expect(repository.status('')).rejects.toMatchObject({ code: 'unsupported' })
      const request = { files: [{ path: 'a', content: bytes('x') }], message: 'm', expected: oid(tip), verify: true }
      await expect(repository.commit(request)).rejects.toMatchObject({
        code: 'unavailable',
        hint: expect.stringContaining('user.name'),
      })
    })

    it('drops inherited variables that are about another repository', async () => {
      const [here, other] = [world.repo(), world.repo()]
      const tip = here.commitFiles('one', { a: '1' })
      other.commitFiles('two', { b: '2' })
      const env = { ...here.env, GIT_INDEX_FILE: join(other.dir, '.git/index') }
      const repository = await engine.open(here.dir, env)
      expect(repository.gitDir).toBe(join(here.dir, '.git'))
      expect((await repository.head()).commit).toBe(tip)
      await repository.close()
    })
  })
}

function describeReferences(world: World): void {
  describe('references', () => {
    it.each([
      ['loose', []],
      ['packed', ['pack-refs', '--all']],
    ])('are found when they are %s [case 16]', async (_, pack) => {
      const repo = world.repo()
      const tip = repo.commitFiles('one', { a: '1' })
      repo.git('branch', 'feature/x')
      repo.git('update-ref', 'refs/remotes/origin/main', tip)
      if (pack.length > 0) repo.git(...pack)
      const repository = await world.open(repo)
      expect(await repository.head()).toEqual({ branch: 'main', commit: tip })
      expect(await repository.readRef('refs/heads/feature/x')).toBe(tip)
      expect(await repository.readRef('refs/remotes/origin/main')).toBe(tip)
      expect(await repository.readRef('refs/heads/feature')).toBeUndefined()
      expect(await repository.readRef('refs/heads/none')).toBeUndefined()
      expect(await repository.readRef('HEAD:a')).toBeUndefined()
    })

    it('prefers a loose reference over a packed one', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      repo.git('pack-refs', '--all')
      const tip = repo.commitFiles('two', { a: '2' })
      const repository = await world.open(repo)
      expect((await repository.head()).commit).toBe(tip)
      expect(await repository.readRef('refs/heads/main')).toBe(tip)
    })

    it('tells an unborn branch and a detached HEAD [case 21]', async () => {
      const repo = world.repo({ branch: 'trunk' })
      const repository = await world.open(repo)
      expect(await repository.head()).toEqual({ branch: 'trunk', commit: undefined })
      const tip = repo.commitFiles('one', { a: '1' })
      expect(await repository.head()).toEqual({ branch: 'trunk', commit: tip })
      repo.git('checkout', '-q', '--detach')
      expect(await repository.head()).toEqual({ branch: undefined, commit: tip })
    })

    it('is an error, and no unborn branch, when the branch file is damaged', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      writeFileSync(join(repo.dir, '.git/refs/heads/main'), '')
      const repository = await world.open(repo)
      await expect(repository.head()).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('resolves what names a commit, and takes nothing for an option [case 46]', async () => {
      const repo = world.repo()
      const first = repo.commitFiles('one', { a: '1' })
      const tip = repo.commitFiles('two', { a: '2' })
      repo.git('tag', '-a', 'v1', '-m', 'x', first)
      const repository = await world.open(repo)
      for (const revision of [tip, tip.slice(0, 7), 'main', 'HEAD', 'refs/heads/main']) {
        expect(await repository.resolveCommit(revision), revision).toBe(tip)
      }
      for (const revision of ['v1', 'HEAD~1', 'main^', first.slice(0, 10)]) {
        expect(await repository.resolveCommit(revision), revision).toBe(first)
      }
      const strange = [
        '',
        'none',
        '-x',
        '--output=/tmp/promptctl-x',
        '^main',
        'a\0b',
        'HEAD:a',
        'HEAD:../x',
        '../../etc',
      ]
      for (const revision of [...strange, 'x'.repeat(10_000), MISSING, '--all', 'HEAD^{tree}', '@{u}', 'a b']) {
        expect(await repository.resolveCommit(revision), revision.slice(0, 40)).toBeUndefined()
      }
    })

    it('chooses the tracked remote, then origin, then the only one', async () => {
      const repo = world.repo()
      const tip = repo.commitFiles('one', { a: '1' })
      const repository = await world.open(repo)
      expect(await repository.remote('main')).toBeUndefined()
      repo.git('remote', 'add', 'upstream', '/x')
      expect(await repository.remote(undefined)).toEqual({ name: 'upstream', head: undefined })
      repo.git('remote', 'add', 'origin', '/y')
      repo.git('update-ref', 'refs/remotes/origin/trunk', tip)
      repo.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk')
      const reopened = await world.open(repo)
      expect(await reopened.remote('main')).toEqual({ name: 'origin', head: 'trunk' })
      repo.git('config', 'branch.main.remote', 'upstream')
      const again = await world.open(repo)
      expect((await again.remote('main'))?.name).toBe('upstream')
      expect((await again.remote('other'))?.name).toBe('origin')
    })
  })
}

function describeState(world: World): void {
  describe('state', () => {
    it('tells a shallow clone', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      repo.commitFiles('two', { a: '2' })
      const shallow = join(repo.tempDir(), 'shallow')
      repo.git('clone', '-q', '--depth=1', `file://${repo.dir}`, shallow)
      expect(await (await world.open(repo)).isShallow()).toBe(false)
      const clone = createRepo({ existing: shallow, env: repo.env })
      const repository = await world.open(clone)
      expect(await repository.isShallow()).toBe(true)
      const tip = (await repository.head()).commit ?? oid('')
      expect((await repository.listTree(tip, '')).map(({ path }) => path)).toEqual(['a'])
    })

    it('knows the identity, wherever it is configured [case 17]', async () => {
      const repo = world.repo({ identity: false })
      const bare = await world.open(repo)
      await expect(bare.identity()).rejects.toMatchObject({
        code: 'unavailable',
        hint: expect.stringContaining('git config --global user.email'),
      })
      const included = join(repo.home, 'work.gitconfig')
      writeFileSync(included, '[user]\n\tname = Grace Hopper\n\temail = grace@example.com\n')
      writeFileSync(join(repo.home, '.gitconfig'), `[includeIf "gitdir:${repo.dir}/"]\n\tpath = ${included}\n`)
      const configured = await world.open(repo)
      expect(await configured.identity()).toEqual({ name: 'Grace Hopper', email: 'grace@example.com' })
      const variables = { GIT_AUTHOR_NAME: 'Joan', GIT_AUTHOR_EMAIL: 'joan@example.com' }
      const named = await world.open({ dir: repo.dir, env: { ...repo.env, ...variables } })
      expect(await named.identity()).toEqual({ name: 'Joan', email: 'joan@example.com' })
    })

    it('names the operation that is under way and its unmerged paths [case 21]', async () => {
      const repo = world.repo()
      conflictingBranches(repo.commitFiles.bind(repo), repo.git.bind(repo))
      const repository = await world.open(repo)
      expect(await repository.operationUnderWay()).toBeUndefined()
      expect(await repository.unmerged()).toEqual([])
      for (const [operation, ...command] of [
        ['merge', 'merge', 'other'],
        ['cherry-pick', 'cherry-pick', 'other'],
        ['rebase', 'rebase', 'other'],
      ] as const) {
        expect(repo.run(command).status, operation).not.toBe(0)
        expect(await repository.operationUnderWay()).toBe(operation)
        expect(await repository.unmerged()).toEqual(['a'])
        expect(await repository.listIndex('')).toEqual([expect.objectContaining({ path: 'b' })])
        repo.git(operation, '--abort')
      }
      expect(await repository.operationUnderWay()).toBeUndefined()
    })
  })
}

/** `main` and `other` both change the file `a`. */
export function conflictingBranches(
  commitFiles: (message: string, files: Record<string, string>) => string,
  git: (...args: string[]) => string,
): void {
  commitFiles('base', { a: 'base\n', b: 'b\n' })
  git('checkout', '-q', '-b', 'other')
  commitFiles('theirs', { a: 'theirs\n' })
  git('checkout', '-q', 'main')
  commitFiles('ours', { a: 'ours\n' })
}

function describeTrees(world: World): void {
  describe('trees and blobs', () => {
    it('lists files below a folder in byte order, with their modes', async () => {
      const repo = world.repo()
      for (const path of ['p/a/x', 'p/a.b', 'p/a', 'q', 'p/é', 'p/Z', 'p/with "quotes"', 'p/tab\there']) {
        if (path !== 'p/a') repo.write(path, path)
      }
      repo.write('p/run', '#!/bin/sh\n')
      chmodSync(join(repo.dir, 'p/run'), 0o755)
      symlinkSync('../q', join(repo.dir, 'p/link'))
      const tip = oid(repo.commit('all'))
      const repository = await world.open(repo)
      const entries = await repository.listTree(tip, 'p')
      expect(entries.map(({ path }) => path)).toEqual([
        'p/Z',
        'p/a.b',
        'p/a/x',
        'p/link',
        'p/run',
        'p/tab\there',
        'p/with "quotes"',
        'p/é',
      ])
      const modes = new Map(entries.map(({ path, mode }) => [path, mode]))
      expect([modes.get('p/Z'), modes.get('p/link'), modes.get('p/run')]).toEqual(['100644', '120000', '100755'])
      expect(await repository.listTree(tip, '')).toHaveLength(entries.length + 1)
      expect(await repository.listTree(tip, 'none')).toEqual([])
      expect((await repository.listTree(tip, 'p/a')).map(({ path }) => path)).toEqual(['p/a/x'])
    })

    it('finds exactly the entries that are asked for', async () => {
      const repo = world.repo()
      const tip = oid(repo.commitFiles('one', { 'p/a': '1', 'p/b*': '2', 'p/bb': '3', '-x': '4' }))
      const repository = await world.open(repo)
      const entries = await repository.entriesAt(tip, ['p/b*', 'none', 'p/a', '-x', 'p', 'p/a/below', '../p/a', ''])
      expect(entries.map(({ path }) => path).sort()).toEqual(['-x', 'p/a', 'p/b*'])
      expect(entries.find(({ path }) => path === 'p/a')?.blob).toBe(repository.blobId(bytes('1')))
      await expect(repository.entriesAt(MISSING, ['a'])).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('reads the exact bytes of blobs, empty and large and binary ones too', async () => {
      const repo = world.repo()
      const contents = ['', 'a\r\nb\n', Buffer.from([0, 255, 10, 13, 0]), 'x'.repeat(300_000), 'no end', '\n\n']
      const files = Object.fromEntries(contents.map((content, index) => [`f${index}`, content]))
      repo.git('config', 'core.autocrlf', 'false')
      const tip = oid(repo.commitFiles('all', files))
      const repository = await world.open(repo)
      const entries = await repository.listTree(tip, '')
      const blobs = await repository.readBlobs(entries.map(({ blob }) => blob))
      for (const [index, content] of contents.entries()) {
        const blob = entries[index]?.blob ?? oid('')
        expect(Buffer.from(blobs.get(blob) ?? []).equals(Buffer.from(content)), `f${index}`).toBe(true)
        expect(repository.blobId(Buffer.from(content))).toBe(blob)
      }
      expect((await repository.readBlobs([])).size).toBe(0)
    })

    it('reads many blobs, loose and packed', async () => {
      const repo = world.repo()
      const files = Object.fromEntries(
        Array.from({ length: 500 }, (_, n) => [`d/f${n}`, `content ${n}\n`.repeat(n % 40)]),
      )
      repo.commitFiles('all', files)
      repo.git('gc', '-q')
      const tip = oid(repo.commitFiles('more', { loose: 'x' }))
      const repository = await world.open(repo)
      const entries = await repository.listTree(tip, '')
      const blobs = await repository.readBlobs(entries.map(({ blob }) => blob))
      for (const { path, blob } of entries)
        expect(Buffer.from(blobs.get(blob) ?? []).toString()).toBe(files[path] ?? 'x')
    })

    it('reads the whole messages of commits, in the encoding that they say', async () => {
      const repo = world.repo()
      const first = oid(repo.commitFiles('one\n\nwhy: 日本語', { a: '1' }))
      repo.git('config', 'i18n.commitEncoding', 'ISO-8859-1')
      repo.write('latin', Buffer.from('zwei\n\nweil es so schön ist', 'latin1'))
      repo.git('commit', '-q', '--allow-empty', '-F', 'latin')
      const second = oid(repo.git('rev-parse', 'HEAD'))
      const repository = await world.open(repo)
      const messages = await repository.messages([second, first])
      expect([...messages]).toEqual([
        [second, 'zwei\n\nweil es so schön ist\n'],
        [first, 'one\n\nwhy: 日本語\n'],
      ])
      await expect(repository.messages([MISSING])).rejects.toMatchObject({ code: 'unavailable' })
      expect((await repository.messages([])).size).toBe(0)
    })

    it('says unavailable for a blob that is not there, and goes on reading', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      const repository = await world.open(repo)
      await expect(repository.readBlobs([MISSING])).rejects.toMatchObject({ code: 'unavailable' })
      const blob = repository.blobId(bytes('1'))
      expect(Buffer.from((await repository.readBlobs([blob])).get(blob) ?? []).toString()).toBe('1')
    })
  })
}

function describeIndex(world: World): void {
  describe('index and status', () => {
    it('lists what is staged, and not what is only announced', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { 'p/a': '1', 'p/b': '1', q: '1' })
      repo.write('p/a', '2')
      repo.write('p/new', '3')
      repo.write('p/empty', '')
      repo.git('add', 'p/a', 'p/new', 'p/empty')
      repo.write('p/a', 'not staged')
      repo.write('p/intended', '4')
      repo.git('add', '-N', 'p/intended')
      repo.git('rm', '-q', '--cached', 'p/b')
      const repository = await world.open(repo)
      const entries = await repository.listIndex('p')
      expect(entries.map(({ path }) => path)).toEqual(['p/a', 'p/empty', 'p/new'])
      expect(entries[0]?.blob).toBe(repository.blobId(bytes('2')))
      expect(await repository.listIndex('')).toHaveLength(4)
    })

    it('reads the index that GIT_INDEX_FILE names, in a hook [case 26]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      const other = join(repo.dir, '.git/next-index')
      repo.run(['read-tree', '--empty'], { env: { GIT_INDEX_FILE: other } })
      const repository = await world.open({ dir: repo.dir, env: { ...repo.env, GIT_INDEX_FILE: other } })
      expect(await repository.listIndex('')).toEqual([])
    })

    it('tells staged from unstaged', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { '.gitignore': 'ignored\n', 'p/a': '1', 'p/b': '1', 'p/c': '1', 'p/d': '1', q: '1' })
      repo.write('p/a', 'staged')
      repo.git('add', 'p/a')
      repo.write('p/b', 'unstaged')
      repo.git('rm', '-q', 'p/c')
      repo.write('p/d', 'both')
      repo.git('add', 'p/d')
      repo.write('p/d', 'more')
      repo.write('p/new dir/é', 'untracked')
      repo.write('p/ignored', 'x')
      repo.write('q', 'elsewhere')
      const repository = await world.open(repo)
      const found = [...(await repository.status('p'))].sort((a, b) => (a.path < b.path ? -1 : 1))
      expect(found).toEqual([
        { path: 'p/a', staged: true, unstaged: false },
        { path: 'p/b', staged: false, unstaged: true },
        { path: 'p/c', staged: true, unstaged: false },
        { path: 'p/d', staged: true, unstaged: true },
        { path: 'p/new dir/é', staged: false, unstaged: true },
      ])
      expect((await repository.status('')).map(({ path }) => path)).toContain('q')
    })

    it('sees no difference where only the line ends of a checkout differ from a filter [case 15i]', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { 'p/a': 'x\r\ny\r\n' })
      mkdirSync(join(repo.dir, '.git/info'), { recursive: true })
      writeFileSync(join(repo.dir, '.git/info/attributes'), 'p/** text eol=lf\n')
      repo.write('p/a', 'x\r\ny\r\n')
      const repository = await world.open(repo)
      expect(await repository.status('p')).toEqual([])
    })
  })
}
