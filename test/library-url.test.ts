import { describe, expect, it } from 'vitest'
import { openRegistry, type PromptChange, type PromptctlError } from '../src/index.js'
import { type Answering, type Received, type Receiver, startReceiver } from './helpers/receiver.js'
import { createRegistry, type TestRegistry } from './helpers/registry.js'
import { openServer } from './helpers/server.js'

const codeOf = (action: Promise<unknown>) => action.catch((error: PromptctlError) => error.code)
const later = (ms: number) => new Promise((done) => setTimeout(done, ms))

const SLUG = 'greeting-00000001'
const DIGEST = `sha256:${'a'.repeat(64)}`

const recordOf = (template: string, more: object = {}) => ({
  id: '00000001-4e9d-4c6b-9a51-0d2f6c1b7e88',
  slug: SLUG,
  title: 'Greeting',
  description: null,
  tags: [],
  aliases: [],
  environment: 'production',
  version: 4,
  commit: 'c'.repeat(40),
  blob: 'b'.repeat(40),
  digest: DIGEST,
  resolved_digest: DIGEST,
  published_at: null,
  published_by: null,
  live_since: null,
  live_by: null,
  subject: null,
  model: null,
  tools: null,
  response_format: null,
  config: null,
  template,
  variables: [],
  declarations: {},
  partials: {},
  ...more,
})

const problem =
  (status: number, code: string): Answering =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ type: 'about:blank', title: code, status, detail: `It is ${code}`, code }))

/** 200 with an ETag of the template, or 304. */
const serving =
  (template: string): Answering =>
  (response, { headers }) => {
    const etag = `"${template}"`
    if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { 'content-type': 'application/json', etag }).end(JSON.stringify(recordOf(template)))
  }

/** The list of that prompt, and the prompt itself. */
const listing =
  (template: string, version: number): Answering =>
  (response, request, index) => {
    if (!request.path.startsWith('/api/v1/templates')) return serving(template)(response, request, index)
    const listed = { slug: SLUG, tags: [], live_version: version, live_since: null, live_by: null }
    response.writeHead(200).end(JSON.stringify({ templates: [listed], next_cursor: null }))
  }

/** A server whose answer can be changed while it runs. */
async function startServer(first: Answering) {
  let answering = first
  const receiver = await startReceiver((...args) => answering(...args))
  return {
    receiver,
    answer: (next: Answering) => {
      answering = next
    },
    open: (more: { token?: string; maxAgeMs?: number; timeoutMs?: number } = {}) =>
      openRegistry({ url: new URL('/', receiver.url).href, environment: 'production', ...more }),
  }
}

const about = ({ path, headers }: Received) => [path, headers['if-none-match'], headers.authorization]
const answers = ({ received }: Receiver) => received.map(about)

