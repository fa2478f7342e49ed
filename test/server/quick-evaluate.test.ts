import { describe, expect, it } from 'vitest'
import type { Evaluation } from '../../src/core/evaluation.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer, type TestServer } from '../helpers/server.js'

const SET = `providers: [echo]
tests:
  - {vars: {name: Ada}, assert: [{type: contains, value: Hello}]}
  - {vars: {name: [Bo, Cy]}, assert: [{type: contains, value: '{{name}}'}]}
`

async function arrange(set = SET, env: Record<string, string> = {}) {
  const registry = createRegistry()
  const { slug } = registry.seed('Greet', [{ template: 'Dear {{name}}\n' }, { template: 'Hello {{name}}\n' }])
  registry.repo.write(`evals/${slug}.yaml`, set)
  registry.commit('set')
  registry.repo.write(`evals/${slug}.yaml`, 'not: committed\n')
  const server = await openServer(registry, { tokens: { all: ['read:*', 'write:*'], reader: ['read:*'] }, env })
  return { registry, slug, server }
}

async function ask({ app }: TestServer, slug: string, body: object, token = 'all') {
  const response = await app.inject({
    method: 'POST',
    url: `/api/v1/templates/${slug}/quick-evaluate`,
    headers: {
      host: '127.0.0.1:4180',
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    payload: JSON.stringify({ environment: 'development', ...body }),
  })
  return { status: response.statusCode, body: response.json() as Evaluation & { code?: string; detail?: string } }
}

describe('POST quick-evaluate', () => {
  it('tries the file, a version, or content that is in the request; nothing is written', async () => {
    const { registry, slug, server } = await arrange()
    const head = registry.head()
    expect(await ask(server, slug, {})).toMatchObject({
      status: 200,
      body: { slug, passed: 3, total: 3, version: 2, commit: registry.repo.git('rev-parse', 'HEAD~1') },
    })
    expect((await ask(server, slug, { version: 1 })).body).toMatchObject({ version: 1, passed: 2, failed: 1 })
    const tried = await ask(server, slug, { template: 'Hello\n', variables: null })
    expect(tried.body).toMatchObject({ version: null, commit: null, passed: 1, failed: 2 })
    expect(tried.body.cases[1]).toMatchObject({ reason: 'expected the answer to contain "Bo"', output: 'Hello\n' })
    const chat = await ask(server, slug, { messages: [{ role: 'user', content: 'Hello {{name}}' }] })
    expect(chat.body.cases[0]?.output).toBe('[{"role":"user","content":"Hello Ada"}]')
    expect([registry.head(), registry.repo.git('status', '--porcelain', 'prompts')]).toEqual([head, ''])
  })

  it('starts no program, whatever the environment allows and whoever names it', async () => {
    const { slug, server } = await arrange(SET.replace('[echo]', "['exec:cat']"), { PROMPTCTL_EVAL_ALLOW_EXEC: '1' })
    expect(await ask(server, slug, {})).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(await ask(server, slug, { providers: ['exec:cat'] })).toMatchObject({ status: 403 })
    expect(await ask(server, slug, { providers: ['echo'] })).toMatchObject({ status: 200, body: { passed: 3 } })
  })

  it.each([
    [401, 'unauthorized', {}, ''],
    [403, 'forbidden', {}, 'reader'],
    [400, 'usage', { template: 5 }, 'all'],
    [400, 'usage', { templat: 'x' }, 'all'],
    [400, 'usage', { providers: ['nobody'] }, 'all'],
    [422, 'invalid_prompt', { template: 'Hello {{#name}}' }, 'all'],
    [404, 'not_found', { version: 9 }, 'all'],
    [404, 'not_found', { environment: 'staging' }, 'all'],
  ])('answers %i %s to %j', async (status, code, body, token) => {
    const { slug, server } = await arrange()
    expect(await ask(server, slug, body, token)).toMatchObject({ status, body: { code } })
  })

  it('answers 404 for a prompt without a test set', async () => {
    const { registry, server } = await arrange()
    const { slug } = registry.live('Other')
    expect(await ask(server, slug, {})).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('no test set') },
    })
  })
})
