import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { HistoryCommit } from '../../src/registry/ports.js'
import { FIRST_COMMIT_AT, type TestRepo } from '../helpers/repo.js'
import { bytes, collectHistory, oid, type World } from './world.js'

/** `subject: +path -path`, newest first. */
const brief = (commits: readonly HistoryCommit[]): string[] =>
  commits.map(({ subject, changes }) => {
    const files = changes.map(({ path, blob }) => (blob === undefined ? `-${path}` : `+${path}`))
    return `${subject}: ${files.join(' ')}`
  })

export function describeHistory(world: World): void {
  describe('history', () => {
    it('lists the commits that changed a path, newest first, with blobs and authors', async () => {
      const repo = world.repo()
      const first = repo.commitFiles('add', { 'p/a': '1', 'p/b': '1', q: '1' })
      repo.commitFiles('elsewhere', { q: '2' })
      const tip = repo.commitFiles('change', { 'p/b': '2', 'p/a': '2' })
      const repository = await world.open(repo)
      expect(await collectHistory(repository, { tip: oid(tip), paths: ['p'] })).toEqual([
        {
          commit: tip,
          author: { name: 'Ada Lovelace', email: 'ada@example.com' },
          committedAt: FIRST_COMMIT_AT + 120,
          subject: 'change',
          changes: [
            { path: 'p/a', blob: repository.blobId(bytes('2')), mode: '100644' },
            { path: 'p/b', blob: repository.blobId(bytes('2')), mode: '100644' },
          ],
        },
        {
          commit: first,
          author: { name: 'Ada Lovelace', email: 'ada@example.com' },
          committedAt: FIRST_COMMIT_AT,
          subject: 'add',
          changes: [
            { path: 'p/a', blob: repository.blobId(bytes('1')), mode: '100644' },
            { path: 'p/b', blob: repository.blobId(bytes('1')), mode: '100644' },
          ],
        },
      ])
      const everything = await collectHistory(repository, { tip: oid(tip), paths: [] })
      expect(brief(everything)).toEqual(['change: +p/a +p/b', 'elsewhere: +q', 'add: +p/a +p/b +q'])
      expect(brief(await collectHistory(repository, { tip: oid(tip), paths: ['q'] }))).toEqual([
        'elsewhere: +q',
        'add: +q',
      ])
      expect(brief(await collectHistory(repository, { tip: oid(tip), paths: ['none'] }))).toEqual([])
    })

    it('finds the files of one name in every folder that there ever was', async () => {
      const repo = world.repo()
      const first = repo.commitFiles('add', {
        'r/[p]/a/x': '1',
        'r/[p]/x': '1',
        'r/[p]/a/y': '1',
        'r/q/a/x': '1',
        x: '1',
      })
      repo.commitFiles('deeper', { 'r/[p]/a/b/x': '1', 'r/[p]/a/xx': '1' })
      repo.commitFiles('another folder', { 'r/[p]/b c/x': '1', 'r/[p]/a/x': '2' })
      repo.git('rm', '-rq', 'r/[p]/b c')
      repo.commit('gone')
      repo.git('checkout', '-q', '-b', 'topic')
      repo.commitFiles('topic', { 'r/[p]/c/x': '1' })
      repo.git('checkout', '-q', 'main')
      repo.commitFiles('beside', { 'r/[p]/a/y': '2' })
      repo.git('merge', '-q', '--no-ff', '-m', 'merge topic', 'topic')
      const tip = oid(repo.git('rev-parse', 'HEAD'))
      const repository = await world.open(repo)
      const paths = { dir: 'r/[p]', name: 'x' }
      const all = await collectHistory(repository, { tip, paths })
      expect(brief(all)).toEqual([
        'merge topic: +r/[p]/c/x',
        'gone: -r/[p]/b c/x',
        'another folder: +r/[p]/a/x +r/[p]/b c/x',
        'add: +r/[p]/a/x',
      ])
      expect(await collectHistory(repository, { tip, after: oid(first), paths })).toEqual(all.slice(0, -1))
      expect(await collectHistory(repository, { tip, paths: { dir: 'none', name: 'x' } })).toEqual([])
    })

    it('stops before `after`', async () => {
      const repo = world.repo()
      const [first, second, third] = ['1', '2', '3'].map((n) => oid(repo.commitFiles(n, { a: n })))
      if (first === undefined || second === undefined || third === undefined) throw new Error('unreachable')
      const repository = await world.open(repo)
      expect(brief(await collectHistory(repository, { tip: third, after: first, paths: ['a'] }))).toEqual([
        '3: +a',
        '2: +a',
      ])
      expect(await collectHistory(repository, { tip: third, after: third, paths: [] })).toEqual([])
    })

    it('takes a merge for one commit that is compared with its first parent [case 11]', async () => {
      const repo = world.repo()
      repo.commitFiles('base', { a: '1', b: '1' })
      repo.git('checkout', '-q', '-b', 'topic')
      repo.commitFiles('topic 1', { a: '2' })
      repo.commitFiles('topic 2', { a: '3' })
      repo.git('checkout', '-q', 'main')
      repo.commitFiles('main 1', { b: '2' })
      repo.git('merge', '-q', '--no-ff', '-m', 'merge topic', 'topic')
      const tip = oid(repo.git('rev-parse', 'HEAD'))
      const repository = await world.open(repo)
      expect(brief(await collectHistory(repository, { tip, paths: ['a', 'b'] }))).toEqual([
        'merge topic: +a',
        'main 1: +b',
        'base: +a +b',
      ])
      expect(brief(await collectHistory(repository, { tip, paths: ['a'] }))).toEqual(['merge topic: +a', 'base: +a'])
    })

    it('shows deletions, returns, modes and changes of type, and no renames', async () => {
      const repo = world.repo()
      repo.commitFiles('add', { a: 'the same content\n' })
      repo.git('mv', 'a', 'b')
      repo.commit('rename')
      repo.git('update-index', '--chmod=+x', 'b')
      repo.git('commit', '-q', '-m', 'mode')
      repo.git('checkout', '-q', '--', 'b')
      rmSync(join(repo.dir, 'b'))
      symlinkSync('elsewhere', join(repo.dir, 'b'))
      repo.commit('link')
      rmSync(join(repo.dir, 'b'))
      repo.write('b/c', 'x')
      repo.commit('folder')
      const tip = oid(repo.commitFiles('back', { a: 'the same content\n' }))
      const repository = await world.open(repo)
      const commits = await collectHistory(repository, { tip, paths: ['a', 'b'] })
      expect(
        commits.map(({ subject, changes }) => [subject, changes.map(({ path, mode }) => `${path} ${mode}`)]),
      ).toEqual([
        ['back', ['a 100644']],
        ['folder', ['b 000000', 'b/c 100644']],
        ['link', ['b 120000']],
        ['mode', ['b 100755']],
        ['rename', ['a 000000', 'b 100644']],
        ['add', ['a 100644']],
      ])
    })

    it('survives odd paths, subjects and authors', async () => {
      const repo = world.repo()
      const odd = ['p/new\nline', 'p/:100644 100644', 'p/tab\t', 'p/"q"', 'p/é😀', 'p/ space ', 'p/\x01']
      for (const path of odd) repo.write(path, path)
      repo.commit('odd paths')
      const commits = [
        rawCommit(repo, 'A\xffB', 'subject \xfe\x1b]0;x\x07'),
        rawCommit(repo, 'Zoë', ''),
        rawCommit(repo, '', ':1 2'),
      ]
      const tip = oid(commits.at(-1) ?? '')
      const repository = await world.open(repo)
      const found = await collectHistory(repository, { tip, paths: [] })
      expect(found.at(-1)?.changes.map(({ path }) => path)).toEqual([...odd].sort(compareBytes))
      expect(found.slice(0, 3).map(({ author, subject }) => [author.name, subject])).toEqual([
        ['', ':1 2'],
        ['Zoë', ''],
        ['A\ufffdB', 'subject \ufffd\x1b]0;x\x07'],
      ])
    })

    it('passes over commits without files, and many of them', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      importCommits(repo, 3000)
      const tip = oid(repo.git('rev-parse', 'HEAD'))
      const repository = await world.open(repo)
      const commits = await collectHistory(repository, { tip, paths: ['p'] })
      expect(commits).toHaveLength(1500)
      expect(commits[0]?.changes).toEqual([{ path: 'p/f2', blob: repository.blobId(bytes('2998')), mode: '100644' }])
      const seen: string[] = []
      for await (const { subject } of repository.history({ tip, paths: [] })) {
        seen.push(subject)
        if (seen.length === 3) break
      }
      expect(seen).toEqual(['commit 2998', 'commit 2996', 'commit 2994'])
    })

    it('takes many paths', async () => {
      const repo = world.repo()
      const files = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`p/f${n}`, `${n}`]))
      repo.commitFiles('all', { ...files, other: 'x' })
      const tip = oid(repo.commitFiles('one', { 'p/f3': 'new', other: 'y' }))
      const repository = await world.open(repo)
      const commits = await collectHistory(repository, { tip, paths: Object.keys(files) })
      expect(commits.map(({ changes }) => changes.length)).toEqual([1, 700])
    })

    it('says unavailable when the tip is no commit', async () => {
      const repo = world.repo()
      repo.commitFiles('one', { a: '1' })
      const repository = await world.open(repo)
      const tip = oid('1234567890123456789012345678901234567890')
      await expect(collectHistory(repository, { tip, paths: [] })).rejects.toMatchObject({ code: 'unavailable' })
    })
  })

  describe('the first-parent chain', () => {
    it('knows what is on it, also when clocks were wrong', async () => {
      const { repository, ids } = await branchedHistory(world)
      const at = (name: string) => oid(ids.get(name) ?? '')
      for (const name of ['base', 'main 1', 'merge', 'tip']) {
        expect(await repository.isOnChain(at(name), at('tip')), name).toBe(true)
      }
      expect(await repository.isOnChain(at('topic'), at('tip'))).toBe(false)
      expect(await repository.isOnChain(at('tip'), at('merge'))).toBe(false)
      expect(await repository.isOnChain(oid('1234567890123456789012345678901234567890'), at('tip'))).toBe(false)
    })

    it('finds merge bases', async () => {
      const { repository, ids, repo } = await branchedHistory(world)
      const at = (name: string) => oid(ids.get(name) ?? '')
      expect(await repository.mergeBase(at('main 1'), at('topic'))).toBe(at('base'))
      expect(await repository.mergeBase(at('tip'), at('topic'))).toBe(at('topic'))
      repo.git('checkout', '-q', '--orphan', 'island')
      const island = oid(repo.commitFiles('island', { z: '1' }))
      expect(await repository.mergeBase(island, at('tip'))).toBeUndefined()
    })

    it('finds what was newest at a time', async () => {
      const repo = world.repo()
      const commits = ['1', '2', '3'].map((n) => oid(repo.commitFiles(n, { a: n })))
      const tip = commits[2] ?? oid('')
      const repository = await world.open(repo)
      expect(await repository.commitAt(tip, FIRST_COMMIT_AT - 1)).toBeUndefined()
      expect(await repository.commitAt(tip, 0)).toBeUndefined()
      expect(await repository.commitAt(tip, FIRST_COMMIT_AT)).toBe(commits[0])
      expect(await repository.commitAt(tip, FIRST_COMMIT_AT + 119.5)).toBe(commits[1])
      expect(await repository.commitAt(tip, FIRST_COMMIT_AT + 1e6)).toBe(tip)
    })
  })
}

