import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { openRegistry } from '../../src/open.js'
import { rememberPush } from '../../src/registry/notify.js'
import type { Oid } from '../../src/registry/ports.js'
import type { Pushed } from '../../src/registry/push.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry } from '../helpers/registry.js'
import { createTeam, publishEdit, remoteHook } from '../helpers/team.js'

describe('push', () => {
  it('pushes the shared branch and says what went', async () => {
    const { ada, tip } = createTeam()
    const old = ada.head()
    const { slug } = await ada.create('Greet')
    await publishEdit(ada, slug, 'Hi')
    const result = await ada.json<Pushed>('push')
    expect(result).toMatchObject({ remote: 'origin', branch: 'main', old, new: ada.head(), pushed: 2, rebased: false })
    expect(tip()).toBe(ada.head())
    expect((await ada.log(slug)).some((entry) => 'provisional' in entry)).toBe(false)
    expect(await ada.json('push')).toMatchObject({ pushed: 0, old: ada.head() })
  })

  it('makes the branch where the remote has none', async () => {
    const { ada, origin, tip } = createTeam()
    ada.repo.git('--git-dir', origin, 'update-ref', '-d', 'refs/heads/main')
    expect(await ada.json('push')).toMatchObject({ old: null, pushed: null, new: ada.head() })
    expect(tip()).toBe(ada.head())
  })

  it('names remote and branch in its hints, because git may know no upstream', async () => {
    const { ada, clone } = createTeam()
    ada.repo.git('branch', '-q', '--unset-upstream')
    const bob = clone()
    bob.commit('empty', '--allow-empty')
    bob.repo.git('push', '-q', 'origin', 'main')
    ada.repo.git('fetch', '-q', 'origin')
    const { stdout } = await ada.cli('push')
    const forward = /: (git pull .*) brings them/.exec(stdout)?.[1] ?? 'false'
    execFileSync('sh', ['-c', forward], { cwd: ada.dir, env: ada.repo.env, stdio: 'ignore' })
    expect(ada.head()).toBe(bob.head())
  })

  it('says how to put a file aside that git does not know', async () => {
    const { ada, clone } = createTeam()
    const bob = clone()
    ada.repo.write('notes.txt', 'theirs')
    ada.commit('notes')
    await ada.json('push')
    bob.commit('empty', '--allow-empty')
    bob.repo.write('notes.txt', 'mine')
    const { hint } = await bob.fails(4, 'conflict', 'push', '--rebase')
    expect(hint).toContain('(git stash -u)')
    expect(bob.repo.read('notes.txt')).toBe('mine')
  })

  it('changes nothing in a dry run', async () => {
    const { ada, tip } = createTeam()
    const before = tip()
    await ada.create('Greet')
    expect(await ada.json('push', '--dry-run')).toMatchObject({ pushed: 1, dry_run: true })
    expect(tip()).toBe(before)
  })

  it('refuses another branch, a detached HEAD, an unknown remote and none at all', async () => {
    const { ada } = createTeam()
    expect((await ada.fails(3, 'not_found', 'push', 'nowhere')).message).toContain('nowhere')
    ada.repo.git('switch', '-q', '-c', 'wording')
    const error = await ada.fails(2, 'usage', 'push')
    expect(error.hint).toContain('git switch main && git merge wording')
    ada.repo.git('switch', '-q', '--detach')
    await ada.fails(6, 'unsupported', 'push')
    await createRegistry().fails(6, 'unsupported', 'push')
  })

  it('says what the remote or a hook said [rejected]', async () => {
    const { ada, origin, tip } = createTeam()
    const before = tip()
    await ada.create('Greet')
    ada.repo.hook('pre-push', 'echo not on Fridays >&2; exit 1')
    const hook = await ada.fails(1, 'rejected', 'push')
    expect(hook.details?.['output']).toContain('not on Fridays')
    ada.repo.git('config', 'core.hooksPath', '/dev/null')
    remoteHook(origin, 'pre-receive', 'echo protected >&2; exit 1')
    const remote = await ada.fails(1, 'rejected', 'push')
    expect(remote.details?.['output']).toContain('protected')
    expect(tip()).toBe(before)
  })

  it('says when the remote cannot be reached, without a password', async () => {
    const { ada } = createTeam()
    ada.repo.git('remote', 'set-url', 'origin', 'http://ada:secret-word@127.0.0.1:9/x.git')
    await ada.create('Greet')
    const result = await ada.cli('push', '--json')
    expect([result.exit, result.stderr.includes('secret-word')], result.stderr).toEqual([6, false])
  })

  it('says that there is nothing to push where the remote is ahead', async () => {
    const { ada, clone } = createTeam()
    const bob = clone()
    await ada.create('Greet')
    await ada.json('push')
    expect(await bob.json('push')).toMatchObject({ pushed: 0 })
    bob.repo.git('fetch', '-q')
    expect(await bob.json('push')).toMatchObject({ pushed: 0, behind: true })
  })
})

