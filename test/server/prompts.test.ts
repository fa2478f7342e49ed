import { describe, expect, it } from 'vitest'
import type { DeliveredPrompt } from '../../src/core/delivered.js'
import type { Problem } from '../../src/server/problem.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'
import { createTeam } from '../helpers/team.js'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('GET /api/v1/prompts/{slug}', () => {
  it('is the record of what is live, by slug, UUID and alias', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { environment: 'production', template: 'Hi {{name}}', more: { aliases: ['team/greet'] } },
    ])
    const { app } = await openServer(fixture)
    const ask = async (name: string) => {
      const answer = await app.inject(`/api/v1/prompts/${encodeURIComponent(name)}?environment=production`)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      return answer.json<DeliveredPrompt>()
    }
    const record = await ask(slug)
    expect(record).toMatchObject({
      slug,
      environment: 'production',
      version: 1,
      commit: fixture.head(),
      template: 'Hi {{name}}',
      variables: [{ name: 'name', required: true }],
    })
    expect(await ask(record.id)).toEqual(record)
    expect(await ask('team/greet')).toEqual(record)
  })

  it('answers 304 without a body to who has it [case 60]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [{ environment: 'production', template: 'One' }])
    const { app, server } = await openServer(fixture, { environment: 'production' })
    const url = `/api/v1/prompts/${slug}`
    const first = await app.inject(url)
    const etag = String(first.headers['etag'])
    expect(etag).toMatch(/^"1-[0-9a-f]+"$/)
    expect(first.headers['cache-control']).toBe('no-cache')
    const ask = async (value: string) => {
      const { statusCode, payload, headers } = await app.inject({ url, headers: { 'if-none-match': value } })
      return [statusCode, payload.length > 0, headers['etag']]
    }
    for (const value of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      expect(await ask(value), value).toEqual([304, false, etag])
    }
    for (const value of ['"other"', '', etag.slice(1)]) expect(await ask(value), value).toEqual([200, true, etag])
    fixture.edit(slug, 'One', 'Two', 'production')
    await fixture.json('publish', slug, '--env', 'production')
    await server.source.refresh()
    const again = await app.inject({ url, headers: { 'if-none-match': etag } })
    expect([again.statusCode, again.json<DeliveredPrompt>().version]).toEqual([200, 2])
    expect(again.headers['etag']).not.toBe(etag)
  })

  it('delivers an older version: by commit for ever, by number to be asked again [case 60]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { environment: 'production', template: 'One' },
      { environment: 'production', template: 'Two' },
    ])
    const { app } = await openServer(fixture, { environment: 'production' })
    const byNumber = await app.inject(`/api/v1/prompts/${slug}?version=1`)
    const old = byNumber.json<DeliveredPrompt>()
    expect([old.version, old.template, byNumber.headers['cache-control']]).toEqual([1, 'One', 'no-cache'])
    const byCommit = await app.inject(`/api/v1/prompts/${slug}?version=${old.commit}`)
    expect(byCommit.json()).toEqual(old)
    expect(byCommit.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    const short = await app.inject(`/api/v1/prompts/${slug}?version=${old.commit?.slice(0, 8)}`)
    expect(short.headers['cache-control']).toBe('no-cache')
    const headers = { 'if-none-match': String(byNumber.headers['etag']) }
    expect((await app.inject({ url: `/api/v1/prompts/${slug}?version=1`, headers })).statusCode).toBe(304)
  })

  it('delivers by commit for ever what is final, and not what a plain push makes final later', async () => {
    const { ada } = createTeam()
    const { slug } = ada.seed('Greeting', [{ environment: 'production', template: 'One' }])
    const { app, server } = await openServer(ada, { environment: 'production' })
    const ask = async (version?: string) => {
      const answer = await app.inject(`/api/v1/prompts/${slug}${version === undefined ? '' : `?version=${version}`}`)
      return [answer.json<DeliveredPrompt>().provisional, answer.headers['cache-control']]
    }
    expect(await ask()).toEqual([true, 'no-cache'])
    expect(await ask(ada.head())).toEqual([true, 'no-cache'])
    ada.repo.git('push', '-q', 'origin', 'main')
    await server.source.refresh()
    expect(await ask()).toEqual([undefined, 'no-cache'])
    expect(await ask(ada.head())).toEqual([undefined, 'public, max-age=31536000, immutable'])
  })

  it('never delivers a draft, an archived or a broken version [case 63]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { environment: 'production', template: 'One' },
      { environment: 'production', state: 'draft', template: 'Two' },
      { environment: 'production', state: 'archived', template: 'Two' },
      { environment: 'production', text: (right) => right.replace('template:', 'template: [') },
      { environment: 'production', state: 'deleted' },
    ])
    const { app } = await openServer(fixture)
    const ask = async (query: string) => (await app.inject(`/api/v1/prompts/${slug}?${query}`)).statusCode
    expect(await ask('environment=production')).toBe(404)
    expect(await ask('environment=production&version=1')).toBe(200)
    for (const version of [2, 3, 4, 5, 6, 999]) expect(await ask(`version=${version}`), `${version}`).toBe(404)
    for (const version of ['0', '-1', '1e3', 'x', '1.5', '12345']) {
      expect(await ask(`version=${version}`), version).toBe(version === '12345' ? 404 : 400)
    }
  })

  it('finds the environment in the query, --env, or the token alone, and else says 400 [case 63]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const tokens = { one: ['read:production'], two: ['read:production', 'read:staging'], wide: ['read:*'] }
    const { app } = await openServer(fixture, { tokens })
    const ask = async (token: string, query = '') => {
      const answer = await app.inject({ url: `/api/v1/prompts/${slug}${query}`, headers: bearer(token) })
      return answer.statusCode === 200 ? answer.json<DeliveredPrompt>().environment : answer.statusCode
    }
    expect(await ask('one')).toBe('production')
    expect(await ask('two')).toBe(400)
    expect(await ask('wide')).toBe(400)
    expect(await ask('two', '?environment=staging')).toBe('staging')
    expect(await ask('one', '?environment=staging')).toBe(403)
    expect(await ask('wide', '?environment=nowhere')).toBe(400)
    expect(await ask('wide', '?env=staging')).toBe(400)
    const { app: withDefault } = await openServer(fixture, { environment: 'staging' })
    expect((await withDefault.inject(`/api/v1/prompts/${slug}`)).json()).toMatchObject({ environment: 'staging' })
    expect((await (await openServer(fixture)).app.inject(`/api/v1/prompts/${slug}`)).json()).toMatchObject({
      status: 400,
      code: 'usage',
    })
  })

  it('varies by token and by origin at once', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { app } = await openServer(fixture, { tokens: { one: ['read:production'] }, cors: ['https://a.example'] })
    const headers = { ...bearer('one'), origin: 'https://a.example' }
    const answer = await app.inject({ url: `/api/v1/prompts/${slug}`, headers })
    expect([answer.statusCode, answer.headers['vary']]).toEqual([200, 'Origin, Authorization'])
    expect(answer.headers['access-control-allow-origin']).toBe('https://a.example')
  })

  it('asks who it is [case 63]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { app, text } = await openServer(fixture, {
      tokens: { 'secret-a': ['read:production'], 'secret-b': ['read:staging'] },
    })
    const ask = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await app.inject({ url: `/api/v1/prompts/${slug}?environment=production`, headers })
      if (answer.statusCode === 401) expect(answer.headers['www-authenticate']).toContain('Bearer')
      return [answer.statusCode, answer.statusCode === 200 ? undefined : answer.json<Problem>().code]
    }
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
    expect(await ask()).toEqual([401, 'unauthorized'])
    expect(await ask('Bearer wrong')).toEqual([401, 'unauthorized'])
    expect(await ask('Bearer secret-b')).toEqual([403, 'forbidden'])
    expect(await ask('Bearer secret-a')).toEqual([200, undefined])
    expect(await ask('Bearer secret-a')).toEqual([200, undefined])
    expect(await ask(basic('pk-lf-anything:secret-a'))).toEqual([200, undefined])
    expect(await ask(basic('secret-a'))).toEqual([401, 'unauthorized'])
    expect(await ask(basic('secret-a:'))).toEqual([401, 'unauthorized'])
    expect(await ask('secret-a')).toEqual([401, 'unauthorized'])
    // The log names tokens by their names, `t-secret-a` here.
    expect(text().replaceAll('t-secret-', '')).not.toContain('secret')
    expect(text()).toContain('"token":"t-secret-a"')
  })

  it.each([
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '__proto__',
    'constructor',
    '%2e%2e',
    'a'.repeat(2000),
    '%zz',
    '-x',
    '%0d%0a',
  ])('refuses the name %s [case 67]', async (name) => {
    const { app } = await openServer(createRegistry(), { environment: 'production' })
    for (const url of [`/api/v1/prompts/${name}`, `/api/v1/prompts/${name}?version=1`]) {
      const { statusCode, payload } = await app.inject(url)
      expect([400, 404, 414], url).toContain(statusCode)
      expect(payload).toContain('"code":')
    }
  })

  it('says 503 until prompts are loaded', async () => {
    const { app } = await openServer(createRegistry(), { load: false, environment: 'production' })
    expect((await app.inject('/api/v1/prompts/x-00000001')).json()).toMatchObject({ status: 503, code: 'unavailable' })
  })
})

