import { createHmac } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCloned } from '../../src/open.js'
import { createTipReader, findFollowed, followRemote } from '../../src/registry/follow.js'
import { promptctl } from '../helpers/cli.js'
import { type Following, READER, serverEnv, startFollowing, TOKEN } from '../helpers/following.js'
import { createRegistry, expectFailure, tempDir } from '../helpers/registry.js'
import { createTeam, remoteHook, type Team } from '../helpers/team.js'

const CONFIG = `name: test
branch: main
environments: [development, staging, production]
webhooks: [{url: "https://example.com/hook", secret_env: PROMPTCTL_WEBHOOK_SECRET}]
`

/** A team with some prompts that are live in development, on the remote. */
function world(config?: string) {
  const team = createTeam(config)
  const slugs = ['One', 'Two', 'Three'].map((title) => team.ada.live(title, `${title} {{name}}\n`).slug)
  team.ada.repo.git('push', '-q', 'origin', 'main')
  return { team, slugs: slugs as [string, string, string] }
}

const own = (team: Team, more: Partial<Parameters<typeof startFollowing>[0]> = {}): Promise<Following> => {
  const root = tempDir()
  return startFollowing({ clone: team.origin, dir: join(root, 'clone.git'), env: serverEnv(root), ...more })
}

const EDIT = { environment: 'development', publish: true }

describe('two servers over one remote [case 68]', () => {
  it('see each other’s writes, and never lose a version', async () => {
    const { team, slugs } = world()
    const [a, b] = await Promise.all([own(team), own(team)])
    const [one] = slugs
    const made = await a.write('PUT', `/${one}`, { ...EDIT, template: 'A {{name}}\n' })
    expect(made).toMatchObject({ status: 200, body: { version: 3, action: 'published' } })
    expect(made.body).not.toHaveProperty('provisional')
    expect(team.tip()).toBe(made.body.commit)
    const before = await b.get<{ version: number }>(`/api/v1/prompts/${one}?environment=development`)
    expect(before.version).toBe(2)
    // B has not heard of it: it plans anew on what A pushed.
    const stale = { 'if-match': '"2-00"' }
    expect(await b.write('PUT', `/${one}`, { ...EDIT, template: 'B\n' }, stale)).toMatchObject({ status: 412 })
    expect(await b.write('PUT', `/${one}`, { ...EDIT, template: 'B\n', expect: 2 })).toMatchObject({ status: 409 })
    expect(team.tip()).toBe(made.body.commit)
    const good = { 'if-match': `"3-${made.body.commit?.slice(0, 32)}"` }
    const other = await b.write('PUT', `/${one}`, { ...EDIT, template: 'B {{name}}\n' }, good)
    expect(other).toMatchObject({ status: 200, body: { version: 4 } })
    expect(await b.get(`/api/v1/prompts/${one}?environment=development`)).toMatchObject({ version: 4 })
    // What another server made is known as soon as a write needs it.
    const fresh = await a.write('POST', '', { title: 'Fresh', template: 'x' })
    expect(await b.write('POST', `/${fresh.body.slug}/publish`, { environment: 'development' })).toMatchObject({
      status: 200,
      body: { version: 2 },
    })
    await a.write('PUT', `/${fresh.body.slug}`, { ...EDIT, template: 'y' })
    await a.write('PUT', `/${fresh.body.slug}`, { ...EDIT, template: 'z' })
    expect(await b.write('POST', `/${fresh.body.slug}/rollback/3`)).toMatchObject({ status: 200, body: { version: 5 } })
  })

  it('each acknowledged write is one version of the remote, beside a plain git push', async () => {
    const { team, slugs } = world()
    const servers = await Promise.all([own(team), own(team)])
    const writes = servers.flatMap((server, who) =>
      [0, 1, 2].flatMap((n) => [
        server.write('PUT', `/${slugs[0]}`, { ...EDIT, template: `same ${who} ${n}\n` }),
        server.write('PUT', `/${slugs[who + 1]}`, { ...EDIT, template: `own ${who} ${n}\n` }),
      ]),
    )
    const pushing = (async () => {
      for (let n = 0; n < 3; n += 1) {
        team.ada.repo.write(`notes-${n}`, 'beside')
        team.ada.commit(`plain ${n}`)
        for (let attempt = 0; attempt < 20; attempt += 1) {
          team.ada.repo.git('pull', '-q', '--rebase', 'origin', 'main')
          if (team.ada.repo.run(['push', '-q', 'origin', 'main']).status === 0) break
          await new Promise((done) => setTimeout(done, 50))
        }
      }
    })()
    const answers = await Promise.all(writes)
    await pushing
    expect(answers.map(({ status }) => status).filter((status) => ![200, 409, 412].includes(status))).toEqual([])
    const done = answers.filter(({ status }) => status === 200).map(({ body }) => body)
    expect(done.length).toBeGreaterThan(3)
    const reader = team.clone()
    const chain = reader.repo.git('rev-list', '--first-parent', 'origin/main').split('\n')
    expect(new Set(done.map(({ commit }) => commit)).size).toBe(done.length)
    for (const { slug, commit, version } of done) {
      expect(chain.filter((one) => one === commit)).toHaveLength(1)
      expect(await reader.json('show', `${slug}@${version}`)).toMatchObject({ commit })
    }
    for (const slug of slugs) {
      const versions = (await reader.log(slug)).filter(({ version }) => version > 2)
      expect(versions.map(({ commit }) => commit).sort()).toEqual(
        done
          .filter((one) => one.slug === slug)
          .map(({ commit }) => commit)
          .sort(),
      )
    }
    expect(reader.repo.git('log', '--format=%s', '--grep=plain', 'origin/main').split('\n')).toHaveLength(3)
    reader.repo.check()
  })
})

