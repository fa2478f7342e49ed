import { LangfuseClient } from '@langfuse/client'
import { Langfuse } from 'langfuse'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LangfusePrompt } from '../../src/core/langfuse.js'
import { listen } from '../../src/server/listen.js'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import { openServer, type TestServerOptions } from '../helpers/server.js'

const CHAT = [
  { role: 'system', content: 'Be {{manner}}.' },
  { placeholder: 'history' },
  { role: 'user', content: 'Hi {{name}}' },
]

const createPrompts = (): TestRegistry & { readonly text: string; readonly chat: string } => {
  const fixture = createRegistry()
  const more = { aliases: ['team/greet'], config: { temperature: 0.2 }, tags: ['x'] }
  const tone = fixture.live('Tone', 'Be kind.', 'production').slug
  const text = fixture.seed('Greeting', [
    { environment: 'production', template: `Old {{name}}`, more },
    { environment: 'staging', template: `Staged {{name}}`, more },
    { environment: 'production', template: `Hi {{name}} {{> ${tone}}}`, more: { ...more, model: { name: 'gpt' } } },
    { environment: 'production', state: 'draft', template: `Draft {{name}}`, more },
  ]).slug
  const chat = fixture.seed('Chat', [{ environment: 'production', more: { messages: CHAT } }]).slug
  return Object.assign(fixture, { text, chat })
}

interface Asked {
  readonly version?: number
  readonly label?: string
  readonly cacheTtlSeconds?: number
  readonly fallback?: string
}

const serve = async (fixture: TestRegistry, options: TestServerOptions = { tokens: { 'sk-one': ['read:*'] } }) => {
  const opened = await openServer(fixture, options)
  return { ...opened, ...(await listen(opened.app, { host: '127.0.0.1', port: 0 })) }
}

