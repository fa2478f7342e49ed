import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pushed } from '../../src/registry/push.js'
import { type GitServer, serveGit } from '../helpers/git-server.js'
import type { Made, TestRegistry } from '../helpers/registry.js'
import { createRegistry, expectFailure } from '../helpers/registry.js'
import { createTeam, publishEdit, remoteHook, type Team } from '../helpers/team.js'

const TOKEN = 'a-secret-token'

describe('push without git', () => {
  let team: Team
  let server: GitServer
  let bob: TestRegistry
  let slug: string

  const run = (...argv: string[]) => bob.cli(...argv)

  beforeAll(async () => {
    team = createTeam()
    slug = (await team.ada.create('Greet')).slug
    await publishEdit(team.ada, slug, 'Hi')
    await team.ada.json('push')
    team.ada.repo.git('--git-dir', team.origin, 'repack', '-adq')
    server = await serveGit(team.origin, TOKEN, team.ada.repo.env)
    const clone = team.clone()
    clone.repo.git('remote', 'set-url', 'origin', server.url('origin.git'))
    bob = createRegistry({ engine: 'embedded', existing: clone.dir, env: { PROMPTCTL_GIT_TOKEN: TOKEN } })
  })
  afterAll(() => server.close())

  it('pushes over http with a token, and git finds nothing wrong', async () => {
    await publishEdit(bob, slug, 'Dear')
    expect(await bob.json<Pushed>('push')).toMatchObject({ pushed: 1, new: bob.head() })
    expect(team.tip()).toBe(bob.head())
    expect(bob.repo.git('rev-parse', 'refs/remotes/origin/main')).toBe(bob.head())
    expect(await bob.json('push')).toMatchObject({ pushed: 0 })
    team.ada.repo.git('--git-dir', team.origin, 'fsck', '--strict', '--full')
    bob.repo.check()
  })

  it('takes --push, and puts the files back when the remote says no', async () => {
    const record = await bob.json<Made>('rollback', slug, '--push')
    expect(team.tip()).toBe(record.commit)
    remoteHook(team.origin, 'pre-receive', 'echo protected >&2; exit 1')
    const before = bob.head()
    const error = await bob.fails(1, 'rejected', 'archive', slug, '--push')
    expect(error.details?.['output']).toContain('protected')
    expect([bob.head(), team.tip()]).toEqual([before, before])
    expect(bob.repo.git('status', '--porcelain')).toBe('')
    remoteHook(team.origin, 'pre-receive', 'exit 0')
  })

  it('fetches, and tells which prompt both sides changed [case 35]', async () => {
    team.ada.repo.git('pull', '-q', '--ff-only')
    await publishEdit(team.ada, slug, 'Salut')
    await team.ada.json('push')
    const behind = await bob.fails(6, 'unsupported', 'rollback', slug, '--push')
    expect(behind.message).toContain('Without git')
    await publishEdit(bob, slug, 'Servus')
    const error = await bob.fails(4, 'conflict', 'push')
    expect(error.message).toContain(`${slug} (here v5 in development`)
    expect(bob.repo.git('rev-parse', 'refs/remotes/origin/main')).toBe(team.tip())
    bob.repo.check()
  })

  it('says that a token is missing, and shows none', async () => {
    const place = bob.place({ env: { PROMPTCTL_GIT_TOKEN: '' } })
    const error = await expectFailure(place, 6, 'unavailable', 'push')
    expect(error.hint).toContain('PROMPTCTL_GIT_TOKEN')
    bob.repo.git('remote', 'set-url', 'origin', server.url('nowhere.git').replace('//', '//ada:word-of-mine@'))
    const result = await run('push', '--json')
    expect([result.exit, /word-of-mine|a-secret-token/.test(result.stderr)], result.stderr).toEqual([6, false])
  })

  it.each(['git@example.com:a/b.git', 'ssh://git@example.com/a.git', '/srv/a.git', 'http://example.com/a.git'])(
    'refuses %s by name',
    async (url) => {
      bob.repo.git('remote', 'set-url', 'origin', url)
      const error = await bob.fails(6, 'unsupported', 'push')
      expect(error.message).toContain('origin')
    },
  )
})
