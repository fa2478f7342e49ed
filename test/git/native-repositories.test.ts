import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, it } from 'vitest'
import { openNative } from '../../src/git/native/open.js'
import { chooseEngine, openRepository } from '../../src/git/open.js'
import { createRepo, type TestRepo } from '../helpers/repo.js'
import { expectNoLeftovers, expectUntouched } from './contract-commits.js'
import { bytes, collectHistory, commitFiles, createWorld, type Engine, oid, PROMPT } from './world.js'

const engine: Engine = { name: 'native', open: (dir, env) => openNative(dir, { env }) }
const world = createWorld(engine)
afterEach(() => world.end())

const isRoot = process.getuid?.() === 0

async function publishTwice(repo: TestRepo): Promise<void> {
  const repository = await world.open(repo)
  const before = repo.git('ls-tree', '-r', '--name-only', 'HEAD').split('\n')
  await commitFiles(repository, { [PROMPT]: '2\n' })
  await commitFiles(repository, { 'prompts/new': 'new\n', [PROMPT]: '3\n' })
  expect(repo.git('ls-tree', '-r', '--name-only', 'HEAD').split('\n').sort()).toEqual([...before, 'prompts/new'].sort())
  expect(repo.git('show', `HEAD:${PROMPT}`)).toBe('3')
  expect(repo.git('status', '--porcelain')).toBe('')
  repo.check()
}

describe('special repositories', () => {
  it.each([
    ['a split index', ['config', 'core.splitIndex', 'true']],
    ['index version 4', ['update-index', '--index-version', '4']],
    ['an untracked cache', ['update-index', '--force-untracked-cache']],
    ['a mandatory pager and aliases', ['config', 'core.pager', 'false']],
    ['other cleanup and templates', ['config', 'commit.cleanup', 'scissors']],
    ['signatures and notes in the log', ['config', 'log.showSignature', 'true']],
    ['files without executable bits', ['config', 'core.fileMode', 'false']],
  ])('publishes with %s [case 22]', async (_, command) => {
    const repo = world.repo()
    repo.commitFiles('one', { [PROMPT]: '1\n', 'other/a': '1\n', b: '1\n' })
    repo.git(...command)
    repo.git('update-index', '--refresh')
    await publishTwice(repo)
  })

  it.each([
    ['outside', 'other'],
    ['inside', 'prompts'],
  ])('publishes %s of a sparse checkout [case 22]', async (_, cone) => {
    const repo = world.repo()
    repo.commitFiles('one', { [PROMPT]: '1\n', 'other/a': '1\n', 'third/b': '1\n' })
    repo.git('sparse-checkout', 'set', cone)
    await publishTwice(repo)
    expect(existsSync(join(repo.dir, 'third'))).toBe(false)
  })

  it.each([
    ['--shared', []],
    ['--filter=blob:none', ['-c', 'protocol.file.allow=always']],
    ['--reference-if-able=.', []],
  ])('reads and publishes in git clone %s [case 23]', async (flag, options) => {
    const origin = world.repo()
    origin.git('config', 'uploadpack.allowFilter', 'true')
    origin.commitFiles('one', { [PROMPT]: '1\n', a: '1' })
    origin.commitFiles('two', { [PROMPT]: '1.5\n' })
    const dir = join(origin.tempDir(), 'clone')
    origin.git(...options, 'clone', '-q', flag, `file://${origin.dir}`, dir)
    const repo = createRepo({ existing: dir, env: origin.env })
    repo.git('config', 'user.name', 'Ada Lovelace')
    repo.git('config', 'user.email', 'ada@example.com')
    const repository = await world.open(repo)
    const tip = (await repository.head()).commit ?? oid('')
    const commits = await collectHistory(repository, { tip, paths: ['prompts'] })
    const blobs = commits.flatMap(({ changes }) => changes.flatMap(({ blob }) => blob ?? []))
    const contents = await repository.readBlobs(blobs)
    expect(blobs.map((blob) => Buffer.from(contents.get(blob) ?? []).toString())).toEqual(['1.5\n', '1\n'])
    await publishTwice(repo)
  })

  it('works in a sha256 repository [case 24]', async () => {
    const repo = world.repo({ objectFormat: 'sha256' })
    repo.commitFiles('one', { [PROMPT]: '1\n' })
    await publishTwice(repo)
    const repository = await world.open(repo)
    const { commit = oid('') } = await repository.head()
    expect(commit).toHaveLength(64)
    expect(await collectHistory(repository, { tip: commit, paths: ['prompts'] })).toHaveLength(3)
    expect((await repository.entriesAt(commit, [PROMPT]))[0]?.blob).toBe(repository.blobId(bytes('3\n')))
  })

  it('works in the checkout of a submodule [case 16]', async () => {
    const [inner, outer] = [world.repo(), world.repo()]
    inner.commitFiles('one', { [PROMPT]: '1\n' })
    outer.commitFiles('one', { a: '1' })
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'prompts-of/inner')
    outer.commit('submodule')
    const repo = createRepo({ existing: join(outer.dir, 'prompts-of/inner'), env: outer.env })
    repo.git('config', 'user.name', 'Ada Lovelace')
    repo.git('config', 'user.email', 'ada@example.com')
    const repository = await world.open(repo)
    expect(repository.gitDir).toBe(join(outer.dir, '.git/modules/prompts-of/inner'))
    await publishTwice(repo)
    const around = await world.open(outer)
    const tip = (await around.head()).commit ?? oid('')
    expect((await around.listTree(tip, '')).map(({ path }) => path)).toEqual(['.gitmodules', 'a'])
    expect(await around.status('prompts-of')).toEqual([])
  })

  it('follows HEAD to a branch with an odd name', async () => {
    const repo = world.repo({ branch: 'feature/über-#1' })
    repo.commitFiles('one', { [PROMPT]: '1\n' })
    const repository = await world.open(repo)
    expect((await repository.head()).branch).toBe('feature/über-#1')
    await publishTwice(repo)
  })
})