describe('GET /api/public/v2/prompts/{name}', () => {
  it('has every field, for text', async () => {
    const fixture = createPrompts()
    const { app } = await openServer(fixture)
    const answer = await app.inject(`/api/public/v2/prompts/${fixture.text}`)
    expect(answer.headers['etag']).toBeUndefined()
    expect(answer.json()).toEqual({
      id: expect.stringMatching(/-3$/),
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
      projectId: 'test',
      createdBy: 'Ada Lovelace <ada@example.com>',
      name: fixture.text,
      version: 3,
      type: 'text',
      prompt: 'Hi {{name}} Be kind.',
      config: { temperature: 0.2, model: { name: 'gpt' } },
      labels: ['production'],
      tags: ['x'],
      isActive: true,
      commitMessage: 'seed 2',
      resolutionGraph: null,
      promptctl: {
        commit: expect.stringMatching(/^[0-9a-f]{40}$/),
        environment: 'production',
        digest: expect.stringMatching(/^sha256:/),
        variables: [expect.objectContaining({ name: 'name' })],
      },
    } satisfies Record<keyof LangfusePrompt, unknown>)
  })

  it('has messages without a type, and placeholders with one, for chat', async () => {
    const fixture = createPrompts()
    const { app } = await openServer(fixture)
    expect((await app.inject(`/api/public/v2/prompts/${fixture.chat}`)).json()).toMatchObject({
      type: 'chat',
      prompt: [
        { role: 'system', content: 'Be {{manner}}.' },
        { type: 'placeholder', name: 'history' },
        { role: 'user', content: 'Hi {{name}}' },
      ],
    })
  })

  it('takes labels, versions, latest and resolve', async () => {
    const fixture = createPrompts()
    const { app } = await openServer(fixture)
    const ask = async (query: string) => {
      const { prompt, version, labels } = (
        await app.inject(`/api/public/v2/prompts/team%2Fgreet?${query}`)
      ).json<LangfusePrompt>()
      return [prompt, version, labels]
    }
    expect(await ask('label=staging')).toEqual(['Staged {{name}}', 2, ['staging']])
    expect(await ask('label=latest')).toEqual(['Hi {{name}} Be kind.', 3, ['production', 'latest']])
    expect(await ask('version=1')).toEqual(['Old {{name}}', 1, []])
    expect(await ask('version=3')).toEqual(['Hi {{name}} Be kind.', 3, ['production']])
    expect((await ask('resolve=false'))[0]).toMatch(/^Hi \{\{name\}\} \{\{> tone-/)
    expect((await ask('resolve=true'))[0]).toBe('Hi {{name}} Be kind.')
  })

  it('fails in Langfuse’s words, never with an empty body, never with 304 [case 61]', async () => {
    const fixture = createPrompts()
    const { app } = await openServer(fixture, { tokens: { one: ['read:production'] } })
    const ask = async (
      rest: string,
      headers: Record<string, string> = { authorization: 'Bearer one' },
      method = 'GET',
    ) => {
      const answer = await app.inject({ method: method as 'GET', url: `/api/public/v2/prompts${rest}`, headers })
      return [answer.statusCode, answer.json()]
    }
    const notFound = (what: string) => [
      404,
      { message: `Prompt not found: 'nothing' with ${what}`, error: 'LangfuseNotFoundError' },
    ]
    expect(await ask('/nothing')).toEqual(notFound("label 'production'"))
    expect(await ask('/nothing?label=nowhere')).toEqual(notFound("label 'nowhere'"))
    expect(await ask('/nothing?label=__proto__')).toEqual(notFound("label '__proto__'"))
    expect(await ask('/nothing?version=3')).toEqual(notFound('version 3'))
    expect(await ask('/nothing?label=latest')).toEqual(notFound("label 'latest'"))
    const draft = await ask(`/${fixture.text}?version=4`)
    expect(draft[0]).toBe(404)
    const bad = (message: string) => [400, { message, error: 'InvalidRequestError' }]
    expect(await ask(`/${fixture.text}?version=1&label=production`)).toEqual(
      bad('Cannot specify both version and label'),
    )
    expect(await ask(`/${fixture.text}?version=x`)).toEqual(bad('version must be a positive integer'))
    expect(await ask('?page=0')).toEqual(bad('page must be a positive integer'))
    expect(await ask(`/${fixture.text}?label=staging`)).toMatchObject([403, { error: 'ForbiddenError' }])
    expect(await ask(`/${fixture.text}`, {})).toMatchObject([401, { error: 'UnauthorizedError' }])
    expect(await ask(`/${fixture.text}`, { authorization: 'Bearer x' })).toMatchObject([
      401,
      { error: 'UnauthorizedError' },
    ])
    expect(await ask(`/${fixture.text}`, undefined, 'PUT')).toMatchObject([405, { error: 'MethodNotAllowedError' }])
    expect(await ask('/a/b/c')).toMatchObject([404, { error: 'LangfuseNotFoundError' }])
    expect((await ask(`/${fixture.text}`, { authorization: 'Bearer one', 'if-none-match': '*' }))[0]).toBe(200)
  })
})

describe('GET /api/public/v2/prompts', () => {
  it('lists what is live, in pages', async () => {
    const fixture = createPrompts()
    const { app } = await openServer(fixture)
    const list = async (query = '') =>
      (await app.inject(`/api/public/v2/prompts${query}`)).json<{ data: { name: string }[]; meta: unknown }>()
    const all = await list()
    expect(all.meta).toEqual({ page: 1, limit: 50, totalItems: 3, totalPages: 1 })
    expect(all.data.find(({ name }) => name === fixture.text)).toEqual({
      name: fixture.text,
      type: 'text',
      versions: [1, 2, 3],
      labels: ['staging', 'production', 'latest'],
      tags: ['x'],
      lastUpdatedAt: expect.stringMatching(/Z$/),
      lastConfig: { temperature: 0.2, model: { name: 'gpt' } },
    })
    const names = async (query: string) => (await list(query)).data.map(({ name }) => name)
    const staged = await names('?label=staging')
    expect([staged.length, staged.includes(fixture.text), staged.includes(fixture.chat)]).toEqual([2, true, false])
    expect(await names('?tag=x')).toEqual([fixture.text])
    expect(await names('?name=team%2Fgreet')).toEqual([fixture.text])
    expect((await list('?limit=2&page=2')).meta).toEqual({ page: 2, limit: 2, totalItems: 3, totalPages: 2 })
    expect(await names('?limit=2&page=2')).toHaveLength(1)
    expect(await names('?limit=2&page=3')).toEqual([])
  })
})

describe.each(['langfuse 3', '@langfuse/client 5'])('unmodified, %s [case 61]', (sdk) => {
  let fixture: ReturnType<typeof createPrompts>
  beforeAll(() => {
    fixture = createPrompts()
  })
  // They tell of each failure there, too.
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  })

  const open = (url: string, secretKey = 'sk-one') => {
    const settings = { publicKey: 'pk-any', secretKey, baseUrl: url }
    if (sdk === '@langfuse/client 5') {
      const { prompt } = new LangfuseClient(settings)
      return {
        text: (name: string, more: Asked = {}) => prompt.get(name, { ...more, type: 'text', maxRetries: 0 }),
        chat: (name: string, more: Omit<Asked, 'fallback'> = {}) =>
          prompt.get(name, { ...more, type: 'chat', maxRetries: 0 }),
      }
    }
    const client = new Langfuse(settings)
    return {
      text: (name: string, { version, ...more }: Asked = {}) =>
        client.getPrompt(name, version, { ...more, maxRetries: 0 }),
      chat: (name: string, { version, ...more }: Omit<Asked, 'fallback'> = {}) =>
        client.getPrompt(name, version, { ...more, type: 'chat', maxRetries: 0 }),
    }
  }

  it('gets text by label, version and alias, and compiles it', async () => {
    const { url } = await serve(fixture)
    const { text } = open(url)
    const prompt = await text(fixture.text)
    expect(prompt.compile({ name: 'Ada' })).toBe('Hi Ada Be kind.')
    expect([prompt.version, prompt.config, prompt.labels, prompt.tags]).toEqual([
      3,
      { temperature: 0.2, model: { name: 'gpt' } },
      ['production'],
      ['x'],
    ])
    expect((await text(fixture.text, { label: 'staging' })).prompt).toBe('Staged {{name}}')
    expect((await text(fixture.text, { version: 1 })).prompt).toBe('Old {{name}}')
    const aliased = await text('team/greet', { label: 'latest' })
    expect([aliased.name, aliased.version]).toEqual(['team/greet', 3])
  })

  it('gets chat, fills in its placeholder, and compiles it', async () => {
    const { url } = await serve(fixture)
    const prompt = await open(url).chat(fixture.chat)
    const history = [{ role: 'assistant', content: 'earlier' }]
    const values = { manner: 'kind', name: 'Ada' }
    expect(prompt.compile(values, { history })).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'assistant', content: 'earlier' },
      { role: 'user', content: 'Hi Ada' },
    ])
  })

  it('says what is missing, refuses a wrong key, and falls back', async () => {
    const { url } = await serve(fixture)
    await expect(open(url).text('nothing')).rejects.toThrow(
      /Prompt not found: 'nothing' with label 'production'|not.?found|404/i,
    )
    await expect(open(url, 'sk-wrong').text(fixture.text)).rejects.toThrow(/not known|unauthorized|401/i)
    const fallback = await open(url).text('nothing', { fallback: 'Hello {{name}}' })
    expect([fallback.isFallback, fallback.compile({ name: 'Bo' })]).toEqual([true, 'Hello Bo'])
  })

  it('refreshes its cache', async () => {
    const own = createPrompts()
    const { url, server } = await serve(own)
    const { text } = open(url)
    const ask = async () => (await text(own.text, { label: 'staging', cacheTtlSeconds: 0.05 })).version
    expect(await ask()).toBe(2)
    own.edit(own.text, 'Staged', 'Staged again', 'staging')
    await own.json('publish', own.text, '--env', 'staging')
    await server.source.refresh()
    await expect.poll(ask, { interval: 60 }).toBe(5)
  })
})
