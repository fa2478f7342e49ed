import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { createRegistry, ENGINES, type TestRegistry, tempDir } from '../helpers/registry.js'
import { openServer, type TestServer } from '../helpers/server.js'

const TOKENS = {
  all: ['read:*', 'write:*'],
  reader: ['read:*'],
  stager: ['read:development', 'write:staging'],
  blind: ['write:staging'],
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: ChangeRecord & { code?: string; detail?: string; hint?: string }
}

async function ask(
  { app }: TestServer,
  method: NonNullable<InjectOptions['method']>,
  url: string,
  { token = 'all', headers = {}, body = {} }: { token?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const response = await app.inject({
    method,
    url,
    headers: {
      host: '127.0.0.1:4180',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      ...headers,
    },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.statusCode, headers: response.headers, body: response.json() }
}

/** A registry with one prompt that is live in development and staging, and another draft in development. */
function world(engine: TestRegistry['repo']['env'] | 'native' | 'embedded' = 'native') {
  const registry = createRegistry({ engine: engine as 'native' })
  const { slug } = registry.seed('Greet', [
    { state: 'draft' },
    { template: 'One {{name}}\n' },
    { template: 'Two {{name}}\n' },
    { environment: 'staging', template: 'One {{name}}\n' },
    { state: 'draft', template: 'Three {{name}}\n' },
  ])
  return { registry, slug }
}

/** Each route: how it is asked, what it becomes, and a scope that is not enough. */
const ROUTES = [
  {
    name: 'create',
    method: 'POST',
    path: () => '',
    body: { title: 'New', template: 'Hi {{name}}' },
    environment: 'development',
    status: 201,
    action: 'created',
    version: 1,
  },
  {
    name: 'edit',
    method: 'PUT',
    path: (slug: string) => `/${slug}`,
    body: { environment: 'development', template: 'Hi {{name}}\n' },
    environment: 'development',
    status: 200,
    action: 'edited',
    version: 6,
  },
  {
    name: 'publish',
    method: 'POST',
    path: (slug: string) => `/${slug}/publish`,
    body: { environment: 'development' },
    environment: 'development',
    status: 200,
    action: 'published',
    version: 6,
  },
  {
    name: 'promote',
    method: 'POST',
    path: (slug: string) => `/${slug}/promote`,
    body: { to: 'staging' },
    environment: 'staging',
    status: 200,
    action: 'promoted',
    version: 6,
  },
  {
    name: 'archive',
    method: 'POST',
    path: (slug: string) => `/${slug}/archive`,
    body: { environment: 'staging' },
    environment: 'staging',
    status: 200,
    action: 'archived',
    version: 6,
  },
  {
    name: 'rollback',
    method: 'POST',
    path: (slug: string) => `/${slug}/rollback/2`,
    body: {},
    environment: 'development',
    status: 200,
    action: 'rolled_back',
    version: 6,
  },
] as const

describe.each(ROUTES)(
  'the route that does $name [case 63]',
  ({ method, path, body, environment, status, action, version }) => {
    const urlOf = (slug: string) => `/api/v1/templates${path(slug)}`

    it('refuses who has no token, a wrong one or too little, other types and other hosts, and changes nothing', async () => {
      const { registry, slug } = world()
      const server = await openServer(registry, { tokens: TOKENS })
      const url = urlOf(slug)
      const head = registry.head()
      expect(await ask(server, method, url, { token: '', body })).toMatchObject({
        status: 401,
        body: { code: 'unauthorized' },
      })
      expect(await ask(server, method, url, { token: 'nobody', body })).toMatchObject({ status: 401 })
      expect(await ask(server, method, url, { token: 'reader', body })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      })
      const other = environment === 'staging' ? 'reader' : 'stager'
      expect(await ask(server, method, url, { token: other, body })).toMatchObject({ status: 403 })
      for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
        expect(await ask(server, method, url, { headers: { 'content-type': type }, body })).toMatchObject({
          status: 415,
        })
      }
      const bare = await server.app.inject({ method, url, headers: { host: '127.0.0.1', authorization: 'Bearer all' } })
      expect(bare.statusCode).toBe(415)
      expect(await ask(server, method, url, { headers: { host: 'evil.example' }, body })).toMatchObject({ status: 403 })
      expect(await ask(server, method, url, { body: { ...body, nonsense: 1 } })).toMatchObject({ status: 400 })
      expect(await ask(server, method, url, { body: '{"__proto__": {"x": 1}}' })).toMatchObject({ status: 400 })
      expect(
        await ask(server, method, url, { body: `{"config": ${'['.repeat(5000)}${']'.repeat(5000)}}` }),
      ).toMatchObject({ status: 400 })
      expect(await ask(server, 'DELETE', url, { body })).toMatchObject({
        status: 405,
        headers: { allow: expect.stringContaining(method) },
      })
      expect(registry.head()).toBe(head)
      const open = await openServer(registry)
      expect(await ask(open, method, url, { token: '', body })).toMatchObject({ status: 401 })
      expect(registry.head()).toBe(head)
    })

    it('does it in the token’s name, and what is answered is served', async () => {
      const { registry, slug } = world()
      const server = await openServer(registry, { tokens: TOKENS })
      const answer = await ask(server, method, urlOf(slug), { body: { ...body, message: 'because' } })
      expect(answer).toMatchObject({ status, body: { environment, action, version, changed: true } })
      const made = answer.body.slug
      expect(answer.body.commit).toBe(registry.head())
      expect(answer.headers['etag']).toBe(`"${version}-${registry.head().slice(0, 32)}"`)
      expect(server.server.source.loaded?.tip).toBe(registry.head())
      expect(registry.repo.git('show', '-s', '--format=%an <%ae>|%b')).toMatch(
        /^t-all <t-all@tokens.promptctl.invalid>\|because/,
      )
      expect(registry.repo.git('status', '--porcelain')).toBe('')
      expect(await registry.json('lint')).toMatchObject({ errors: 0 })
      if (action === 'created')
        expect(answer.headers['location']).toBe(`/api/v1/templates/${made}?environment=development`)
      const shown = await registry.json('show', made, '--env', environment)
      if (action === 'published' || action === 'promoted') {
        expect(shown).toMatchObject({ published_by: 't-all <t-all@tokens.promptctl.invalid>' })
      }
    })

    if (status === 200) {
      it('compares If-Match, and `expect`, with the newest version there', async () => {
        const { registry, slug } = world()
        const server = await openServer(registry, { tokens: TOKENS })
        const head = registry.head()
        const [newest] = await registry.log(slug, '--env', environment)
        const tag = `"${newest?.version}-${newest?.commit.slice(0, 32)}"`
        const stale = { headers: { 'if-match': `"${newest?.version}-${'0'.repeat(32)}"` }, body }
        expect(await ask(server, method, urlOf(slug), stale)).toMatchObject({ status: 412, body: { code: 'conflict' } })
        expect(await ask(server, method, urlOf(slug), { body: { ...body, expect: 1 } })).toMatchObject({ status: 409 })
        expect(await ask(server, method, urlOf(slug), { headers: { 'if-match': ' ' }, body })).toMatchObject({
          status: 400,
        })
        expect(registry.head()).toBe(head)
        const good = { 'if-match': `"1-00", W/${tag}` }
        expect(
          await ask(server, method, urlOf(slug), { headers: good, body: { ...body, expect: newest?.version } }),
        ).toMatchObject({ status: 200 })
      })
    }
  },
)