describe('exact bytes [case 15i]', () => {
  const CONTENT = 'a\r\nb $Id$\r\n'

  it.each([
    ['core.autocrlf=true', '', ['core.autocrlf', 'true'], CONTENT],
    ['core.autocrlf=input', '', ['core.autocrlf', 'input'], CONTENT],
    ['text=auto', '* text=auto\n', [], CONTENT],
    ['eol=lf', '*.yaml text eol=lf\n', [], CONTENT],
    ['ident', '*.yaml ident\n', [], 'x $Id: 123 $\n'],
    ['a filter', '*.yaml filter=shout\n', ['filter.shout.clean', 'tr a-z A-Z'], 'quiet\n'],
    ['another encoding', '*.yaml working-tree-encoding=UTF-16LE\n', [], 'ab'],
    ['core.safecrlf', '*.yaml text\n', ['core.safecrlf', 'true'], CONTENT],
  ])('survive %s', async (_, attributes, config, content) => {
    const repo = world.repo()
    repo.commitFiles('one', { [PROMPT]: '1\n', other: '1\n' })
    if (config.length > 0) repo.git('config', ...config)
    repo.commitFiles('attributes', { '.gitattributes': attributes })
    const repository = await world.open(repo)
    const { commit } = await commitFiles(repository, { [PROMPT]: content })
    expect((await repository.entriesAt(commit, [PROMPT]))[0]?.blob).toBe(repository.blobId(bytes(content)))
    expect((await repository.listIndex(PROMPT))[0]?.blob).toBe(repository.blobId(bytes(content)))
    expect(repo.read(PROMPT)).toBe(content)
    expect(await repository.status('prompts')).toEqual([])
    expect(repo.git('log', '--format=%s').split('\n')).toHaveLength(3)
    expectNoLeftovers(repo)
    repo.check()
  })
})

