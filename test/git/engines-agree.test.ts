import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openEmbedded } from '../../src/git/embedded/open.js'
import { openNative } from '../../src/git/native/open.js'
import type { FileStatus, Oid, Repository } from '../../src/registry/ports.js'
import { createRepo, type TestRepo } from '../helpers/repo.js'
import { collectHistory } from './world.js'

/** Both engines are asked the same about the same repository, and must say the same. */

const repos: TestRepo[] = []
afterEach(() => {
  for (const repo of repos.splice(0)) repo.remove()
})

/** The same numbers for the same seed, from 0 up to `below`. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function createRandom(seed: number): (below: number) => number {
  let state = BigInt(seed)
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn
    return Number((state >> 33n) % BigInt(below))
  }
}

/** `a/b` is sometimes a file and sometimes a folder; `a-b` sorts between them. */
const PATHS = ['a', 'a/b', 'a/b/c', 'a-b', 'a.b', 'prompts/x.yaml', 'prompts/dev/y.yaml', 'prompts/dev/é.yaml', 'z z']
const MODES = ['100644', '100644', '100755', '120000', '160000']

/** A fast-import stream: random changes on random parents, merges, deletions, dates out of order. */
function formatHistory(random: (below: number) => number, count: number): string {
  const lines: string[] = []
  for (let mark = 1; mark <= count; mark += 1) {
    const date = `${1_700_000_000 + mark * 10 - random(3) * 15} +0000`
    const message = ['subject\n\nbody', '', '  two\nlines\n\nbody', 'é', '\n\nlate subject'][random(5)] ?? ''
    lines.push('commit refs/heads/main', `mark :${mark}`, `author A Ü <a@x> ${date}`, `committer C <c@x> ${date}`)
    lines.push(`data ${Buffer.byteLength(message)}`, message)
    if (mark > 1) lines.push(`from :${mark - 1 - (random(4) === 0 ? random(Math.min(mark - 1, 3)) : 0)}`)
    if (mark > 3 && random(4) === 0) lines.push(`merge :${1 + random(mark - 2)}`)
    for (let change = random(3); change > 0; change -= 1) {
      const path = PATHS[random(PATHS.length)] ?? ''
      const mode = MODES[random(MODES.length)] ?? ''
      if (random(4) === 0) lines.push(`D "${path}"`)
      else if (mode === '160000') lines.push(`M ${mode} ${String(random(10)).repeat(39)}a "${path}"`)
      else lines.push(`M ${mode} inline "${path}"`, 'data 2', `${random(10)}x`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

async function openBoth(repo: TestRepo): Promise<readonly [Repository, Repository]> {
  return [await openNative(repo.dir, { env: repo.env }), await openEmbedded(repo.dir, { ...repo.env, PATH: '' })]
}

/** In no order, and one row for a file that is deleted in the index and untracked in the work tree. */
function merged(rows: readonly FileStatus[]): ReadonlyMap<string, FileStatus> {
  const files = new Map<string, FileStatus>()
  for (const row of rows) {
    const other = files.get(row.path)
    const staged = row.staged || other?.staged === true
    files.set(row.path, { path: row.path, staged, unstaged: row.unstaged || other?.unstaged === true })
  }
  return files
}

/** Asks both, and expects one answer. */
async function expectSame(both: readonly [Repository, Repository], ask: (repository: Repository) => Promise<unknown>) {
  const [native, embedded] = [await ask(both[0]), await ask(both[1])]
  expect(embedded).toEqual(native)
}

function makeRepo(seed: number, pack: 'loose' | 'packed'): { repo: TestRepo; commits: readonly Oid[] } {
  const repo = createRepo()
  repos.push(repo)
  const input = formatHistory(createRandom(seed), 60)
  const flags = pack === 'loose' ? ['-c', 'fastimport.unpackLimit=10000'] : ['-c', 'fastimport.unpackLimit=0']
  const { status, stderr } = repo.run([...flags, 'fast-import', '--quiet', '--force'], { input })
  if (status !== 0) throw new Error(stderr)
  if (pack === 'packed') repo.git('repack', '-adfq', '--depth=20')
  return { repo, commits: repo.git('rev-list', '--all').split('\n') as Oid[] }
}

describe('native and embedded agree', () => {
  it.each([1, 2, 3, 4].map((seed) => [seed, seed % 2 === 0 ? 'loose' : 'packed'] as const))(
    'on the random history %i, %s',
    async (seed, pack) => {
      const { repo, commits } = makeRepo(seed, pack)
      const both = await openBoth(repo)
      const random = createRandom(seed)
      const anyCommit = () => commits[random(commits.length)] as Oid
      const tip = repo.git('rev-parse', 'main') as Oid
      for (const paths of [[], ['prompts'], ['a'], ['a/b', 'z z'], ['prompts/dev/é.yaml', 'a-b'], ['none']]) {
        await expectSame(both, (repository) => collectHistory(repository, { tip, paths }))
      }
      const after = repo.git('rev-parse', 'main~5') as Oid
      await expectSame(both, (repository) => collectHistory(repository, { tip, after, paths: [] }))
      for (let round = 0; round < 8; round += 1) {
        const dir = ['', 'a', 'prompts', 'a/b'][random(4)] ?? ''
        const [one, other, seconds] = [anyCommit(), anyCommit(), 1_700_000_000 + random(700)]
        await expectSame(both, (repository) => repository.listTree(one, dir))
        await expectSame(both, (repository) => repository.entriesAt(one, PATHS))
        await expectSame(both, (repository) => repository.isOnChain(one, tip))
        await expectSame(both, (repository) => repository.commitAt(one, seconds))
        await expectSame(both, (repository) => repository.resolveCommit(`${one.slice(0, 6)}~2^{commit}`))
        const base = (await both[1].mergeBase(one, other)) ?? ''
        // Of several that are as good, each may choose its own.
        expect(repo.run(['merge-base', '--all', one, other]).stdout.split('\n')).toContain(base)
      }
      for (const repository of both) await repository.close()
    },
    20_000,
  )

  it('on the status of a work tree in which anything may have happened', async () => {
    const repo = createRepo()
    repos.push(repo)
    repo.write('.gitignore', '*.tmp\n/build/\n!keep.tmp\nnode_modules\n')
    repo.write('p/.gitignore', 'local\nsub/*.x\n**/deep\n[a-c]?.log\n\\#odd\n')
    for (const path of ['p/a', 'p/b', 'p/c', 'p/d', 'p/exec', 'p/dir/e', 'p/link-me/f', 'p/g', 'q', 'p/tracked.tmp']) {
      repo.write(path, `${path}\n`)
    }
    repo.git('add', '-f', '.')
    repo.commit('one')
    repo.write('p/a', 'changed')
    repo.git('rm', '-q', '--cached', 'p/b')
    rmSync(join(repo.dir, 'p/c'))
    repo.write('p/d', 'staged')
    repo.git('add', 'p/d')
    repo.write('p/d', 'and changed again')
    chmodSync(join(repo.dir, 'p/exec'), 0o755)
    rmSync(join(repo.dir, 'p/link-me'), { recursive: true })
    mkdirSync(join(repo.dir, 'elsewhere'))
    writeFileSync(join(repo.dir, 'elsewhere/f'), 'p/link-me/f\n')
    symlinkSync('../elsewhere', join(repo.dir, 'p/link-me'))
    rmSync(join(repo.dir, 'p/dir/e'))
    mkdirSync(join(repo.dir, 'p/dir/e'))
    for (const path of ['p/dir/e/new', 'p/intent', 'p/x.tmp', 'p/keep.tmp', 'p/local', 'p/sub/1.x', 'p/sub/2.y'])
      repo.write(path, 'n')
    for (const path of [
      'p/q/deep/1',
      'p/ab.log',
      'p/db.log',
      'p/#odd',
      'build/1',
      'p/build/1',
      'node_modules/1',
      'p/é',
    ])
      repo.write(path, 'n')
    repo.git('add', '-N', 'p/intent')
    const both = await openBoth(repo)
    for (const dir of ['', 'p', 'p/dir', 'p/a', 'none', 'q', 'p/link-me']) {
      await expectSame(both, async (repository) => merged(await repository.status(dir)))
      await expectSame(both, (repository) => repository.listIndex(dir))
    }
    for (const repository of both) await repository.close()
  })
})