describe('push from two clones', () => {
  it('different prompts both arrive, with --rebase [case 35]', async () => {
    const { ada, clone, tip } = createTeam()
    const a = await ada.create('First')
    const b = await ada.create('Second')
    await ada.json('push')
    const bob = clone()
    await publishEdit(ada, a.slug, 'Hi')
    await ada.json('push')
    const before = bob.repo.git('log', '-1', '--format=%an %ae %ad')
    await publishEdit(bob, b.slug, 'Dear', '-m', 'a reason')
    const message = bob.repo.git('log', '-1', '--format=%B%an %ae %ad')
    expect(before).not.toBe('')
    const error = await bob.fails(4, 'conflict', 'push')
    expect(error.hint).toContain('--rebase')
    expect(error.details?.['prompts']).toEqual([])
    bob.repo.write('notes.txt', 'mine')
    bob.repo.git('add', 'notes.txt')
    expect(await bob.json('push', '--rebase')).toMatchObject({ rebased: true, pushed: 1 })
    expect(tip()).toBe(bob.head())
    expect(bob.repo.git('log', '-1', '--format=%B%an %ae %ad')).toBe(message)
    expect(bob.repo.git('log', '--format=%s', '-2').split('\n')).toEqual([
      `publish(development): ${b.slug}`,
      `publish(development): ${a.slug}`,
    ])
    expect(bob.repo.git('status', '--porcelain')).toBe('A  notes.txt')
    bob.repo.check()
  })

  it('the same prompt is a conflict that names both versions, the commit intact [case 35]', async () => {
    const { ada, clone, tip } = createTeam()
    const { slug } = await ada.create('Greet')
    await ada.json('push')
    const bob = clone()
    await publishEdit(ada, slug, 'Hi')
    await ada.json('push')
    const theirs = ada.head()
    await publishEdit(bob, slug, 'Dear')
    const ours = bob.head()
    for (const flags of [[], ['--rebase']]) {
      const error = await bob.fails(4, 'conflict', 'push', ...flags)
      expect(error.hint).toContain('git pull --rebase origin main')
      expect(error.message).toContain(`${slug} (here v2 in development, ${ours.slice(0, 10)}, there v2 in development`)
      expect(error.details?.['prompts']).toEqual([
        {
          slug,
          ours: { version: 2, environment: 'development', commit: ours },
          theirs: { version: 2, environment: 'development', commit: theirs },
        },
      ])
    }
    expect([bob.head(), tip()]).toEqual([ours, theirs])
    expect(bob.repo.git('status', '--porcelain')).toBe('')
  })

  it('another file that both changed is a conflict of --rebase, and nothing has moved', async () => {
    const { ada, clone } = createTeam()
    const bob = clone()
    ada.repo.write('README.md', 'ada')
    ada.commit('readme')
    await ada.json('push')
    bob.repo.write('README.md', 'bob')
    const ours = bob.commit('readme')
    const error = await bob.fails(4, 'conflict', 'push', '--rebase')
    expect(error.message).toContain('README.md')
    expect(error.hint).toContain('git pull --rebase origin main')
    expect([bob.head(), bob.repo.read('README.md')]).toEqual([ours, 'bob'])
  })

  it('an edit in the way of --rebase is kept, and nothing has moved', async () => {
    const { ada, clone } = createTeam()
    const { slug } = await ada.create('Greet')
    await ada.json('push')
    const bob = clone()
    await publishEdit(ada, slug, 'Hi')
    await ada.json('push')
    const ours = bob.commit('empty', '--allow-empty')
    bob.edit(slug, 'Hello', 'Dear')
    const error = await bob.fails(4, 'conflict', 'push', '--rebase')
    expect(error.details?.['paths']).toEqual([bob.file(slug)])
    expect(error.hint).toContain('(git stash)')
    expect(bob.head()).toBe(ours)
    expect(bob.repo.read(bob.file(slug))).toContain('Dear')
    bob.repo.check()
  })
})