describe('a repository that git refuses', () => {
  it.runIf(isRoot)('of another user is named with git’s advice, and stays distrusted [case 27]', async () => {
    const repo = world.repo()
    repo.commitFiles('one', { a: '1' })
    for (const path of ['', '.git']) chownSync(join(repo.dir, path), 12345, 12345)
    await expect(openNative(repo.dir, { env: repo.env })).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining(`git config --global --add safe.directory ${repo.dir}`),
    })
    expect(existsSync(join(repo.home, '.gitconfig'))).toBe(false)
    chownSync(repo.dir, 0, 0)
    chownSync(join(repo.dir, '.git'), 0, 0)
  })

  it('says that there is no git, and no such directory', async () => {
    const repo = world.repo()
    const found = openNative(repo.dir, { env: { PATH: '/nonexistent' } })
    await expect(found.then((repository) => repository.identity())).rejects.toMatchObject({ code: 'unavailable' })
    for (const PROMPTCTL_GIT of ['native', 'embedded']) {
      const opening = openRepository({ cwd: '/nonexistent', env: { ...repo.env, PROMPTCTL_GIT } })
      await expect(opening).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})

describe('choosing the engine', () => {
  it('takes what PROMPTCTL_GIT says, else git where it is found', async () => {
    const folder = world.repo().tempDir()
    expect(chooseEngine({ PATH: folder })).toBe('embedded')
    writeFileSync(join(folder, 'git'), '')
    expect(chooseEngine({ PATH: folder })).toBe('embedded')
    chmodSync(join(folder, 'git'), 0o755)
    expect(chooseEngine({ PATH: `/nonexistent:${folder}` })).toBe('native')
    // What cannot be looked at: as root everything can, but for a link that leads to itself.
    symlinkSync('loop', join(folder, 'loop'))
    expect(chooseEngine({ PATH: `${folder}/loop` })).toBe('embedded')
    expect(chooseEngine({ PATH: `${folder}/loop:${folder}` })).toBe('native')
    expect(chooseEngine({ PATH: folder, PROMPTCTL_GIT: 'embedded' })).toBe('embedded')
    expect(() => chooseEngine({ PROMPTCTL_GIT: 'svn' })).toThrow(expect.objectContaining({ code: 'usage' }))
    const repo = world.repo()
    const repository = await openRepository({ cwd: repo.dir, env: repo.env })
    expect(repository.engine).toBe('native')
    await repository.close()
  })
})

describe('inherited variables', () => {
  it('count for the repository that the process was started in, and for no other', async () => {
    const [here, other] = [world.repo(), world.repo()]
    here.commitFiles('here', { a: '1' })
    other.commitFiles('other', { b: '1' })
    const empty = join(here.dir, '.git/next-index')
    here.run(['read-tree', '--empty'], { env: { GIT_INDEX_FILE: empty } })
    const env = { ...here.env, GIT_INDEX_FILE: empty, GIT_DIR: join(here.dir, '.git') }
    const ours = await openNative(here.dir, { env, base: here.dir })
    expect(await ours.listIndex('')).toEqual([])
    mkdirSync(join(here.dir, 'sub'))
    const below = await openNative(join(here.dir, 'sub'), { env: { ...env, GIT_DIR: '.git' }, base: here.dir })
    expect(await below.listIndex('')).toEqual([])
    const theirs = await openNative(other.dir, { env, base: here.dir })
    expect(theirs.gitDir).toBe(join(other.dir, '.git'))
    expect((await theirs.listIndex('')).map(({ path }) => path)).toEqual(['b'])
    await Promise.all([ours, below, theirs].map((repository) => repository.close()))
  })

  it('show the objects of a push that is still in quarantine to a pre-receive hook', async () => {
    const repo = world.repo()
    repo.commitFiles('one', { [PROMPT]: '1' })
    const bare = join(repo.tempDir(), 'bare.git')
    repo.git('clone', '-q', '--bare', '.', bare)
    const tip = oid(repo.commitFiles('two', { [PROMPT]: '2' }))
    const saved = join(repo.tempDir(), 'env')
    const hook = `env -0 > ${saved}; touch ${saved}.ready; while [ ! -e ${saved}.done ]; do sleep 0.02; done`
    writeFileSync(join(bare, 'hooks/pre-receive'), `#!/bin/sh\n${hook}\n`, { mode: 0o755 })
    const push = execFileAsync('git', ['push', '-q', bare, 'main'], repo)
    while (!existsSync(`${saved}.ready`)) await new Promise((resolve) => setTimeout(resolve, 10))
    const env = Object.fromEntries(readNul(saved).map((line) => line.split(/=(.*)/s).slice(0, 2)))
    expect(env['GIT_QUARANTINE_PATH']).toBeDefined()
    const repository = await openNative(bare, { env })
    const entries = await repository.entriesAt(tip, [PROMPT])
    expect(entries[0]?.blob).toBe(repository.blobId(bytes('2')))
    expect(await collectHistory(repository, { tip, paths: [] })).toHaveLength(2)
    await repository.close()
    writeFileSync(`${saved}.done`, '')
    await push
  })
})

const readNul = (file: string): string[] => execFileSync('cat', [file]).toString().split('\0').slice(0, -1)

async function execFileAsync(command: string, args: readonly string[], repo: TestRepo): Promise<void> {
  const { execFile } = await import('node:child_process')
  await new Promise<void>((resolve, reject) => {
    execFile(command, args, { cwd: repo.dir, env: { ...repo.env } }, (error) => (error ? reject(error) : resolve()))
  })
}

describe('a disk that says no [case 34]', () => {
  it.runIf(isRoot)('leaves the file whole when it is full, and works when there is room again', async (context) => {
    const repo = world.repo()
    const mount = repo.tempDir()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'ignore' })
    } catch {
      context.skip()
    }
    try {
      execFileSync('git', ['init', '-q', '-b', 'main', join(mount, 'repo')], { env: { ...repo.env } })
      const small = createRepo({ existing: join(mount, 'repo'), env: repo.env })
      small.git('config', 'user.name', 'Ada')
      small.git('config', 'user.email', 'ada@example.com')
      small.commitFiles('one', { [PROMPT]: '1' })
      const filler = join(mount, 'filler')
      for (const left of [0, 8192, 16384, 24576, 40960]) {
        fill(filler, left)
        const repository = await engine.open(small.dir, small.env)
        const attempt = await commitFiles(repository, { [PROMPT]: randomText(6000) }).catch((reason: unknown) => reason)
        await repository.close()
        execFileSync('rm', ['-f', filler])
        if (!(attempt instanceof Error)) continue
        expect(attempt).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/space|ENOSPC/i) })
        expectUntouched(small, '1', 'one')
        small.check()
      }
      const repository = await engine.open(small.dir, small.env)
      await commitFiles(repository, { [PROMPT]: 'room again' })
      await repository.close()
      expectUntouched(small, 'room again', 'publish(production): greet')
      small.check()
    } finally {
      execFileSync('umount', [mount])
    }
  })

  it('leaves everything as it was when a folder cannot be made', async () => {
    const repo = world.repo()
    repo.commitFiles('one', { [PROMPT]: '1', blocked: 'a file where a folder should be' })
    const repository = await world.open(repo)
    await expect(commitFiles(repository, { [PROMPT]: '2', 'blocked/x': 'y' })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expectUntouched(repo, '1', 'one')
    expect(readdirSync(join(repo.dir, 'prompts/production'))).toHaveLength(1)
  })
})

/** Fills the file system of `file` until about `left` bytes are free. */
function fill(file: string, left: number): void {
  execFileSync('sh', ['-c', `cat /dev/zero > '${file}' 2>/dev/null; truncate -s -${left} '${file}'; true`])
}

const randomText = (size: number): string =>
  Array.from({ length: size }, () => Math.random().toString(36).charAt(2)).join('')