describe('a remote that goes away [case 64]', () => {
  it('stops no reads, is told once, and leaves no write behind', async () => {
    const { team, slugs } = world()
    const root = tempDir()
    const place = { clone: team.origin, dir: join(root, 'clone.git'), env: serverEnv(root), poll: 100 }
    const server = await startFollowing(place)
    const gone = `${team.origin}.gone`
    const tip = team.tip()
    renameSync(team.origin, gone)
    await expect.poll(() => server.get('/readyz')).toMatchObject({ status: 'degraded', failing: ['fetch'] })
    const path = `/api/v1/prompts/${slugs[0]}?environment=development`
    expect(await server.get(path)).toMatchObject({ version: 2 })
    const refused = await server.write('PUT', `/${slugs[0]}`, { ...EDIT, template: 'x\n' })
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(JSON.stringify(refused.body)).not.toContain(root)
    expect(await server.get('/readyz')).toMatchObject({ commit: tip })
    await new Promise((done) => setTimeout(done, 1_200))
    expect(server.lines().filter(({ message }) => message === 'fetch failed')).toHaveLength(1)
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(
      /promptctl_failures_total\{part="fetch"\} [1-9]/,
    )
    await server.stop()

    const again = await startFollowing(place)
    expect(await again.get(path)).toMatchObject({ version: 2 })
    renameSync(gone, team.origin)
    await expect.poll(() => again.get('/readyz')).toMatchObject({ status: 'ready' })
    expect(await again.write('PUT', `/${slugs[0]}`, { ...EDIT, template: 'x\n' })).toMatchObject({ status: 200 })
  })

  it('or says no, is told, and leaves nothing', async () => {
    const { team, slugs } = world()
    const server = await own(team)
    const tip = team.tip()
    remoteHook(team.origin, 'pre-receive', 'echo protected >&2; exit 1')
    const refused = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(refused).toMatchObject({ status: 422, body: { code: 'rejected' } })
    expect(team.tip()).toBe(tip)
    expect(await server.get('/readyz')).toMatchObject({ commit: tip })
    remoteHook(team.origin, 'pre-receive', 'exit 0')
    const done = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(done).toMatchObject({ status: 200, body: { version: 3 } })
  })
})

