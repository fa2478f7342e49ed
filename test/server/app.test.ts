import { METHODS } from 'node:http'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, PromptctlError } from '../../src/core/errors.js'
import { problemOf } from '../../src/server/problem.js'
import { STATUS } from '../../src/server/status.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'

describe('operations', () => {
  it('is ready when prompts are loaded, and not before nor while draining', async () => {
    const fixture = createRegistry()
    const { app, server } = await openServer(fixture, { load: false })
    const ready = async () => {
      const { statusCode, payload } = await app.inject('/readyz')
      return [statusCode, (JSON.parse(payload) as { status: string }).status]
    }
    expect(await ready()).toEqual([503, 'loading'])
    await server.source.refresh()
    expect(await ready()).toEqual([200, 'ready'])
    server.health.drain()
    expect(await ready()).toEqual([503, 'draining'])
    expect((await app.inject('/healthz')).statusCode).toBe(200)
  })

  it('measures requests, by route and never by address', async () => {
    const { app, text } = await openServer(createRegistry())
    await app.inject('/healthz?secret=1')
    await app.inject('/private-name')
    const metrics = (await app.inject('/metrics')).payload
    const labels = 'method="GET",route="/healthz",status="200"'
    expect(metrics).toContain('# TYPE promptctl_http_request_duration_seconds histogram')
    expect(metrics).toContain(`promptctl_http_request_duration_seconds_bucket{${labels},le="+Inf"} 1`)
    expect(metrics).toContain(`promptctl_http_request_duration_seconds_count{${labels}} 1`)
    expect(metrics).toContain('promptctl_failures_total{part="fetch"} 0')
    expect(metrics).toContain('promptctl_outbox_deliveries 0')
    expect(metrics).toContain('route="unknown",status="404"')
    expect(metrics + text()).not.toMatch(/secret|private-name/)
  })

  it('describes itself as OpenAPI', async () => {
    const { app } = await openServer(createRegistry())
    const document = JSON.parse((await app.inject('/openapi.json')).payload) as Record<string, unknown>
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'promptctl' } })
  })
})

describe('problems', () => {
  it.each(ERROR_CODES.map((code) => [code] as const))('%s is a problem document', (code) => {
    const problem = problemOf(new PromptctlError(code, 'It failed', { hint: 'Try again.', details: { a: 1 } }))
    expect(problem).toEqual({
      type: `urn:promptctl:error:${code}`,
      title: expect.stringMatching(/^[A-Z][a-z ]+$/),
      status: STATUS[code],
      detail: 'It failed',
      code,
      hint: 'Try again.',
      details: { a: 1 },
    })
  })

  it('a disk that fails is unavailable, and no bug', () => {
    const error = Object.assign(new Error("EIO: i/o error, read '/srv/prompts/a'"), { syscall: 'read', code: 'EIO' })
    expect(problemOf(error)).toMatchObject({ status: 503, code: 'unavailable', detail: "EIO: i/o error, read '…'" })
  })

  it('says 412 for a conflict under If-Match', () => {
    const problem = problemOf(new PromptctlError('conflict', 'It moved'), { isConditional: true })
    expect(problem).toMatchObject({ status: 412, code: 'conflict' })
  })

  it('tells nothing of a bug', () => {
    const problem = problemOf(new TypeError('cannot read /srv/secret of undefined'))
    expect(problem).toMatchObject({ status: 500, code: 'bug' })
    expect(JSON.stringify(problem)).not.toContain('secret')
  })

  it('shows no path of the server', () => {
    const text = 'The lock /srv/prompts/.git/index.lock is held'
    const error = new PromptctlError('unavailable', text, {
      hint: text,
      details: { path: '/srv/prompts/.git/x', n: 1 },
    })
    expect(JSON.stringify(problemOf(error))).not.toContain('/srv')
    expect(problemOf(error)).toMatchObject({ detail: 'The lock … is held', details: { path: '…', n: 1 } })
    const place = new PromptctlError('missing_variable', 'a (prompts/production/a-00000001.yaml:3:4)')
    expect(problemOf(place).detail).toBe('a (prompts/production/a-00000001.yaml:3:4)')
  })
})