describe('POST /api/v1/prompts/{slug}/compiled', () => {
  it('fills in values', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
    const { app } = await openServer(fixture, { environment: 'production' })
    const answer = await app.inject({
      method: 'POST',
      url: `/api/v1/prompts/${slug}/compiled`,
      payload: { name: '{{secret}}' },
    })
    const record = (await app.inject(`/api/v1/prompts/${slug}`)).json<DeliveredPrompt>()
    const { environment, version, commit, digest, resolved_digest, variables } = record
    expect(answer.json()).toEqual({
      slug,
      environment,
      version,
      commit,
      digest,
      resolved_digest,
      compiled: 'Hi {{secret}}',
      variables,
    })
  })

  it('names every missing variable where it stands in the file, a partial’s too', async () => {
    const fixture = createRegistry()
    const tone = fixture.live('Tone', 'Be {{manner}}.', 'production').slug
    const { slug } = fixture.live('Greeting', `Hi {{name}}\nbye {{other}}\n{{> ${tone}}}`, 'production')
    const { app, text } = await openServer(fixture, { environment: 'production' })
    const ask = () =>
      app.inject({ method: 'POST', url: `/api/v1/prompts/${slug}/compiled`, payload: { name: 'my-value' } })
    for (const answer of [await ask(), await ask()]) {
      const problem = answer.json<
        Problem & { details: { variables: { name: string; file: string; line: number }[] } }
      >()
      expect([answer.statusCode, problem.code]).toEqual([422, 'missing_variable'])
      const lines = fixture.repo.read(fixture.file(slug, 'production')).split('\n')
      const line = lines.findIndex((one) => one.includes('{{other}}')) + 1
      const column = (lines[line - 1] ?? '').indexOf('{{other}}') + 1
      const file = `prompts/production/${slug}.yaml`
      expect(problem.details.variables[0]).toEqual({ name: 'other', file, line, column })
      expect(problem.details.variables[1]).toMatchObject({ name: 'manner', file: `prompts/production/${tone}.yaml` })
    }
    expect(text()).not.toMatch(/my-value|Hi |manner/)
  })

  it('refuses what are no values', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const { app, text } = await openServer(fixture, { environment: 'production' })
    const url = `/api/v1/prompts/${slug}/compiled`
    const post = async (payload: string, type?: string) => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const answer = await app.inject({ method: 'POST', url, payload, headers })
      return [answer.statusCode, answer.statusCode === 200 ? undefined : answer.json<Problem>().code]
    }
    expect((await app.inject({ method: 'POST', url })).statusCode).toBe(200)
    expect(await post('{}', 'application/json')).toEqual([200, undefined])
    expect(await post('[]', 'application/json')).toEqual([400, 'usage'])
    expect(await post('"text"', 'application/json')).toEqual([400, 'usage'])
    expect(await post('{"a": hidden-text', 'application/json')).toEqual([400, 'usage'])
    expect(await post('{"__proto__": {"a": 1}}', 'application/json')).toEqual([400, 'usage'])
    expect(await post('a=1', 'application/x-www-form-urlencoded')).toEqual([415, 'usage'])
    expect(await post('{}', 'text/plain')).toEqual([415, 'usage'])
    expect(await post('{}')).toEqual([415, 'usage'])
    expect(await post(JSON.stringify({ a: 'x'.repeat(300_000) }), 'application/json')).toEqual([413, 'usage'])
    const wrong = await app.inject({ method: 'PUT', url })
    expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, 'POST'])
    expect(text()).not.toContain('hidden-text')
  })

  it('stops at 1 MiB of output', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', '{{#a}}{{#a}}{{#a}}0123456789{{/a}}{{/a}}{{/a}}', 'production')
    const { app } = await openServer(fixture, { environment: 'production' })
    const payload = { a: Array.from({ length: 100 }, () => 1) }
    const answer = await app.inject({ method: 'POST', url: `/api/v1/prompts/${slug}/compiled`, payload })
    expect(answer.json()).toMatchObject({ status: 422, code: 'output_limit' })
  })
})
