import { chownSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { discoverPlain } from '../../src/git/native/discover.js'
import { scanIndex } from '../../src/git/native/index-scan.js'
import { locate } from '../../src/git/native/location.js'
import { openNative } from '../../src/git/native/open.js'
import type { ProcessEnv, TestRepo } from '../helpers/repo.js'
import { conflictingBranches } from './contract-reads.js'
import { createWorld } from './world.js'

const world = createWorld({ name: 'native', open: (dir, env) => openNative(dir, { env }) })
afterEach(() => world.end())

/** The suite's environment without the ceiling, as users have it. */
const unbounded = ({ env }: TestRepo): ProcessEnv => ({ ...env, GIT_CEILING_DIRECTORIES: undefined })

function start(): TestRepo {
  const repo = world.repo()
  repo.commitFiles('one', { 'sub/dir/file': 'x' })
  return repo
}

/** What git says about where it is. */
function askGit(repo: TestRepo, dir: string) {
  const ask = (flag: string) => {
    const { status, stdout } = repo.run(['rev-parse', '--path-format=absolute', flag], { cwd: dir })
    return status === 0 ? stdout.trim() : undefined
  }
  return { gitDir: ask('--absolute-git-dir'), commonDir: ask('--git-common-dir'), workTree: ask('--show-toplevel') }
}

describe('finding a repository without starting git', () => {
  it.each([
    ['the top', '.', true],
    ['a folder below', 'sub/dir', true],
    ['a symbolic link to it', '../link', true],
    ['a link into a folder of it', '../deep', true],
    ['a repository inside', 'inner/x', true],
    ['the git directory', '.git', false],
    ['a bare repository inside', 'bare.git', false],
    ['a folder of it', 'bare.git/refs', false],
    ['a linked work tree', '../linked', false],
  ])('answers as git does from %s', async (_, way, isPlain) => {
    const repo = start()
    repo.git('init', '-q', 'inner')
    mkdirSync(join(repo.dir, 'inner/x'))
    repo.git('init', '-q', '--bare', 'bare.git')
    repo.git('worktree', 'add', '-q', '../linked')
    symlinkSync(repo.dir, join(repo.dir, '../link'))
    symlinkSync(join(repo.dir, 'sub/dir'), join(repo.dir, '../deep'))
    const dir = join(repo.dir, way)
    const { gitDir, commonDir, workTree } = await locate(dir, unbounded(repo))
    expect({ gitDir, commonDir, workTree }).toEqual(askGit(repo, dir))
    expect(discoverPlain(dir, unbounded(repo)) !== undefined).toBe(isPlain)
  })

  it.each([
    ['core.worktree', '/tmp'],
    ['core.bare', 'true'],
    ['include.path', 'other'],
    ['extensions.worktreeConfig', 'true'],
    ['core.repositoryFormatVersion', '1'],
  ])('leaves %s to git', (key, value) => {
    const repo = start()
    expect(discoverPlain(repo.dir, unbounded(repo))).toEqual({ workTree: repo.dir, gitDir: join(repo.dir, '.git') })
    repo.git('config', key, value)
    expect(discoverPlain(repo.dir, unbounded(repo))).toBeUndefined()
  })

  it('leaves ceilings and foreign owners to git [case 27]', async () => {
    const repo = start()
    const sub = join(repo.dir, 'sub')
    expect(discoverPlain(sub, { ...repo.env, GIT_CEILING_DIRECTORIES: repo.dir })).toBeUndefined()
    await expect(locate(sub, { ...repo.env, GIT_CEILING_DIRECTORIES: repo.dir })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(discoverPlain(sub, unbounded(repo))).toBeDefined()
    if (process.getuid?.() !== 0) return
    chownSync(join(repo.dir, '.git'), 12345, 12345)
    expect(discoverPlain(sub, unbounded(repo))).toBeUndefined()
    chownSync(join(repo.dir, '.git'), 0, 0)
  })
})

describe('looking at the index without starting git', () => {
  const scan = (repo: TestRepo, idLength = 20) =>
    scanIndex(readFileSync(join(repo.dir, '.git/index')), idLength, ['a', 'sub/é', 'none', 'b', 'x'.repeat(300)])

  it('knows the paths and whether any is unmerged', () => {
    const repo = world.repo()
    conflictingBranches(repo.commitFiles.bind(repo), repo.git.bind(repo))
    repo.commitFiles('more', { 'sub/é': 'x', ['x'.repeat(200)]: 'y' })
    expect(scan(repo)).toEqual({ hasUnmerged: false, known: new Set(['a', 'b', 'sub/é']) })
    repo.run(['merge', 'other'])
    expect(scan(repo)?.hasUnmerged).toBe(true)
  })

  it('leaves to git what it does not read', () => {
    const repo = start()
    repo.git('update-index', '--index-version', '4')
    expect(scan(repo)).toBeUndefined()
    repo.git('update-index', '--index-version', '2')
    expect(scan(repo)).toBeDefined()
    repo.git('update-index', '--split-index')
    expect(scan(repo)).toBeUndefined()
    expect(scanIndex(Buffer.from('garbage'), 20, [])).toBeUndefined()
    const sha256 = world.repo({ objectFormat: 'sha256' })
    sha256.commitFiles('one', { a: '1', b: '2' })
    expect(scan(sha256, 32)?.known).toEqual(new Set(['a', 'b']))
  })
})
