import { Ajv2020 } from 'ajv/dist/2020.js'
import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { listen } from '../../src/server/listen.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer, type TestServer } from '../helpers/server.js'

interface Response {
  readonly headers?: Readonly<Record<string, object>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

interface Operation {
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly required: boolean }
  readonly responses: Readonly<Record<string, Response>>
}

interface Document {
  readonly security: Operation['security']
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const TOKENS = { all: ['read:*', 'write:*'], reader: ['read:*'] }
const SET = `providers: [echo]
tests:
  - {vars: {name: Ada}, assert: [{type: contains, value: Hello}, {type: assert-set, assert: [{type: contains, value: A}]}]}
  - {vars: {}, assert: [{type: word-count, value: {max: 80}}]}
`

const readDocument = async ({ app }: TestServer) => (await app.inject('/openapi.json')).json<Document>()

/** Objects of ours hold what is described and nothing else. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close)
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...closed, additionalProperties: false }
    : closed
}

const ajv = new Ajv2020({ strict: false, allErrors: true })

/** Asks, and holds the answer against the document; tells which description it was held against. */
function createAsk({ app }: TestServer, document: Document, seen: Set<string>) {
  return async (method: 'GET' | 'POST' | 'PUT', route: string, url: string, more: InjectOptions = {}) => {
    const headers = { host: '127.0.0.1', authorization: 'Bearer all', ...more.headers }
    const answer = await app.inject({ ...more, method, url, headers })
    const { responses } = document.paths[route]?.[method.toLowerCase()] ?? { responses: {} }
    const key = Object.hasOwn(responses, answer.statusCode) ? String(answer.statusCode) : 'default'
    const where = `${method} ${route} ${key}`
    seen.add(where)
    const { content, headers: described = {} } = responses[key] ?? {}
    const type = String(answer.headers['content-type'] ?? '').replace(/;.*/, '')
    expect([where, Object.keys(content ?? {})]).toEqual([where, type === '' ? [] : [type]])
    for (const name of ['etag', 'location', 'retry-after'].filter((one) => answer.headers[one] !== undefined)) {
      expect(
        Object.keys(described).map((one) => one.toLowerCase()),
        where,
      ).toContain(name)
    }
    const schema = content?.[type]?.schema
    if (schema !== undefined) {
      const validate = ajv.compile(close(schema) as object)
      validate(type.endsWith('json') ? answer.json() : answer.payload)
      expect([where, validate.errors]).toEqual([where, null])
    }
    return answer
  }
}

/** A prompt of each kind: with a partial, chat, with things that are empty, broken, a draft over what is live, deleted. */
function createWorld() {
  const registry = createRegistry()
  const inner = registry.live('Inner', 'for {{who}}', 'production').slug
  const greet = registry.live('Greet', `Hello {{name}} {{> ${inner}}}`, 'production').slug
  const variables = { name: { type: 'string', example: 'Ada', description: 'Who' } }
  const messages = [{ role: 'system', content: 'Hi {{name}}' }, { placeholder: 'history' }]
  const chat = registry.seed('Chat', [
    {
      environment: 'production',
      more: { messages, variables, tools: null, aliases: ['team/chat'], tags: ['x'] } as never,
    },
    { environment: 'production', state: 'draft' },
  ]).slug
  const broken = registry.seed('Broken', [
    { environment: 'production' },
    { environment: 'production', text: (right) => right.replace('Hello', 'Goodbye') },
    { environment: 'production', text: (right) => right.replace('template:', 'template: [') },
  ]).slug
  const gone = registry.seed('Gone', [
    { environment: 'production' },
    { environment: 'production', state: 'deleted' },
  ]).slug
  registry.repo.write(`evals/${greet}.yaml`, SET)
  registry.commit('set')
  return { registry, inner, greet, chat, broken, gone }
}

describe('/openapi.json', () => {
  it('is true of real answers of every route', async () => {
    const { registry, inner, greet, chat, broken, gone } = createWorld()
    const server = await openServer(registry, { tokens: TOKENS, load: false })
    const document = await readDocument(server)
    const seen = new Set<string>()
    const ask = createAsk(server, document, seen)
    await ask('GET', '/readyz', '/readyz')
    await server.server.source.refresh()
    for (const path of ['/readyz', '/healthz', '/metrics', '/openapi.json']) await ask('GET', path, path)

    const read = async (route: string, url: string) => {
      const answer = await ask('GET', route, url)
      expect([url, answer.statusCode]).toEqual([url, 200])
      const again = await ask('GET', route, url, { headers: { 'if-none-match': String(answer.headers['etag']) } })
      expect([url, again.statusCode]).toEqual([url, 304])
      await ask('GET', route, url, { headers: { authorization: 'Bearer wrong' } })
    }
    const templates = '/api/v1/templates'
    await read(templates, templates)
    for (const slug of [inner, greet, chat, broken]) {
      await read(`${templates}/{id}`, `${templates}/${slug}`)
      await read(`/api/v1/prompts/{slug}`, `/api/v1/prompts/${slug}?environment=production`)
      const compiled = { query: { environment: 'production' }, payload: { name: 'Ada', who: 'Bo', history: [] } }
      await ask('POST', '/api/v1/prompts/{slug}/compiled', `/api/v1/prompts/${slug}/compiled`, compiled)
    }
    await ask('POST', '/api/v1/prompts/{slug}/compiled', `/api/v1/prompts/${greet}/compiled?environment=production`)
    for (const [slug, count] of [
      [greet, 4],
      [chat, 2],
      [broken, 3],
      [gone, 2],
    ] as const) {
      await read(`${templates}/{id}/versions`, `${templates}/${slug}/versions`)
      for (let n = 1; n <= count; n += 1)
        await read(`${templates}/{id}/versions/{n}`, `${templates}/${slug}/versions/${n}`)
    }
    const langfuse = '/api/public/v2/prompts'
    for (const query of ['', '?page=x']) await ask('GET', langfuse, `${langfuse}${query}`)
    for (const name of [greet, chat, 'nothing']) await ask('GET', `${langfuse}/{name}`, `${langfuse}/${name}`)

    await ask('POST', '/api/v1/refresh', '/api/v1/refresh')
    await ask('POST', '/api/v1/refresh', '/api/v1/refresh', { headers: { authorization: 'Bearer reader' } })
    const write = async (method: 'POST' | 'PUT', path: string, rest: string, payload: object, status = 200) => {
      const answer = await ask(method, `${templates}${path}`, `${templates}${path.replace('{id}', greet)}${rest}`, {
        headers: { 'content-type': 'application/json' },
        payload,
      })
      expect([path, answer.statusCode, answer.payload]).toEqual([path, status, answer.payload])
      await ask(method, `${templates}${path}`, `${templates}${path.replace('{id}', greet)}${rest}`, {
        headers: { 'content-type': 'application/json', authorization: 'Bearer reader' },
        payload,
      })
      if (status === 201 || path.endsWith('quick-evaluate')) return
      const stale = await ask(method, `${templates}${path}`, `${templates}${path.replace('{id}', greet)}${rest}`, {
        headers: { 'content-type': 'application/json', 'if-match': '"1-0"' },
        payload,
      })
      expect([path, stale.statusCode]).toEqual([path, 412])
    }
    const environment = 'development'
    await write('POST', '', '', { title: 'New', template: 'Hi' }, 201)
    await write('PUT', '/{id}', '', { environment, template: 'Hello {{name}}!\n' })
    await write('POST', '/{id}/quick-evaluate', '', { environment })
    await write('POST', '/{id}/publish', '', { environment })
    await write('POST', '/{id}/promote', '', { to: 'staging' })
    await ask('POST', `${templates}/{id}/rollback/{n}`, `${templates}/${greet}/rollback/x`, {
      headers: { 'content-type': 'application/json' },
      payload: {},
    })
    const rollback = { headers: { 'content-type': 'application/json' }, payload: { environment } }
    const rolledBack = await ask('POST', `${templates}/{id}/rollback/{n}`, `${templates}/${greet}/rollback/2`, rollback)
    expect(rolledBack.statusCode).toBe(200)
    await ask('POST', `${templates}/{id}/rollback/{n}`, `${templates}/${greet}/rollback/2`, {
      ...rollback,
      headers: { ...rollback.headers, 'if-match': '"1-0"' },
    })
    await write('POST', '/{id}/archive', '', { environment })
    await ask('GET', '/api/v1/events', '/api/v1/events', { headers: { authorization: 'Bearer wrong' } })

    const described = Object.entries(document.paths).flatMap(([route, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${route} ${status}`),
      ),
    )
    // This one takes longer than 8 s, and a stream has no end.
    const others = ['POST /api/v1/refresh 202', 'GET /api/v1/events 200']
    expect(described.filter((one) => !seen.has(one))).toEqual(others)
  }, 120_000)

  it('describes what is sent along, who may ask, and what need not be sent', async () => {
    const server = await openServer(createRegistry())
    const { paths, security } = await readDocument(server)
    const headersOf = (route: string, method = 'get') =>
      (paths[route]?.[method]?.parameters ?? []).filter((one) => one.in === 'header').map(({ name }) => name)
    expect(headersOf('/api/v1/prompts/{slug}')).toEqual(['If-None-Match'])
    expect(headersOf('/api/v1/templates/{id}', 'put')).toEqual(['If-Match'])
    expect(headersOf('/api/v1/events')).toEqual(['Last-Event-ID'])
    expect(security).toContainEqual({})
    for (const [route, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (method === 'get' || route.endsWith('/compiled')) continue
        expect(operation.security, route).not.toContainEqual({})
        expect(operation.security?.length, route).toBeGreaterThan(1)
      }
    }
    const isRequired = (route: string, method = 'post') => paths[route]?.[method]?.requestBody?.required
    expect(isRequired('/api/v1/prompts/{slug}/compiled')).toBe(false)
    expect(isRequired('/api/v1/templates/{id}/publish')).toBe(false)
    expect(isRequired('/api/v1/templates/{id}/promote')).toBe(true)
    expect(isRequired('/api/v1/templates')).toBe(true)
  })

  it('tells the type of a stream', async () => {
    const server = await openServer(createRegistry())
    const { url } = await listen(server.app, { host: '127.0.0.1', port: 0 })
    const { paths } = await readDocument(server)
    const stream = await fetch(`${url}/api/v1/events`)
    const [type] = Object.keys(paths['/api/v1/events']?.['get']?.responses['200']?.content ?? {})
    expect(stream.headers.get('content-type')).toBe(type)
    await stream.body?.cancel()
  })
})