describe('writes over HTTP', () => {
  it.each(ENGINES)('work in a bare clone, with nobody configured as committer (%s) [case 16]', async (engine) => {
    const { registry, slug } = world()
    const dir = join(tempDir(), 'bare.git')
    registry.repo.git('clone', '-q', '--bare', '.', dir)
    const place = createRegistry({ existing: dir, env: { PROMPTCTL_GIT: engine } })
    place.repo.git('config', 'user.useConfigOnly', 'true')
    const server = await openServer(place, { tokens: TOKENS, env: { PROMPTCTL_GIT: engine } })
    for (const { method, path, body, status, name } of ROUTES) {
      if (name === 'promote' || name === 'rollback') continue
      expect(await ask(server, method, `/api/v1/templates${path(slug)}`, { body })).toMatchObject({ status })
    }
    expect(place.repo.git('log', '-4', '--format=%an/%cn', 'main').split('\n')).toEqual(
      Array.from({ length: 4 }, () => 't-all/promptctl'),
    )
    expect(server.server.source.loaded?.tip).toBe(place.repo.git('rev-parse', 'main'))
    place.repo.check()
  })

  it('never publish what somebody edits in the work tree beside them, nor lie over it', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    registry.edit(slug, 'Three', 'Uncommitted')
    const head = registry.head()
    const url = `/api/v1/templates/${slug}`
    const body = { environment: 'development' }
    expect(await ask(server, 'POST', `${url}/publish`, { body })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
    expect(await ask(server, 'PUT', url, { body: { ...body, title: 'x' } })).toMatchObject({ status: 409 })
    expect(registry.head()).toBe(head)
    expect(await ask(server, 'POST', `${url}/promote`, { body: { to: 'staging' } })).toMatchObject({ status: 409 })
    expect(await ask(server, 'POST', '/api/v1/templates', { body: { title: 'Other', template: 'x' } })).toMatchObject({
      status: 201,
    })
    expect(registry.repo.read(registry.file(slug))).toContain('Uncommitted')
  })

  it('take a whole slug, a UUID or an alias, and nothing shorter', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const { id } = await registry.json<{ id: string }>('show', slug)
    const body = { environment: 'development', aliases: ['team/greet'] }
    expect(await ask(server, 'PUT', `/api/v1/templates/${id}`, { body })).toMatchObject({ status: 200 })
    const alias = await ask(server, 'POST', '/api/v1/templates/team%2Fgreet/publish', {
      body: { environment: 'development' },
    })
    expect(alias).toMatchObject({ status: 200, body: { slug, action: 'published' } })
    for (const name of [slug.slice(0, -2), '00000001', '..%2f..%2fetc', '%00', '__proto__', 'a'.repeat(300)]) {
      const answer = await ask(server, 'POST', `/api/v1/templates/${name}/publish`, {
        body: { environment: 'development' },
      })
      expect([400, 404], name).toContain(answer.status)
    }
  })

  it('say 200 and `changed: false` where nothing is to do', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const url = `/api/v1/templates/${slug}`
    expect(await ask(server, 'POST', `${url}/publish?environment=staging`)).toMatchObject({
      status: 200,
      body: { changed: false, version: 4, environment: 'staging' },
    })
    expect(await ask(server, 'PUT', url, { body: { environment: 'staging', publish: true } })).toMatchObject({
      body: { changed: false },
    })
    expect(await ask(server, 'PUT', url, { body: { environment: 'staging', title: 'x' } })).toMatchObject({
      status: 409,
      body: { code: 'illegal_transition' },
    })
  })

  it('name no environment by themselves: the token’s only one, else none', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const url = `/api/v1/templates/${slug}`
    expect(await ask(server, 'POST', `${url}/archive`)).toMatchObject({ status: 400, body: { code: 'usage' } })
    expect(await ask(server, 'POST', `${url}/archive`, { body: { environment: 'nowhere' } })).toMatchObject({
      status: 400,
    })
    expect(await ask(server, 'POST', `${url}/promote`, { body: { to: 'development' } })).toMatchObject({ status: 400 })
    expect(await ask(server, 'POST', `${url}/promote`, { token: 'blind', body: { to: 'staging' } })).toMatchObject({
      status: 403,
    })
    expect(await ask(server, 'POST', `${url}/rollback/4`, { token: 'stager' })).toMatchObject({
      status: 200,
      body: { changed: false },
    })
    expect(await ask(server, 'POST', `${url}/rollback/2`, { token: 'stager' })).toMatchObject({ status: 403 })
    expect(await ask(server, 'POST', `${url}/rollback/99`)).toMatchObject({ status: 404 })
    expect(await ask(server, 'POST', `${url}/archive`, { token: 'stager' })).toMatchObject({
      status: 200,
      body: { environment: 'staging' },
    })
  })

  it('make chat prompts, refuse what no file can hold, and take keys out with null', async () => {
    const { registry } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const messages = [{ role: 'system', content: 'Be {{tone}}' }, { placeholder: 'history' }]
    const made = await ask(server, 'POST', '/api/v1/templates', {
      body: { title: 'Chat', description: 'd', tags: ['a'], messages, model: { name: 'm' } },
    })
    expect(made).toMatchObject({ status: 201 })
    const url = `/api/v1/templates/${made.body.slug}?environment=development`
    expect(await registry.json('variables', made.body.slug)).toMatchObject([
      { name: 'tone', declared: true },
      { name: 'history' },
    ])
    expect(
      await ask(server, 'PUT', url, { body: { template: 'Text {{x}}', tags: null, variables: null } }),
    ).toMatchObject({ status: 200 })
    const shown = await registry.json<Record<string, unknown>>('show', made.body.slug)
    expect(shown).toMatchObject({ template: 'Text {{x}}', tags: [], model: { name: 'm' } })
    expect(shown).not.toHaveProperty('messages')
    for (const body of [
      { title: 'Both', template: 'x', messages },
      { title: 'Neither' },
      { title: ' ', template: 'x' },
      { title: 'Bad', template: '{{#open}}' },
      { title: 'Bad', messages: [{ role: 'system' }] },
      { title: 'Bad', messages: [{ role: 'system', content: [1] }] },
      { title: 'Bad', template: 'x', variables: { x: { pattern: 'a' } } },
      { title: 'Bad', template: 'x', aliases: ['..'] },
    ]) {
      const answer = await ask(server, 'POST', '/api/v1/templates', { body })
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 422 })
      expect(answer.body.code).toBe('invalid_prompt')
    }
    for (const body of [
      { title: 'T', template: 1 },
      { title: 'T', template: 'half \ud800' },
      { title: 'T', template: 'x', config: { '\\\udfff': 1 } },
      { title: 'T', template: 'x', message: 'a\0b' },
    ]) {
      const answer = await ask(server, 'POST', '/api/v1/templates', { body })
      expect([answer.status, answer.body.code], JSON.stringify(body)).toEqual([400, 'usage'])
    }
    const whole = { title: 'T', template: 'whole \ud83d\ude00, said \\ud800', message: 'why' }
    expect(await ask(server, 'POST', '/api/v1/templates', { body: whole })).toMatchObject({ status: 201 })
    const escaped = JSON.stringify({ title: 'T', template: '@' }).replace('@', '\\ud83d\\ude00')
    const headers = { authorization: 'Bearer all', 'content-type': 'application/json' }
    const sent = await server.app.inject({ method: 'POST', url: '/api/v1/templates', payload: escaped, headers })
    expect(sent.statusCode).toBe(201)
    const huge = { method: 'POST', url: '/api/v1/templates', headers } as const
    for (const number of ['1e999', '[-1e999]']) {
      const payload = `{"title": "T", "template": "x", "config": ${number}}`
      expect((await server.app.inject({ ...huge, payload })).statusCode, number).toBe(400)
    }
  })

  it('expect the ETag that the prompt was read with, or that the last write answered', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const url = `/api/v1/templates/${slug}?environment=staging`
    const tag = async () => {
      const read = await server.app.inject({ url, headers: { host: '127.0.0.1', authorization: 'Bearer all' } })
      return String(read.headers['etag'])
    }
    const first = await tag()
    const put = (match: string, title: string) =>
      ask(server, 'PUT', url, { headers: { 'if-match': match }, body: { title, publish: true } })
    const made = await put(first, 'Greeting')
    expect(made).toMatchObject({ status: 200 })
    expect(await put(first, 'Late')).toMatchObject({ status: 412 })
    expect(await put(String(made.headers['etag']), 'Next')).toMatchObject({ status: 200 })
    expect(await put(await tag(), 'Last')).toMatchObject({ status: 200 })
    expect(await put('*', 'Any')).toMatchObject({ status: 200 })
    expect(await put('"of somebody else"', 'Never')).toMatchObject({ status: 412 })
  })

  it('take the tag of what is live, and no tag of a list, of a part, or of a history that was rewritten', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const tagOf = async (url: string) => {
      const read = await server.app.inject({ url, headers: { host: '127.0.0.1', authorization: 'Bearer all' } })
      return String(read.headers['etag'])
    }
    const put = (match: string, environment: string, title: string) =>
      ask(server, 'PUT', `/api/v1/templates/${slug}`, {
        headers: { 'if-match': match },
        body: { environment, title, publish: true },
      })
    const live = await tagOf(`/api/v1/prompts/${slug}?environment=staging`)
    expect(await put(live.replace(/.{4}"$/, '"'), 'staging', 'Part')).toMatchObject({ status: 412 })
    expect(await put(live, 'staging', 'Live')).toMatchObject({ status: 200 })
    // A draft is newer than what is live there.
    const behind = await tagOf(`/api/v1/prompts/${slug}?environment=development`)
    expect(await put(behind, 'development', 'Behind')).toMatchObject({ status: 412 })
    const list = await tagOf('/api/v1/templates?environment=production')
    const promote = (headers: Record<string, string>) =>
      ask(server, 'POST', `/api/v1/templates/${slug}/promote`, { headers, body: { to: 'production' } })
    expect(await promote({ 'if-match': list })).toMatchObject({ status: 412 })
    const old = await Promise.all([
      tagOf(`/api/v1/templates/${slug}?environment=staging`),
      tagOf(`/api/v1/prompts/${slug}?environment=staging`),
    ])
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    registry.edit(slug, 'One', 'Another', 'staging')
    await registry.json('publish', slug, '--env', 'staging')
    await server.server.source.refresh()
    expect(await put(old.join(), 'staging', 'Late')).toMatchObject({ status: 412 })
    expect(await put('"6-abc"', 'staging', 'Made up')).toMatchObject({ status: 412 })
    expect(await registry.log(slug)).toHaveLength(6)
  })

  it('are one after the other, each a version of its own', async () => {
    const { registry, slug } = world()
    const server = await openServer(registry, { tokens: TOKENS })
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        ask(server, 'PUT', `/api/v1/templates/${slug}`, { body: { environment: 'development', template: `T${n}\n` } }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
    expect(answers.map(({ body }) => body.version)).toEqual([6, 7, 8, 9, 10, 11])
    const expecting = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        ask(server, 'PUT', `/api/v1/templates/${slug}`, {
          headers: { 'if-match': String(answers[5]?.headers['etag']) },
          body: { environment: 'development', template: `U${n}\n` },
        }),
      ),
    )
    expect(expecting.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
  })
})
