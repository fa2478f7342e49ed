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

interface Heard {
  readonly id: string | undefined
  readonly event: string
  readonly data: LogEntry
}

/** Listens, and gives what was heard so far. */
async function hear(url: string, headers: Record<string, string> = {}): Promise<{ status: number; heard(): Heard[] }> {
  let text = ''
  const status = await new Promise<number>((done, fail) => {
    const request = get(url, { headers }, (response) => {
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more
      })
      response.on('error', () => undefined)
      done(response.statusCode ?? 0)
    }).on('error', fail)
    cuts.push(() => request.destroy())
  })
  const parse = (block: string): Heard => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    return { id: field('id'), event: field('event') ?? '', data: JSON.parse(field('data') ?? 'null') }
  }
  return {
    status,
    heard: () =>
      text
        .split('\n\n')
        .filter((block) => block.includes('data:'))
        .map(parse),
  }
}

async function serve(fixture: TestRegistry, options?: TestServerOptions) {
  const { app, server } = await openServer(fixture, options)
  const { url } = await listen(app, { host: '127.0.0.1', port: 0 })
  return { app, server, url: `${url}/api/v1/events` }
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
    const as = (token: string) => ({ authorization: `Bearer ${token}` })
    expect((await hear(url)).status).toBe(401)
    expect((await hear(url, as('none'))).status).toBe(403)
    expect((await hear(`${url}?environment=staging`, as('one'))).status).toBe(403)
    const { heard } = await hear(url, as('one'))
    fixture.edit(slug, 'Hi', 'Ho', 'development')
    fixture.commit('development alone')
    await server.source.refresh()
    await fixture.json('promote', slug, '--to', 'production')
    await server.source.refresh()
    await expect.poll(() => heard().map(({ data }) => data.environment)).toEqual(['production'])
  })

  it('ends when the server does', async () => {
    const { app, url } = await serve(createRegistry())
    expect((await hear(url)).status).toBe(200)
    await app.close()
  })
})
