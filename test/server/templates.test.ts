import { describe, expect, it } from 'vitest'
import type { TemplateVersion } from '../../src/registry/delivery/templates.js'
import type { LogEntry } from '../../src/registry/log.js'
import type { PromptContents, PromptRecord } from '../../src/registry/record.js'
import { brief, createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'

interface Page {
  readonly templates: readonly PromptRecord[]
  readonly next_cursor: string | null
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const place = ({ slug, environment, state }: PromptRecord) => `${slug} ${environment} ${state}`

describe('GET /api/v1/templates', () => {
  it('lists every state of every environment, filtered and in pages', async () => {
    const fixture = createRegistry()
    const a = fixture.live('Alpha', 'A', 'staging').slug
    const b = fixture.seed('Beta', [{ state: 'draft', template: 'B', more: { tags: ['x'] } }]).slug
    const c = fixture.seed('Gamma', [{ template: 'C' }, { state: 'archived', template: 'C' }]).slug
    const d = fixture.seed('Delta', [{ template: 'D' }, { state: 'deleted' }]).slug
    const { app } = await openServer(fixture)
    const list = async (query = '') => (await app.inject(`/api/v1/templates${query}`)).json<Page>()
    const all = [`${a} development published`, `${a} staging published`, `${b} development draft`]
    const whole = await list()
    expect(whole.templates.map(place)).toEqual([...all, `${c} development archived`])
    expect(whole.next_cursor).toBeNull()
    expect(JSON.stringify(whole)).not.toContain(d)
    expect((await list('?environment=staging')).templates.map(place)).toEqual([`${a} staging published`])
    expect((await list('?state=draft')).templates.map(place)).toEqual([`${b} development draft`])
    expect((await list('?tag=x')).templates.map(place)).toEqual([`${b} development draft`])
    const found: string[] = []
    let cursor: string | null = ''
    for (let page = 0; cursor !== null && page < 9; page++) {
      const { templates, next_cursor }: Page = await list(`?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(templates).toHaveLength(1)
      found.push(...templates.map(place))
      cursor = next_cursor
    }
    expect(found).toEqual(whole.templates.map(place))
    for (const query of ['?limit=0', '?limit=x', '?state=live', '?cursor=!', '?environment=x', '?tags=x']) {
      expect((await app.inject(`/api/v1/templates${query}`)).statusCode, query).toBe(400)
    }
  })

  it('shows what the token may read, alone', async () => {
    const fixture = createRegistry()
    fixture.live('Alpha', 'A', 'production')
    const { app } = await openServer(fixture, { tokens: { one: ['read:staging'], none: ['write:staging'] } })
    const list = async (token: string, query = '') =>
      app.inject({ url: `/api/v1/templates${query}`, headers: bearer(token) })
    expect((await list('one')).json<Page>().templates.map(({ environment }) => environment)).toEqual(['staging'])
    expect((await list('none')).statusCode).toBe(403)
    expect((await list('one', '?environment=production')).statusCode).toBe(403)
    expect((await app.inject('/api/v1/templates')).statusCode).toBe(401)
  })
})

describe('GET /api/v1/templates/{id}', () => {
  it('has no digest where the seal is broken, as the version has none', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    fixture.edit(slug, 'Hi', 'Ho', 'production')
    fixture.commit('by hand')
    const { app } = await openServer(fixture)
    const url = `/api/v1/templates/${slug}`
    const [one, all] = await Promise.all([app.inject(`${url}?environment=production`), app.inject(`${url}/versions`)])
    const newest = all.json<{ versions: LogEntry[] }>().versions[0]
    expect(one.json()).toMatchObject({ state: 'invalid', digest: null, commit: newest?.commit })
    expect(newest).toMatchObject({ state: 'invalid', digest: null })
  })

  it('is what show says, by slug, UUID and alias, of a draft too', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { environment: 'production', template: 'Hi {{name}}' },
      { state: 'draft', template: 'Hello {{name}}', more: { aliases: ['team/greet'] } },
    ])
    const { app } = await openServer(fixture)
    const shown = await fixture.json<PromptRecord & PromptContents>('show', slug)
    const environments = {
      development: { state: 'draft', version: 2, live_version: null, digest: shown.digest },
      production: { state: 'published', version: 1, live_version: 1, digest: expect.any(String) },
    }
    for (const name of [slug, shown.id ?? '', 'team/greet']) {
      const answer = await app.inject(`/api/v1/templates/${encodeURIComponent(name)}`)
      expect(answer.json(), name).toEqual({ ...shown, environments })
      expect(answer.headers['etag']).toMatch(/^"2-/)
    }
    const there = await app.inject(`/api/v1/templates/${slug}?environment=production`)
    const live = await fixture.json<PromptRecord>('show', slug, '--env', 'production')
    expect(there.json()).toMatchObject({ ...live })
    expect((await app.inject(`/api/v1/templates/${slug}?environment=staging`)).statusCode).toBe(404)
    const etag = String(there.headers['etag'])
    const again = { url: `/api/v1/templates/${slug}?environment=production`, headers: { 'if-none-match': etag } }
    expect((await app.inject(again)).statusCode).toBe(304)
  })

  it('reads what is committed, and not the work tree', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Committed')
    fixture.edit(slug, 'Committed', 'Uncommitted')
    const { app } = await openServer(fixture)
    expect((await app.inject(`/api/v1/templates/${slug}`)).json()).toMatchObject({ template: 'Committed', version: 2 })
  })

  it.each(['..%2f..%2fetc%2fpasswd', '%00', '__proto__', 'nothing-00000000', 'no/alias', '%2e%2e%2f', 'HEAD:x'])(
    'refuses %s [case 67]',
    async (name) => {
      const { app } = await openServer(createRegistry())
      for (const rest of ['', '/versions', '/versions/1']) {
        expect([400, 404]).toContain((await app.inject(`/api/v1/templates/${name}${rest}`)).statusCode)
      }
    },
  )
})

describe('GET /api/v1/templates/{id}/versions', () => {
  it('is the log, newest first, of environments that the token may read', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const tokens = { wide: ['read:*'], one: ['read:staging'], other: ['write:staging'] }
    const { app } = await openServer(fixture, { tokens })
    const ask = (token: string, rest = '') =>
      app.inject({ url: `/api/v1/templates/${slug}/versions${rest}`, headers: bearer(token) })
    const logged = await fixture.log(slug)
    expect((await ask('wide')).json()).toEqual({ slug, versions: logged })
    expect((await ask('one')).json<{ versions: LogEntry[] }>().versions.map(brief)).toEqual([
      '3 staging promoted published live',
    ])
    expect((await ask('other')).statusCode).toBe(403)
    expect((await ask('one', '?environment=production')).statusCode).toBe(403)
    expect((await ask('one', '/3')).statusCode).toBe(200)
    expect((await ask('one', '/2')).statusCode).toBe(404)
    expect((await ask('one', '/x')).statusCode).toBe(400)
  })

  it('gives one version whole, whatever it was', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { state: 'draft', template: 'One {{a}}' },
      { text: (right) => right.replace('template:', 'template: [') },
      { state: 'deleted' },
    ])
    const { app } = await openServer(fixture)
    const ask = async (n: number) =>
      (await app.inject(`/api/v1/templates/${slug}/versions/${n}`)).json<TemplateVersion>()
    const first = await ask(1)
    expect(first).toMatchObject({ version: 1, state: 'draft', action: 'created', template: 'One {{a}}', slug })
    expect(first.source).toBe(`${fixture.repo.git('show', `${first.commit}:${fixture.file(slug)}`)}\n`)
    expect(await ask(2)).toMatchObject({ version: 2, state: 'invalid', source: expect.stringContaining('template: [') })
    expect(await ask(3)).toMatchObject({ version: 3, state: 'deleted', source: null })
    expect(await ask(4)).toMatchObject({ status: 404, code: 'not_found' })
  })
})
