import { get } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { LogEntry } from '../../src/registry/log.js'
import { listen } from '../../src/server/listen.js'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import { openServer, type TestServerOptions } from '../helpers/server.js'

const cuts: (() => void)[] = []
afterEach(() => {
  for (const cut of cuts.splice(0)) cut()
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

interface Heard {
  readonly id: string | undefined
  readonly event: string
  readonly data: LogEntry
}

/** Listens, and gives what was heard so far. */
async function hear(url: string, headers: Record<string, string> = {}) {
  let text = ''
  let isOver = false
  let cut = (): void => undefined
  const status = await new Promise<number>((done, fail) => {
    const request = get(url, { headers }, (response) => {
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more
      })
      response
        .on('error', () => undefined)
        .on('close', () => {
          isOver = true
        })
      done(response.statusCode ?? 0)
    }).on('error', fail)
    cut = () => void request.destroy()
    cuts.push(cut)
  })
  const parse = (block: string): Heard => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    return { id: field('id'), event: field('event') ?? '', data: JSON.parse(field('data') ?? 'null') }
  }
  return {
    status,
    cut,
    isOver: () => isOver,
    heard: (): Heard[] =>
      text
        .split('\n\n')
        .filter((block) => block.includes('data:'))
        .map(parse),
  }
}

async function serve(fixture: TestRegistry, options?: TestServerOptions) {
  const opened = await openServer(fixture, options)
  const { url } = await listen(opened.app, { host: '127.0.0.1', port: 0 })
  return { ...opened, url: `${url}/api/v1/events` }
}

describe('GET /api/v1/events', () => {
  it('tells of each version that arrives, and goes on after Last-Event-ID', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'staging')
    const { server, url } = await serve(fixture)
    const { status, heard } = await hear(url)
    expect(status).toBe(200)
    const start = fixture.head()
    await fixture.json('promote', slug, '--to', 'production')
    await server.source.refresh()
    await expect.poll(() => heard().length).toBe(1)
    expect(heard()[0]).toEqual({ id: fixture.head(), event: 'version', data: (await fixture.log(slug))[0] })
    // Two in one commit: the id comes with the last.
    fixture.edit(slug, 'Hi', 'Ho', 'staging')
    fixture.edit(slug, 'Hi', 'Ho', 'production')
    fixture.commit('both')
    await server.source.refresh()
    await expect.poll(() => heard().length).toBe(3)
    expect(
      heard()
        .slice(1)
        .map(({ id, data }) => [id, data.environment]),
    ).toEqual([
      [undefined, 'production'],
      [fixture.head(), 'staging'],
    ])
    const again = await hear(url, { 'last-event-id': start })
    await expect.poll(() => again.heard().length).toBe(3)
    expect(again.heard()).toEqual(heard())
    const lost = await hear(url, { 'last-event-id': '0'.repeat(40) })
    await expect.poll(() => lost.heard().map(({ event }) => event)).toEqual(['reset'])
  })

  it('tells what the token may read, alone', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'staging')
    const { server, url } = await serve(fixture, { tokens: { one: ['read:production'], none: ['write:production'] } })
    expect((await hear(url)).status).toBe(401)
    expect((await hear(url, bearer('none'))).status).toBe(403)
    expect((await hear(`${url}?environment=staging`, bearer('one'))).status).toBe(403)
    const { heard } = await hear(url, bearer('one'))
    fixture.edit(slug, 'Hi', 'Ho', 'development')
    fixture.commit('development alone')
    await server.source.refresh()
    await fixture.json('promote', slug, '--to', 'production')
    await server.source.refresh()
    await expect.poll(() => heard().map(({ data }) => data.environment)).toEqual(['production'])
  })

  it('ends for a token that was taken away or may read otherwise, and for no other', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'staging')
    const tokens = { gone: ['read:production'], less: ['read:*'], stays: ['read:production'] }
    const { server, setTokens, url } = await serve(fixture, { tokens })
    const [gone, less, stays] = await Promise.all(['gone', 'less', 'stays'].map((token) => hear(url, bearer(token))))
    setTokens({ less: ['read:staging'], stays: tokens.stays })
    await fixture.json('promote', slug, '--to', 'production')
    await server.source.refresh()
    await expect.poll(() => stays?.heard().length).toBe(1)
    await expect.poll(() => [gone?.isOver(), less?.isOver()]).toEqual([true, true])
    expect([gone?.heard(), less?.heard(), stays?.isOver()]).toEqual([[], [], false])
    // Also while nothing happens.
    setTokens({})
    await expect.poll(() => stays?.isOver()).toBe(true)
  })

  it('has a line in the log and is measured, whoever ends it', async () => {
    const fixture = createRegistry()
    const { app, lines, setTokens, url } = await serve(fixture, { tokens: { a: ['read:*'], b: ['read:*'] } })
    const route = '/api/v1/events'
    const logged = () => lines().filter((line) => line['route'] === route)
    const [a, b] = await Promise.all([hear(url, bearer('a')), hear(url, bearer('b'))])
    expect(logged()).toEqual([])
    a.cut()
    await expect.poll(logged).toMatchObject([{ route, status: 200, token: 't-a' }])
    setTokens({})
    await expect.poll(b.isOver).toBe(true)
    await expect.poll(logged).toMatchObject([{ token: 't-a' }, { token: 't-b' }])
    const metrics = (await app.inject('/metrics')).payload
    expect(metrics).toContain(
      `promptctl_http_request_duration_seconds_count{method="GET",route="${route}",status="200"} 2`,
    )
  })

  it('ends when the server does', async () => {
    const { app, url } = await serve(createRegistry())
    expect((await hear(url)).status).toBe(200)
    await app.close()
  })
})
