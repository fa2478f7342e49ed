import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DeliveredPrompt } from '../../src/core/delivered.js'
import type { Environment } from '../../src/core/slug.js'
import { openRegistry } from '../../src/open.js'
import { serve } from '../../src/server/serve.js'
import { promptctl } from '../helpers/cli.js'
import { type Following, startFollowing } from '../helpers/following.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'
import { createTeam } from '../helpers/team.js'

const start = (
  { dir, repo: { env } }: Pick<TestRegistry, 'dir' | 'repo'>,
  { tokens }: { readonly tokens?: string } = {},
): Promise<Following> =>
  startFollowing({
    dir,
    env,
    environment: 'production' as Environment,
    readTokens: tokens === undefined ? null : () => readTokens(tokens),
  })

const readTokens = async (file: string) => {
  const { readFileSync } = await import('node:fs')
  return { text: readFileSync(file, 'utf8'), file }
}

const versionAt = async (url: string, slug: string) =>
  ((await (await fetch(`${url}/api/v1/prompts/${slug}`)).json()) as DeliveredPrompt).version

describe('serve', () => {
  it('shows a commit by anyone, packed references too', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { url } = await start(fixture)
    expect(await versionAt(url, slug)).toBe(4)
    fixture.edit(slug, 'Hi', 'Ho', 'production')
    await fixture.json('publish', slug, '--env', 'production')
    await expect.poll(() => versionAt(url, slug), { interval: 20 }).toBe(5)
    fixture.repo.git('pack-refs', '--all')
    fixture.edit(slug, 'Ho', 'He', 'production')
    await fixture.json('publish', slug, '--env', 'production')
    fixture.repo.git('pack-refs', '--all')
    await expect.poll(() => versionAt(url, slug), { interval: 20 }).toBe(6)
  })

  it('answers wholly old or wholly new while it reloads under load [case 66]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Text 4', 'production')
    const { url } = await start(fixture)
    const seen = new Set<string>()
    let isOver = false
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const answer = await fetch(`${url}/api/v1/prompts/${slug}/compiled`, { method: 'POST' })
        const { version, compiled } = (await answer.json()) as { version: number; compiled: string }
        seen.add(`${answer.status} ${version} ${compiled}`)
      }
    }
    const asking = Array.from({ length: 8 }, ask)
    for (const version of [5, 6, 7]) {
      fixture.edit(slug, `Text ${version - 1}`, `Text ${version}`, 'production')
      await fixture.json('publish', slug, '--env', 'production')
      await expect.poll(() => versionAt(url, slug), { interval: 20 }).toBe(version)
    }
    isOver = true
    await Promise.all(asking)
    expect([...seen].sort()).toEqual(['200 4 Text 4', '200 5 Text 5', '200 6 Text 6', '200 7 Text 7'])
  })

  it('keeps a prompt that broke as it was, says so once, and moves the others on [case 65]', async () => {
    const fixture = createRegistry()
    const broken = fixture.live('Broken', 'Old', 'production').slug
    const fine = fixture.live('Fine', 'Old', 'production').slug
    const { url, lines } = await start(fixture)
    fixture.edit(broken, 'Old', 'New', 'production')
    fixture.commit('break the seal')
    fixture.edit(fine, 'Old', 'New', 'production')
    await fixture.json('publish', fine, '--env', 'production')
    await expect.poll(() => versionAt(url, fine), { interval: 20 }).toBe(5)
    expect(await versionAt(url, broken)).toBe(4)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('promptctl_invalid_prompts{environment="production"} 1')
    expect(metrics).toContain(`promptctl_snapshot_info{commit="${fixture.head()}"} 1`)
    await expect.poll(() => lines().filter(({ slug, level }) => slug === broken && level === 'warn').length).toBe(1)
  })

  it('goes on with what it has when a load fails, says so once, and recovers', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { url, lines } = await start(fixture)
    const ref = join(fixture.dir, '.git/refs/heads/main')
    renameSync(ref, `${ref}.aside`)
    writeFileSync(ref, 'no id\n')
    await expect
      .poll(async () => ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status, {
        timeout: 5_000,
      })
      .toBe('degraded')
    expect(await versionAt(url, slug)).toBe(4)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/promptctl_failures_total\{part="load"\} [1-9]/)
    rmSync(ref)
    renameSync(`${ref}.aside`, ref)
    await expect
      .poll(async () => ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status, {
        timeout: 5_000,
      })
      .toBe('ready')
    await expect
      .poll(() =>
        lines()
          .filter(({ part }) => part === 'load')
          .map(({ message }) => message),
      )
      .toEqual(['load failed', 'load works again'])
  })

  it('goes on reading when its repository is deleted, and calls that its own failure, not a missing prompt', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { url } = await start(fixture)
    renameSync(fixture.repo.dir, `${fixture.repo.dir}-away`)
    expect(await versionAt(url, slug)).toBe(4)
    const answer = await fetch(`${url}/api/v1/templates`)
    const text = await answer.text()
    expect([answer.status, JSON.parse(text)]).toMatchObject([503, { code: 'unavailable' }])
    expect(text).not.toContain(fixture.repo.dir)
    renameSync(`${fixture.repo.dir}-away`, fixture.repo.dir)
  })

  it('reports a history that was rewritten', async () => {
    const fixture = createRegistry()
    fixture.live('Greeting', 'Hi', 'production')
    const { lines } = await start(fixture)
    fixture.repo.git('reset', '-q', '--hard', 'HEAD~1')
    fixture.commit('another', '--allow-empty')
    await expect.poll(() => lines().some(({ code }) => code === 'renumbers')).toBe(true)
  })

  it('reports which numbers moved, also when that happened before it was started', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { lines } = await start(fixture)
    fixture.repo.git('reset', '-q', '--hard', 'HEAD~1')
    fixture.commit('another', '--allow-empty')
    const told = expect.objectContaining({ code: 'renumbers', moved: 1, numbers: [`${slug}@4`] })
    await expect.poll(lines).toContainEqual(told)
    const again = await start(fixture)
    await expect.poll(again.lines).toContainEqual(told)
  })

  it('follows the file of tokens, and keeps the old ones when that is wrong', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const file = join(tempDir(), 'tokens')
    const create = async (name: string) =>
      (
        await promptctl(fixture.place(), 'token', 'create', '--name', name, '--scope', 'read:production', '--json')
      ).json<{
        token: string
        line: string
      }>()
    const [a, b] = [await create('a'), await create('b')]
    writeFileSync(file, `# who may read\n\n${a.line}\n`)
    const { url, lines } = await start(fixture, { tokens: file })
    const ask = async (token: string) =>
      (await fetch(`${url}/api/v1/prompts/${slug}`, { headers: { authorization: `Bearer ${token}` } })).status
    expect([await ask(a.token), await ask(b.token)]).toEqual([200, 401])
    writeFileSync(file, `${b.line}\n`)
    await expect.poll(() => ask(b.token)).toBe(200)
    expect(await ask(a.token)).toBe(401)
    appendFileSync(file, `${a.token}\n`)
    await expect.poll(() => lines().some(({ part }) => part === 'tokens')).toBe(true)
    expect(await ask(b.token)).toBe(200)
    expect(JSON.stringify(lines())).not.toContain(a.token)
  })

  it('refuses to start for others without tokens, and with a wrong file [case 63]', async () => {
    const fixture = createRegistry()
    const run = (...words: string[]) => promptctl(fixture.place(), 'serve', '--port', '0', ...words)
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      expect((await run('--host', host)).stderr, host).toContain('needs tokens')
    }
    expect(await run('--tokens', 'nothing')).toMatchObject({ exit: 3 })
    fixture.repo.write('tokens', 'ci sha256:12 read:production\n')
    const wrong = await run('--tokens', join(fixture.dir, 'tokens'))
    expect(wrong.exit).toBe(1)
    expect(wrong.stderr).toContain('tokens:1 is not')
    expect(await run('--env', 'nowhere')).toMatchObject({ exit: 2 })
  })

  it('refuses a branch that is neither here nor at the remote, and takes one that the remote has', async () => {
    const { ada, clone } = createTeam()
    const bob = clone()
    ada.repo.git('push', '-q', 'origin', 'main:later')
    const run = (...words: string[]) => promptctl(bob.place(), 'serve', '--port', '0', ...words)
    for (const words of [[], ['--poll', '1s']]) {
      const { exit, stderr } = await run('--ref', 'typo', ...words)
      expect([exit, stderr.split('\n')[0]]).toEqual([3, 'error: There is no branch typo, here or at the remote'])
    }
    const { url } = await startFollowing({ dir: bob.dir, env: bob.repo.env, branch: 'later', poll: 1_000 })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  it('starts on a branch that has nothing yet, and is ready when it has', async () => {
    const fixture = createRegistry()
    fixture.repo.git('checkout', '-q', '--orphan', 'later')
    fixture.repo.write('promptctl.yaml', 'branch: later\nenvironments: [production]\n')
    const registry = await openRegistry({ directory: fixture.dir, env: fixture.repo.env, now: Date.now })
    const stopping = new AbortController()
    let url = ''
    const ended = serve(
      { host: '127.0.0.1', port: 0, environment: undefined, branch: 'later', allowedHosts: [], cors: [] },
      {
        registry,
        readTokens: undefined,
        signal: stopping.signal,
        now: Date.now,
        write: () => undefined,
        onListening: (at) => {
          url = at
        },
      },
    )
    try {
      await expect.poll(() => url).not.toBe('')
      expect((await fetch(`${url}/readyz`)).status).toBe(503)
      fixture.commit('first')
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200)
    } finally {
      stopping.abort()
      await ended
      await registry.close()
    }
  })
})