describe('what is followed', () => {
  it('is asked for while a write of ours takes long, and waits for no lock that this process holds', async () => {
    const { team, slugs } = world()
    const root = tempDir()
    const place = { directory: join(root, 'clone.git'), base: root, env: serverEnv(root), now: Date.now }
    const registry = await openCloned(place, team.origin)
    const followed = await findFollowed(registry, 'main', true)
    const { exclusively, repository } = await registry.git()
    const before = team.tip()
    team.ada.edit(slugs[0], 'One', 'Uno')
    await team.ada.json('publish', slugs[0], '--push')
    await exclusively(() => followRemote(registry, followed))
    expect(await createTipReader(registry, followed)()).toBe(team.tip())
    expect(await repository.readRef('refs/heads/main')).toBe(before)
    await followRemote(registry, followed)
    expect(await repository.readRef('refs/heads/main')).toBe(team.tip())
    await registry.close()
  })

  it('comes with a poll, also when its history was rewritten, which is told', async () => {
    const { team, slugs } = world()
    const server = await own(team, { poll: 200 })
    team.ada.edit(slugs[0], 'One', 'Uno')
    await team.ada.json('publish', slugs[0])
    team.ada.repo.git('push', '-q', 'origin', 'main')
    const path = `/api/v1/prompts/${slugs[0]}?environment=development`
    await expect.poll(() => server.get(path)).toMatchObject({ version: 3 })
    team.ada.repo.git('reset', '-q', '--hard', 'HEAD~2')
    const forced = team.ada.commit('another history', '--allow-empty')
    team.ada.repo.git('push', '-q', '--force', 'origin', 'main')
    await expect.poll(() => server.get('/readyz')).toMatchObject({ commit: forced })
    await expect.poll(() => server.lines()).toContainEqual(expect.objectContaining({ code: 'renumbers' }))
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('promptctl_history_rewrites_total 1')
    expect(await server.write('PUT', `/${slugs[0]}`, { ...EDIT, template: 'x\n' })).toMatchObject({ status: 200 })
    expect(team.ada.repo.git('ls-remote', 'origin', 'main')).not.toContain(forced)
  })

  it('in a work tree is whichever is further, and nobody’s files are touched', async () => {
    const { team, slugs } = world()
    const bob = team.clone()
    const server = await startFollowing({ dir: bob.dir, env: bob.repo.env, poll: 200 })
    const path = `/api/v1/prompts/${slugs[0]}?environment=development`
    team.ada.edit(slugs[0], 'One', 'Uno')
    await team.ada.json('publish', slugs[0], '--push')
    await expect.poll(() => server.get(path)).toMatchObject({ version: 3 })
    expect(bob.repo.read(bob.file(slugs[0]))).toContain('One')
    const refused = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(refused).toMatchObject({ status: 501, body: { code: 'unsupported' } })
    bob.repo.git('merge', '-q', '--ff-only', 'origin/main')
    bob.edit(slugs[0], 'Uno', 'Eins')
    await bob.json('publish', slugs[0])
    await expect.poll(() => server.get(path)).toMatchObject({ version: 4, provisional: true })
  })

  it('in a work tree with --push gets the write, and so do the files', async () => {
    const { team, slugs } = world()
    const bob = team.clone()
    const server = await startFollowing({ dir: bob.dir, env: bob.repo.env, push: true })
    await team.ada.json('archive', slugs[1], '--push')
    const made = await server.write('PUT', `/${slugs[0]}`, { ...EDIT, template: 'Through {{name}}\n' })
    expect(made).toMatchObject({ status: 200, body: { version: 3 } })
    expect(team.tip()).toBe(made.body.commit)
    expect(bob.head()).toBe(made.body.commit)
    expect(bob.repo.read(bob.file(slugs[0]))).toContain('Through')
    expect(bob.repo.git('status', '--porcelain')).toBe('')
  })

  it('in a work tree that is elsewhere takes no writes, and says so when it has parted', async () => {
    const { team, slugs } = world()
    const bob = team.clone()
    const server = await startFollowing({ dir: bob.dir, env: bob.repo.env, push: true, poll: 200 })
    bob.repo.git('switch', '-q', '-c', 'topic')
    const refused = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(refused).toMatchObject({ status: 501, body: { code: 'unsupported' } })
    bob.repo.git('switch', '-q', 'main')
    bob.commit('only here', '--allow-empty')
    await team.ada.json('archive', slugs[1], '--push')
    await expect
      .poll(() => server.get('/readyz'))
      .toMatchObject({
        status: 'degraded',
        commit: team.tip(),
      })
    const parted = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(parted).toMatchObject({ status: 409, body: { code: 'conflict' } })
    bob.repo.git('rebase', '-q', 'origin/main')
    const done = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(done).toMatchObject({ status: 200 })
    expect(team.tip()).toBe(done.body.commit)
  })

  it('needs a remote', async () => {
    const registry = createRegistry()
    await expect(startFollowing({ dir: registry.dir, env: registry.repo.env, push: true })).rejects.toMatchObject({
      code: 'unsupported',
    })
  })
})