describe('a registry behind a URL', () => {
  it('asks once for many, compiles here, and answers from memory', async () => {
    const { receiver, open } = await startServer(serving('Hi {{name}}'))
    const registry = await open({ token: 'secret' })
    const [one, two] = await Promise.all([registry.get(SLUG), registry.get(SLUG)])
    expect(one).toBe(two)
    expect(one.compile({ name: 'Ada' })).toBe('Hi Ada')
    expect(await registry.compile(SLUG, { name: 'Bo' })).toBe('Hi Bo')
    expect(await codeOf(registry.compile(SLUG))).toBe('missing_variable')
    expect(answers(receiver)).toEqual([[`/api/v1/prompts/${SLUG}?environment=production`, undefined, 'Bearer secret']])
    await registry.close()
  })

  it('looks again in the background with the ETag, and swaps when there is another', async () => {
    const { receiver, answer, open } = await startServer(serving('Old'))
    const registry = await open({ maxAgeMs: 30 })
    const prompt = await registry.get(SLUG)
    await later(40)
    // What is known is there at once.
    expect(await registry.get(SLUG)).toBe(prompt)
    await receiver.waitFor(2)
    expect(answers(receiver)[1]?.[1]).toBe('"Old"')
    answer(serving('New'))
    await later(40)
    await expect.poll(() => registry.compile(SLUG)).toBe('New')
  })

  it.each([
    ['fails', problem(500, 'bug')],
    ['is overloaded', problem(429, 'unavailable')],
    ['is a proxy without a server', (response) => response.writeHead(502).end('<html>')],
    ['is behind an ingress that does not know it', (response) => response.writeHead(404).end('<html>not found')],
    ['is behind a firewall', (response) => response.writeHead(403).end('<html>Request blocked')],
    [
      'is behind a gateway with errors of its own',
      (response) => response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"not_found"}'),
    ],
    ['is behind another server', problem(404, 'no_route')],
    ['breaks off', (response) => response.destroy()],
    ['says nothing', () => undefined],
    ['says something else', (response) => response.writeHead(200).end('<html>sign in</html>')],
  ] as [string, Answering][])('goes on with the last good prompt while the server %s [case 64]', async (_, broken) => {
    const { receiver, answer, open } = await startServer(serving('Good'))
    const registry = await open({ maxAgeMs: 20, timeoutMs: 1000 })
    expect(await registry.compile(SLUG)).toBe('Good')
    answer(broken)
    for (let round = 0; round < 3; round++) {
      await later(30)
      expect(await registry.compile(SLUG)).toBe('Good')
    }
    expect(receiver.received.length).toBeGreaterThan(1)
    // A prompt that nobody knows cannot be made up.
    expect(await codeOf(registry.get('other-00000002'))).toMatch(/^(unavailable|invalid_prompt)$/)
    answer(serving('Better'))
    await later(150)
    await expect.poll(() => registry.compile(SLUG)).toBe('Better')
  })

  it('lets go of a prompt that is archived, and takes it back when it is there again [case 6]', async () => {
    const { answer, open } = await startServer(serving('Here'))
    const registry = await open({ maxAgeMs: 20 })
    await registry.get(SLUG)
    answer(problem(404, 'not_found'))
    await later(30)
    await expect.poll(() => codeOf(registry.get(SLUG))).toBe('not_found')
    answer(serving('Back'))
    await expect.poll(() => registry.compile(SLUG).catch(() => undefined)).toBe('Back')
  })

  it('waits for the look when nobody has asked for long', async () => {
    const { answer, open } = await startServer(serving('Here'))
    const registry = await open({ maxAgeMs: 10 })
    await registry.get(SLUG)
    answer(problem(404, 'not_found'))
    await later(100)
    expect(await codeOf(registry.get(SLUG))).toBe('not_found')
  })

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [400, 'usage'],
  ])('hands on what the server says of a request: %i %s [case 63]', async (status, code) => {
    const { open } = await startServer(problem(status, code))
    const registry = await open()
    const error = await registry.get(SLUG).catch((thrown: PromptctlError) => thrown)
    expect(error).toMatchObject({ name: 'PromptctlError', code, message: `It is ${code}` })
  })

  it('tells what it finds while it is watched', async () => {
    const { receiver, answer, open } = await startServer(listing('Old', 1))
    const registry = await open({ maxAgeMs: 20 })
    await registry.get(SLUG)
    const changes: PromptChange[] = []
    const errors: Error[] = []
    const stop = registry.watch((change) => changes.push(change), { onError: (error) => errors.push(error) })
    await receiver.waitFor(3)
    expect(changes).toEqual([])
    answer((response) => response.destroy())
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    answer(listing('New', 2))
    await expect.poll(() => changes).toEqual([{ environment: 'production', slugs: [SLUG] }])
    expect(await registry.compile(SLUG)).toBe('New')
    stop()
    const seen = receiver.received.length
    await later(100)
    expect(receiver.received.length - seen).toBeLessThan(2)
  })

  it('refuses what is no address, and names that are none, without asking [case 67]', async () => {
    const { receiver, open } = await startServer(serving('Hi'))
    const registry = await open()
    for (const name of ['../../etc/passwd', '%00', 'a\0b', '__proto__', `${SLUG}@1`, '']) {
      expect(await codeOf(registry.get(name)), name).toBe('usage')
    }
    expect(receiver.received).toEqual([])
    for (const url of ['nowhere', 'file:///etc/passwd', 'http://user:password@127.0.0.1/']) {
      expect(await codeOf(openRegistry({ url, environment: 'production' }))).toBe('usage')
    }
    const { url } = receiver
    expect(await codeOf((await openRegistry({ url })).get(SLUG))).toBe('usage')
  })

  it('never shows the token', async () => {
    const { answer, open } = await startServer(serving('Hi'))
    answer((response) => response.destroy())
    const error = await (await open({ token: 'very-secret' })).get(SLUG).catch((thrown: Error) => thrown)
    expect(JSON.stringify([error, String(error), Object(error).details])).not.toContain('very-secret')
  })
})

