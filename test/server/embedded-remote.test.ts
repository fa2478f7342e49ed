import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverEnv, startFollowing } from '../helpers/following.js'
import { type GitServer, serveGit } from '../helpers/git-server.js'
import { tempDir } from '../helpers/registry.js'
import { createTeam, remoteHook, type Team } from '../helpers/team.js'

const TOKEN = 'a-secret-token'

describe('a server without git, over https', () => {
  let team: Team
  let git: GitServer
  let slug: string

  beforeAll(async () => {
    team = createTeam()
    slug = team.ada.live('Greet', 'Hello {{name}}\n').slug
    team.ada.repo.git('push', '-q', 'origin', 'main')
    git = await serveGit(team.origin, TOKEN, team.ada.repo.env)
  })
  afterAll(() => git.close())

  it('clones bare, follows, writes and pushes, and keeps no password', async () => {
    const root = tempDir()
    const dir = join(root, 'clone.git')
    const env = serverEnv(root, { PROMPTCTL_GIT: 'embedded', PROMPTCTL_GIT_TOKEN: TOKEN })
    const url = git.url('origin.git').replace('://', '://ci:hunter2@')
    const server = await startFollowing({ clone: url, dir, env, poll: 200 })
    expect(readFileSync(join(dir, 'config'), 'utf8')).not.toContain('hunter2')
    const body = { environment: 'development', publish: true, template: 'Hi {{name}}\n' }
    const made = await server.write('PUT', `/${slug}`, body)
    expect(made).toMatchObject({ status: 200, body: { version: 3, action: 'published' } })
    expect(team.tip()).toBe(made.body.commit)
    team.ada.repo.git('pull', '-q', '--ff-only', 'origin', 'main')
    expect(team.ada.repo.git('show', '-s', '--format=%an|%cn')).toBe('ci|promptctl')
    await team.ada.json('archive', slug, '--push')
    const path = `/api/v1/templates/${slug}`
    await expect.poll(() => server.get(path)).toMatchObject({ state: 'archived', version: 4 })
    const again = { environment: 'development', restore: true }
    expect(await server.write('POST', `/${slug}/rollback/2`, again)).toMatchObject({
      status: 200,
      body: { version: 5 },
    })
    remoteHook(team.origin, 'pre-receive', 'exit 1')
    const tip = team.tip()
    expect(await server.write('POST', `/${slug}/archive`, again)).toMatchObject({ status: 400 })
    expect(await server.write('POST', `/${slug}/archive`, { environment: 'development' })).toMatchObject({
      status: 422,
    })
    expect(await server.get('/readyz')).toMatchObject({ commit: tip })
    team.ada.repo.git('--git-dir', team.origin, 'fsck', '--strict', '--full')
    team.ada.repo.git('--git-dir', dir, 'fsck', '--strict', '--full')
  })
})