describe('POST /api/v1/refresh', () => {
  it('is for tokens that may write and for signed webhooks, and asks the remote at once', async () => {
    const { team, slugs } = world()
    const secret = 'between us'
    const server = await own(team, { refreshSecret: secret })
    const body = '{"ref":"refs/heads/main","after":"é"}'
    const sign = (key: string) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
    const call = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/api/v1/refresh`, { method: 'POST', headers, body })).status
    const json = { 'content-type': 'application/json' }
    expect(await call(json)).toBe(401)
    expect(await call({ ...json, 'x-hub-signature-256': sign('guess') })).toBe(401)
    expect(await call({ ...json, 'x-hub-signature-256': 'sha256=' })).toBe(401)
    expect(await call({ 'x-gitlab-token': 'guess' })).toBe(401)
    expect(await call({ authorization: `Bearer ${READER}` })).toBe(403)
    expect(await call({ authorization: `Bearer ${TOKEN}` })).toBe(200)
    expect((await fetch(`${server.url}/api/v1/refresh`)).status).toBe(405)
    team.ada.edit(slugs[0], 'One', 'Uno')
    await team.ada.json('publish', slugs[0], '--push')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await call({ ...form, 'x-hub-signature-256': sign(secret) })).toBe(200)
    expect(await server.get('/readyz')).toMatchObject({ commit: team.tip() })
    await team.ada.json('archive', slugs[0], '--push')
    expect(await Promise.all(Array.from({ length: 30 }, () => call({ 'x-gitlab-token': secret })))).toEqual(
      Array.from({ length: 30 }, () => 200),
    )
    expect(await server.get('/readyz')).toMatchObject({ commit: team.tip() })
  })
})

describe('an acknowledged write', () => {
  it.each([true, false])('is an event (pushed: %s)', async (isPushed) => {
    const { team, slugs } = world(CONFIG)
    const bob = team.clone()
    const env = { ...bob.repo.env, PROMPTCTL_WEBHOOK_SECRET: 'hush' }
    const server = await startFollowing({ dir: bob.dir, env, push: isPushed })
    const made = await server.write('POST', `/${slugs[0]}/archive`, { environment: 'development' })
    expect(made).toMatchObject({ status: 200, body: { version: 3 } })
    const deliveries = await promptctl({ ...bob.place(), env }, 'webhook', 'deliveries', '--json')
    expect(deliveries.json()).toMatchObject([{ about: expect.stringContaining(slugs[0]) }])
    expect(await server.write('POST', `/${slugs[1]}/publish`, { environment: 'development' })).toMatchObject({
      body: { changed: false },
    })
    expect((await promptctl({ ...bob.place(), env }, 'webhook', 'deliveries', '--json')).json()).toHaveLength(1)
  })
})

describe('the flags of serve', () => {
  it.each([
    ['--poll', 'soon'],
    ['--poll', '50ms'],
    ['--poll', '25h'],
    ['--clone', 'only-an-address'],
    ['--clone', 'a', 'b', 'c'],
  ])('refuse %s %s', async (...words) => {
    await expectFailure(createRegistry().place(), 2, 'usage', 'serve', ...words)
  })
})

describe('--clone', () => {
  it('makes a bare clone, uses it again, and nothing else', async () => {
    const { team } = world()
    const root = tempDir()
    const env = serverEnv(root)
    const open = async (url: string, name: string) => {
      const registry = await openCloned({ directory: join(root, name), base: root, env, now: Date.now }, url)
      await registry.close()
    }
    await open(team.origin, 'a')
    await open(`${team.origin}/`, 'a')
    await expect(open(`${team.origin}-other`, 'a')).rejects.toMatchObject({ code: 'conflict' })
    await expect(open(`${team.origin}-other`, 'b')).rejects.toMatchObject({ code: 'unavailable' })
    expect(existsSync(join(root, 'b'))).toBe(false)
    await expect(open('--upload-pack=x', 'b')).rejects.toMatchObject({ code: 'usage' })
    await expect(open(team.origin, '.')).rejects.toMatchObject({ code: 'conflict' })
    const secret = open('https://ci:sekret@127.0.0.1:1/x.git', 'c')
    await expect(secret).rejects.toMatchObject({ message: expect.not.stringContaining('sekret') })
  })
})