describe('a registry behind promptctl serve', () => {
  const serve = async (fixture: TestRegistry) => {
    const { app, server } = await openServer(fixture, { tokens: { reader: ['read:production'] } })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const registry = await openRegistry({ url, environment: 'production', token: 'reader', maxAgeMs: 20 })
    return { registry, server, url }
  }

  it('serves, revalidates and lets go', async () => {
    const fixture = createRegistry()
    const inner = fixture.live('Inner', 'for {{who}}', 'production')
    const outer = fixture.seed('Outer', [
      { environment: 'production', template: `Dear {{> ${inner.slug}}}`, more: { aliases: ['team/outer'] } },
    ])
    const { registry, server, url } = await serve(fixture)
    const prompt = await registry.get('team/outer')
    expect(prompt).toMatchObject({ slug: outer.slug, version: 1 })
    expect(prompt.compile({ who: 'Ada' })).toBe('Dear for Ada')
    expect(await registry.get(prompt.id)).toMatchObject({ slug: outer.slug })
    expect((await registry.list()).map(({ slug }) => slug)).toEqual([inner.slug, outer.slug])
    fixture.seed('More', [
      { environment: 'production', template: 'Live title' },
      { environment: 'production', state: 'draft', template: 'Draft' },
    ])
    await fixture.json('archive', outer.slug, '--env', 'production')
    await server.source.refresh()
    await later(30)
    await registry.get('team/outer').catch(() => undefined)
    await expect.poll(() => codeOf(registry.get('team/outer'))).toBe('not_found')
    expect((await registry.list()).map(({ title }) => title).sort()).toEqual(['Inner', 'More'])
    const stranger = await openRegistry({ url, environment: 'production', token: 'other' })
    expect(await codeOf(stranger.get(inner.slug))).toBe('unauthorized')
    expect(await codeOf(registry.get(inner.slug, { environment: 'staging' }))).toBe('forbidden')
  })

  it('tells of every prompt that changes, comes or goes, whoever has asked for it, by one short question a look', async () => {
    const fixture = createRegistry()
    const seed = (title: string, state: 'published' | 'draft' = 'published') =>
      fixture.seed(title, [{ environment: 'production', state, template: `${title} 1` }]).slug
    const [kept, changed, goes, comes] = [seed('Kept'), seed('Changed'), seed('Goes'), seed('Comes', 'draft')]
    const outer = fixture.seed('Outer', [{ environment: 'production', template: `In {{> ${changed}}}` }]).slug
    const { registry, server, url } = await serve(fixture)
    const prompts = await Promise.all([kept, outer].map((slug) => registry.get(slug)))
    const changes: (PromptChange & { readonly outer: unknown })[] = []
    registry.watch(async (change) => changes.push({ ...change, outer: await registry.compile(outer) }))
    const requests = async (status: number, route: string) => {
      const metrics = await (await fetch(`${url}/metrics`)).text()
      const labels = `method="GET",route="${route}",status="${status}"`
      return Number(new RegExp(`_count\\{${labels}\\} (\\d+)`).exec(metrics)?.[1] ?? 0)
    }
    const asked = async () =>
      (await requests(200, '/api/v1/prompts/:slug')) + (await requests(304, '/api/v1/prompts/:slug'))
    await expect.poll(() => requests(304, '/api/v1/templates')).toBeGreaterThan(2)
    const before = await asked()
    const looks = await requests(304, '/api/v1/templates')
    await expect.poll(() => requests(304, '/api/v1/templates')).toBeGreaterThan(looks + 2)
    expect([changes, await asked()]).toEqual([[], before])
    fixture.edit(changed, 'Changed 1', 'Changed 2', 'production')
    await fixture.json('publish', changed, comes, '--env', 'production')
    await fixture.json('archive', goes, '--env', 'production')
    await server.source.refresh()
    const slugs = [changed, goes, comes, outer].sort()
    await expect.poll(() => changes).toEqual([{ environment: 'production', slugs, outer: 'In Changed 2' }])
    expect(await registry.get(kept)).toBe(prompts[0])
    await registry.close()
  })
})