/** base, main 1, and a merge of topic (off base), whose dates go backwards. */
async function branchedHistory(world: World) {
  const repo = world.repo()
  const ids = new Map<string, string>()
  ids.set('base', repo.commitFiles('base', { a: '1' }))
  repo.git('checkout', '-q', '-b', 'topic')
  ids.set('topic', repo.commitFiles('topic', { b: '1' }))
  repo.git('checkout', '-q', 'main')
  const date = '1000000000 +0000'
  repo.run(['commit', '-q', '--allow-empty', '-m', 'main 1'], {
    env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  })
  ids.set('main 1', repo.git('rev-parse', 'HEAD'))
  repo.git('merge', '-q', '--no-ff', '-m', 'merge', 'topic')
  ids.set('merge', repo.git('rev-parse', 'HEAD'))
  ids.set('tip', repo.commitFiles('tip', { a: '2' }))
  return { repo, ids, repository: await world.open(repo) }
}

/** A commit with bytes that git commit would not take; `name` and `subject` are one byte a character. */
function rawCommit(repo: TestRepo, name: string, subject: string): string {
  repo.write(`raw-${subject.length}-${name.length}`, 'x')
  repo.git('add', '-A')
  const parent = repo.git('rev-parse', 'HEAD')
  const person = `${name} <a@example.com> ${FIRST_COMMIT_AT + 999} +0000`
  const text = `tree ${repo.git('write-tree')}\nparent ${parent}\nauthor ${person}\ncommitter ${person}\n\n${subject}\n`
  const file = join(repo.tempDir(), 'commit')
  const isLatin = [...text].every((character) => character.charCodeAt(0) < 256 && character !== 'ë')
  writeFileSync(file, Buffer.from(text, isLatin ? 'latin1' : 'utf8'))
  const commit = repo.git('hash-object', '-t', 'commit', '-w', '--literally', file)
  repo.git('reset', '-q', '--hard', commit)
  return commit
}

/** `count` commits on main, fast: every second one changes a file below `p`, the others nothing. */
function importCommits(repo: TestRepo, count: number): void {
  const stream: string[] = [`reset refs/heads/main\nfrom ${repo.git('rev-parse', 'HEAD')}\n`]
  for (let n = 0; n < count; n += 1) {
    const person = `Ada Lovelace <ada@example.com> ${FIRST_COMMIT_AT + 60 * (n + 1)} +0000`
    const subject = `commit ${n}`
    stream.push(`commit refs/heads/main\ncommitter ${person}\ndata ${subject.length}\n${subject}\n`)
    if (n % 2 === 0) stream.push(`M 100644 inline p/f${n % 7}\ndata ${`${n}`.length}\n${n}\n`)
    stream.push('\n')
  }
  const result = repo.run(['fast-import', '--quiet', '--force'], { input: stream.join('') })
  if (result.status !== 0) throw new Error(result.stderr)
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
