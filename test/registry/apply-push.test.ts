import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { promptctl } from '../helpers/cli.js'
import type { Made } from '../helpers/registry.js'
import { createTeam, publishEdit, remoteHook, type Team } from '../helpers/team.js'

/** A prompt that was published three times in development, on the remote, and a clone of that. */
async function greeting(team: Team = createTeam()) {
  const { slug } = await team.ada.create('Greet')
  for (const text of ['Hi', 'Dear', 'Hello']) await publishEdit(team.ada, slug, text)
  await team.ada.json('push')
  return { ...team, slug, bob: team.clone() }
}

const FREE = 'name: test\nbranch: main\npromotion: free\n'
const withRule = (rule: string): string =>
  `${FREE.replace(rule.startsWith('promotion') ? /^promotion.*\n/m : /$/, '')}${rule}\n`

describe('--push', () => {
  it('commits and pushes, and the number is final', async () => {
    const { bob, slug, tip } = await greeting()
    const record = await bob.json<Made>('rollback', slug, '--push')
    expect(record).toMatchObject({ action: 'rolled_back', version: 5, commit: tip(), changed: true })
    expect(record).not.toHaveProperty('provisional')
    expect(bob.repo.git('status', '--porcelain', '-b')).toBe('## main...origin/main')
    const text = await bob.cli('rollback', slug, '--push')
    expect(text.stdout).toContain('pushed to origin/main')
  })

  it('publish, promote, archive and a whole environment push too', async () => {
    const { bob, slug, tip } = await greeting()
    bob.edit(slug, 'Hello', 'Bonjour')
    for (const words of [
      ['publish', slug],
      ['promote', slug, '--to', 'staging'],
      ['archive', slug, '--env', 'staging'],
    ]) {
      const { commit } = await bob.json<Made>(...words, '--push')
      expect(tip(), words.join(' ')).toBe(commit)
    }
    const [back] = await bob.json<Made[]>('rollback', '--env', 'staging', '--to', `${tip()}~1`, '--push')
    expect(back).toMatchObject({ slug, action: 'rolled_back', commit: tip() })
    bob.repo.check()
  })

  it('goes forward first, from fifty commits behind, with edits of other files, to a prompt that is new', async () => {
    const { ada, bob, slug, tip } = await greeting()
    const other = await ada.create('Other')
    await publishEdit(ada, other.slug, 'Dear')
    await publishEdit(ada, other.slug, 'Hi')
    for (let count = 0; count < 50; count += 1) ada.repo.git('commit', '-q', '--allow-empty', '-m', `${count}`)
    await ada.json('push')
    bob.edit(slug, 'Hello', 'Mine')
    bob.repo.write('staged.txt', 'staged')
    bob.repo.git('add', 'staged.txt')
    const record = await bob.json<Made>('rollback', 'other', '--push')
    expect(record).toMatchObject({ slug: other.slug, version: 4, commit: tip() })
    expect(bob.repo.git('rev-parse', 'HEAD~1')).toBe(ada.head())
    expect(bob.repo.git('status', '--porcelain').split('\n').sort()).toEqual(
      [` M ${bob.file(slug)}`, 'A  staged.txt'].sort(),
    )
  })

  it('takes the commits along that were not pushed', async () => {
    const { bob, slug, tip } = await greeting()
    const other = await bob.create('Other')
    await bob.json('rollback', slug, '--push')
    expect(tip()).toBe(bob.head())
    expect(bob.repo.git('log', '-1', '--format=%s', 'HEAD~1')).toBe(`new(development): ${other.slug}`)
    await publishEdit(bob, other.slug, 'Hi')
    expect(await bob.json('publish', other.slug, '--push')).toMatchObject({ changed: false })
    expect(tip()).toBe(bob.head())
  })

  it('plans anew when the tip moved, and both end on the remote [case 35]', async () => {
    const { ada, bob, slug, tip, origin } = await greeting()
    const other = await ada.create('Other')
    await publishEdit(ada, other.slug, 'Hi')
    // The other side's push comes when this one is about to: after the fetch, before the remote looks.
    bob.repo.hook('pre-push', `git -C ${ada.dir} push -q origin main`)
    const record = await bob.json<Made>('rollback', slug, '--push')
    expect(record).toMatchObject({ version: 5, commit: tip() })
    expect(bob.repo.git('rev-parse', 'HEAD~1')).toBe(ada.head())
    expect(bob.repo.git('status', '--porcelain')).toBe('')
    expect(origin).not.toBe('')
    bob.repo.check()
  })

  it('is a conflict when the same prompt moved, and the edit is as it was [case 35]', async () => {
    const { ada, bob, slug, tip } = await greeting()
    await publishEdit(ada, slug, 'Dear')
    bob.repo.hook('pre-push', `git -C ${ada.dir} push -q origin main`)
    const error = await bob.fails(4, 'conflict', 'rollback', slug, '--push')
    expect(error.message).toContain(`${slug} got version 5 in development meanwhile`)
    expect(error.details).toMatchObject({ expected: 4, version: 5, commit: ada.head() })
    expect([tip(), bob.head()]).toEqual([ada.head(), ada.head()])
    expect(bob.repo.git('status', '--porcelain')).toBe('')
  })

  it('names both versions when an edit is in the way of the newer one, and keeps it', async () => {
    const { ada, bob, slug } = await greeting()
    await publishEdit(ada, slug, 'Dear')
    await ada.json('push')
    const before = bob.head()
    bob.edit(slug, 'Hello', 'Mine')
    const error = await bob.fails(4, 'conflict', 'publish', slug, '--push')
    expect(error.message).toContain(`${slug} got version 5 in development on origin/main`)
    expect(error.message).toContain('on top of version 4')
    expect(bob.head()).toBe(before)
    expect(bob.repo.read(bob.file(slug))).toContain('Mine')
  })

  it('takes the commit back when the remote says no', async () => {
    const { bob, slug, tip, origin } = await greeting()
    const before = bob.head()
    remoteHook(origin, 'pre-receive', 'echo protected >&2; exit 1')
    bob.edit(slug, 'Hello', 'Mine')
    bob.repo.git('add', '-A')
    bob.repo.write('notes.txt', 'beside')
    const [file, index] = [bob.repo.read(bob.file(slug)), bob.repo.git('ls-files', '-s')]
    const error = await bob.fails(1, 'rejected', 'publish', slug, '--push')
    expect(error.details?.['output']).toContain('protected')
    expect(error.message).toContain('taken back')
    expect([bob.head(), tip()]).toEqual([before, before])
    expect([bob.repo.read(bob.file(slug)), bob.repo.git('ls-files', '-s')]).toEqual([file, index])
    bob.repo.hook('pre-push', 'echo not on Fridays >&2; exit 1')
    const hook = await bob.fails(1, 'rejected', 'publish', slug, '--push')
    expect([hook.details?.['output'], hook.hint]).toEqual([expect.stringContaining('Fridays'), undefined])
    bob.repo.check()
  })

  it.each<[what: string, rule: string, exit: number, code: string, ...words: string[]]>([
    ['a gate', 'gates: {staging: {eval: required}}', 1, 'gate_failed', 'promote', '--to', 'staging'],
    [
      'the order',
      'promotion: ordered',
      4,
      'illegal_transition',
      'promote',
      '--to',
      'production',
      '--from',
      'development',
    ],
    ['strict promotion', 'promotion: strict', 4, 'illegal_transition', 'publish', '--env', 'staging'],
    ['another list', 'environments: [production]', 2, 'usage', 'archive', '--env', 'development'],
  ])('goes by %s that comes with the fetch', async (_, rule, exit, code, verb, ...flags) => {
    const { ada, bob, slug, tip } = await greeting(createTeam(FREE))
    ada.repo.write('promptctl.yaml', withRule(rule))
    ada.commit('a rule')
    await ada.json('push')
    if (verb === 'publish') {
      const text = bob.repo.read(bob.file(slug)).replace(': development', ': staging').replace('Hello', 'Mine')
      bob.repo.write(bob.file(slug, 'staging'), text)
    }
    await bob.fails(exit, code, verb, slug, ...flags, '--push')
    expect([tip(), bob.head()]).toEqual([ada.head(), ada.head()])
  })

  it('goes by a gate that comes while it pushes', async () => {
    const { ada, bob, slug, tip } = await greeting(createTeam(FREE))
    ada.repo.write('promptctl.yaml', withRule('gates: {staging: {eval: required}}'))
    ada.commit('a gate')
    bob.repo.hook('pre-push', `git -C ${ada.dir} push -q origin main`)
    await bob.fails(1, 'gate_failed', 'promote', slug, '--to', 'staging', '--push')
    expect([tip(), bob.head()]).toEqual([ada.head(), ada.head()])
    expect(bob.repo.git('status', '--porcelain')).toBe('')
  })

  it('changes nothing where the remote cannot be reached, or commits have parted', async () => {
    const { ada, bob, slug } = await greeting()
    await ada.create('Other')
    await ada.json('push')
    bob.repo.write('notes.md', 'mine')
    const before = bob.commit('mine')
    const parted = await bob.fails(4, 'conflict', 'rollback', slug, '--push')
    expect(parted.hint).toContain('promptctl push --rebase')
    bob.repo.git('remote', 'set-url', 'origin', '/nowhere/at/all')
    const error = await bob.fails(6, 'unavailable', 'rollback', slug, '--push')
    expect(error.hint).toContain('Nothing was changed')
    expect(bob.head()).toBe(before)
    expect(bob.repo.git('status', '--porcelain')).toBe('')
  })

  it('the push that broke off after the remote had taken it counts', async () => {
    const { bob, slug, tip, origin } = await greeting()
    // As when a connection ends too early: the remote moves its branch, and the answer never comes.
    remoteHook(origin, 'post-update', 'kill -9 $PPID')
    const record = await bob.json<Made>('rollback', slug, '--push')
    expect(tip()).toBe(record.commit)
    expect(bob.head()).toBe(record.commit)
  })

  it('plans on what is here in a dry run, and --stage makes nothing to push', async () => {
    const { bob, slug, tip } = await greeting()
    const before = tip()
    expect(await bob.json<ChangeRecord>('rollback', slug, '--push', '--dry-run')).toMatchObject({ version: null })
    expect([tip(), bob.head()]).toEqual([before, before])
    await bob.fails(2, 'usage', 'publish', slug, '--stage', '--push')
  })

  it('two processes at once: different prompts both arrive, the same one once [case 35]', async () => {
    const { ada, bob, slug, tip } = await greeting()
    const other = await ada.create('Other')
    await publishEdit(ada, other.slug, 'Hi')
    await publishEdit(ada, other.slug, 'Dear')
    await ada.json('push')
    const [first, second] = await Promise.all([
      promptctl(ada.place(), 'rollback', other.slug, '--push', '--json'),
      promptctl(bob.place(), 'rollback', slug, '--push', '--json'),
    ])
    expect([first.exit, second.exit], first.stderr + second.stderr).toEqual([0, 0])
    const log = ada.repo.git(
      '--git-dir',
      bob.repo.git('config', 'remote.origin.url'),
      'log',
      '--format=%s',
      '-2',
      'main',
    )
    expect(log.split('\n').sort()).toEqual(
      [`rollback(development): ${slug}`, `rollback(development): ${other.slug}`].sort(),
    )
    const both = await Promise.all([
      promptctl(ada.place(), 'rollback', slug, '1', '--restore', '--push', '--json'),
      promptctl(bob.place(), 'archive', slug, '--push', '--json'),
    ])
    expect(tip()).not.toBe('')
    for (const { exit, stderr } of both) expect([0, 4], stderr).toContain(exit)
  })
})