describe('push after a merge of the shared branch', () => {
  const merged = async () => {
    const team = createTeam()
    const { slug } = await team.ada.create('Greet')
    await team.ada.json('push')
    const bob = team.clone()
    for (const text of ['Hi', 'Dear', 'Hello', 'Hi']) await publishEdit(team.ada, slug, text)
    await team.ada.json('push')
    bob.repo.write('notes.md', 'unrelated')
    bob.commit('Unrelated')
    bob.repo.git('pull', '-q', '--no-rebase', '--no-edit')
    return { ...team, bob, slug }
  }

  it('is refused, and --rebase is a way out [case 15a]', async () => {
    const { bob, slug, tip } = await merged()
    const before = tip()
    const error = await bob.fails(4, 'renumbers', 'push')
    expect(error.hint).toContain('promptctl push --rebase')
    expect(tip()).toBe(before)
    expect(await bob.json('push', '--rebase')).toMatchObject({ rebased: true, pushed: 1, old: before })
    expect(bob.repo.git('log', '--format=%s', '-1')).toBe('Unrelated')
    expect(bob.repo.git('rev-parse', 'HEAD^1')).toBe(before)
    expect((await bob.log(slug)).map(({ version }) => version)).toEqual([5, 4, 3, 2, 1])
    bob.repo.check()
  })

  it('is refused, and the commands that the hint gives are a way out [case 15a]', async () => {
    const { bob, slug, tip } = await merged()
    const before = tip()
    const { hint = '' } = await bob.fails(4, 'renumbers', 'push')
    const commands = /turned round: (.*) && promptctl push/.exec(hint)?.[1] ?? 'false'
    execFileSync('sh', ['-c', commands], { cwd: bob.dir, env: { ...bob.repo.env, GIT_MERGE_AUTOEDIT: 'no' } })
    await bob.json('push')
    expect(bob.repo.git('rev-parse', `${tip()}^1`)).toBe(before)
    expect((await bob.log(slug)).map(({ version }) => version)).toEqual([5, 4, 3, 2, 1])
  })
})

/** Nobody listens on this port. */
const WEBHOOK = [
  'name: test',
  'branch: main',
  'webhooks:',
  '  - url: https://127.0.0.1:9/hook?token=query-word',
  '    secret_env: PROMPTCTL_WEBHOOK_SECRET',
  '',
].join('\n')
const SECRET = { PROMPTCTL_WEBHOOK_SECRET: 'a-secret-word', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

describe('push with webhooks', () => {
  it('without the secret succeeds and says that nothing is sent from here; --wait fails [case 41]', async () => {
    const { ada, tip } = createTeam(WEBHOOK)
    await ada.create('Greet')
    const waiting = await ada.fails(6, 'unavailable', 'push', '--wait')
    expect(waiting.message).toContain('PROMPTCTL_WEBHOOK_SECRET')
    expect(tip()).not.toBe(ada.head())
    const result = await ada.cli('push')
    expect([result.exit, result.stderr, tip()]).toEqual([0, '', ada.head()])
    expect(result.stdout).toContain('nothing is sent from here, because PROMPTCTL_WEBHOOK_SECRET is not set')
    expect(result.stdout).not.toContain('query-word')
  })

  it('--push of another command says beside its result that nothing is sent from here [case 41]', async () => {
    const { ada } = createTeam(WEBHOOK)
    const { slug } = await ada.create('Greet')
    for (const [more, place] of [
      [[], ada.place()],
      [['--json'], ada.place()],
      [['--json'], ada.place({ env: SECRET })],
    ] as const) {
      ada.edit(slug, 'Hello', 'Hello again, Hello')
      const { exit, stderr } = await promptctl(place, 'publish', slug, '--push', ...more)
      const note = 'nothing is sent from here, because PROMPTCTL_WEBHOOK_SECRET is not set\n'
      expect([exit, stderr]).toEqual([0, 'env' in place && place.env['PROMPTCTL_WEBHOOK_SECRET'] ? '' : note])
    }
  })

  it('makes an event of each version in the range, and --wait reports what came of it', async () => {
    const { ada } = createTeam(WEBHOOK)
    const { slug } = await ada.create('Greet')
    await publishEdit(ada, slug, 'Hi')
    const preview = await ada.json<Pushed>('push', '--dry-run')
    expect(preview).toMatchObject({ pushed: 2, events: 2, queued: 0 })
    const result = await promptctl(ada.place({ env: SECRET }), 'push', '--wait', '--json')
    expect(result.exit, result.stderr).toBe(0)
    const pushed = result.json<Pushed>()
    expect(pushed).toMatchObject({ pushed: 2, events: 2, queued: 2, missing_secrets: [] })
    expect(pushed.outcomes?.map(({ delivered }) => delivered)).toEqual([false, false])
    expect(result.stdout).not.toMatch(/query-word|a-secret-word/)
  })

  it('a push that was killed before its events were written is told by the next one [case 42]', async () => {
    const { ada } = createTeam(WEBHOOK)
    const old = ada.head() as Oid
    await ada.create('First')
    const tip = ada.head() as Oid
    const registry = await openRegistry({ directory: ada.dir, env: { ...ada.repo.env, ...SECRET }, now: Date.now })
    await rememberPush(registry, { ref: 'refs/heads/main', old, new: tip })
    await registry.close()
    ada.repo.git('push', '-q', 'origin', 'main')
    await ada.create('Second')
    const result = await promptctl(ada.place({ env: SECRET }), 'push', '--json')
    expect(result.json()).toMatchObject({ old: tip, pushed: 1, events: 2, queued: 2 })
    const again = await promptctl(ada.place({ env: SECRET }), 'push', '--json')
    expect(again.json()).toMatchObject({ pushed: 0, events: 0 })
  })
})