describe('the app', () => {
  it('answers 405 with Allow, and 404', async () => {
    const { app } = await openServer(createRegistry())
    const wrong = await app.inject({ method: 'DELETE', url: '/healthz' })
    expect([wrong.statusCode, wrong.headers['allow'], wrong.headers['content-type']]).toEqual([
      405,
      'GET, HEAD',
      'application/problem+json',
    ])
    const trace = await app.inject({ method: 'TRACE' as 'GET', url: '/healthz' })
    expect([trace.statusCode, trace.headers['allow']]).toEqual([405, 'GET, HEAD'])
    for (const method of METHODS.filter((one) => !['GET', 'HEAD', 'CONNECT'].includes(one))) {
      const answer = await app.inject({ method: method as 'GET', url: '/api/v1/templates/a-00000001/versions' })
      expect([method, answer.statusCode, answer.headers['allow']]).toEqual([method, 405, 'GET, HEAD'])
    }
    const missing = await app.inject('/nothing')
    expect(missing.json()).toMatchObject({ status: 404, code: 'not_found' })
    expect(missing.headers['cache-control']).toBe('no-store')
    expect((await app.inject('/%zz')).json()).toMatchObject({ status: 400, code: 'usage' })
  })

  it('says in words what a query or a body is not', async () => {
    const { app } = await openServer(createRegistry())
    const ask = async (query: string) =>
      (await app.inject(`/api/v1/templates?${query}`)).json<{ detail: string }>().detail
    expect(await ask('tag=a&tag=b')).toBe('querystring/tag is there twice')
    expect(await ask('state=live')).toBe('querystring/state must be one of draft, published, archived, invalid')
    expect(await ask('limit=1000')).toBe('querystring/limit must be a number from 1 to 999')
    expect(await ask('stat=live')).toBe('querystring must NOT have additional properties: "stat"')
    const send = async (payload: string, type = 'application/json') => {
      const url = '/api/v1/prompts/a-00000001/compiled?environment=production'
      const answer = await app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } })
      return [answer.statusCode, answer.json<{ detail: string }>().detail]
    }
    expect(await send('a=b', 'application/x-www-form-urlencoded')).toEqual([
      415,
      'The body is to be JSON, with the content type application/json',
    ])
    expect(await send('{')).toEqual([400, expect.stringContaining('The body is not JSON')])
    expect(await send('{"__proto__":{}}')).toEqual([400, expect.stringContaining('__proto__')])
    expect(await send(`"${'a'.repeat(256 * 1024)}"`)).toEqual([413, 'The body is larger than 256 KiB'])
    expect(await send('null')).toEqual([400, 'body must be object'])
    // No body is none, also where a client names a type for it.
    expect(await send('')).toEqual([404, expect.stringContaining('is live')])
  })

  it('says when to come again while it cannot answer, and logs that seldom', async () => {
    const { app, lines } = await openServer(createRegistry(), { load: false })
    for (let round = 0; round < 5; round++) {
      const answer = await app.inject('/api/v1/templates')
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
    }
    expect(lines().filter(({ message }) => message !== undefined)).toMatchObject([
      { level: 'warn', message: 'a request could not be answered', code: 'unavailable' },
    ])
  })

  it('lets a token that may read nothing read nothing, and says so', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { app } = await openServer(fixture, { tokens: { blind: ['write:production'] } })
    const ask = async (path: string) => {
      const answer = await app.inject({ url: `/api/${path}`, headers: { authorization: 'Bearer blind' } })
      return answer.statusCode
    }
    for (const path of [
      'v1/templates',
      `v1/templates/${slug}`,
      `v1/templates/${slug}/versions`,
      `v1/templates/${slug}/versions/1`,
      `v1/prompts/${slug}`,
      `v1/prompts/${slug}?version=1`,
      'v1/events',
      'public/v2/prompts',
      `public/v2/prompts/${slug}`,
      `public/v2/prompts/${slug}?label=latest`,
      `public/v2/prompts/${slug}?version=1`,
    ]) {
      expect([path, await ask(path)]).toEqual([path, 403])
    }
  })

  it('refuses a strange Host [case 63]', async () => {
    const { app } = await openServer(createRegistry())
    const ask = async (host: string) => (await app.inject({ url: '/healthz', headers: { host } })).statusCode
    expect(await ask('evil.example')).toBe(403)
    expect(await ask('localhost.evil.example:80')).toBe(403)
    expect(await ask('LOCALHOST:4180')).toBe(200)
    expect(await ask('[::1]:4180')).toBe(200)
    expect(await ask('127.0.0.1')).toBe(200)
  })
})
