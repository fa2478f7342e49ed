import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/event.js'
import { openRegistry } from '../../src/open.js'
import { rememberPush } from '../../src/registry/notify.js'
import type { Oid } from '../../src/registry/ports.js'
import { type CliResult, promptctl } from '../helpers/cli.js'
import { type Received, type Receiver, startReceiver, statuses } from '../helpers/receiver.js'
import { createRegistry, ENGINES, type TestRegistry, tempDir } from '../helpers/registry.js'
import { isolatedEnv } from '../helpers/repo.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ZEROS = '0'.repeat(40)

const configOf = (url: string, more = ''): string =>
  `name: acme\nbranch: main\nwebhooks:\n  - url: ${url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n${more}`

const ENV = { PROMPTCTL_WEBHOOK_SECRET: SECRET, PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

interface World {
  readonly receiver: Receiver
  readonly registry: TestRegistry
  run(...argv: string[]): Promise<CliResult>
}

/** A registry whose webhook is a real receiver; what is run there knows the secret. */
async function setUp(
  receiver?: Receiver,
  more = '',
  options: Parameters<typeof createRegistry>[0] = {},
): Promise<World> {
  const found = receiver ?? (await startReceiver())
  const registry = createRegistry({ config: configOf(found.url, more), ...options })
  return { receiver: found, registry, run: (...argv) => promptctl(registry.place({ env: ENV }), ...argv) }
}

const bodyOf = (request: Received): EventBody => JSON.parse(request.body.toString('utf8')) as EventBody
const briefs = ({ received }: Receiver): string[] =>
  received.map(bodyOf).map(({ version, environment, action }) => `${version} ${environment} ${action}`)

describe('events', () => {
  it('a body has exactly these keys, in this order, and fits its schema', async () => {
    const { receiver, registry, run } = await setUp()
    const before = registry.head()
    const { slug } = registry.live('Greet é😀\u2028', 'Hi {{name}}', 'staging')
    expect(await run('notify', `${before}..HEAD`)).toMatchObject({ exit: 0, stderr: '' })
    const [first, second, third] = receiver.received.map(bodyOf)
    const commits = registry.repo.git('rev-list', '--reverse', `${before}..HEAD`).split('\n')
    expect(receiver.received[2]?.body.toString()).toBe(
      JSON.stringify({
        id: third?.id,
        event: 'template.updated',
        registry: 'acme',
        action: 'promoted',
        slug,
        version: 3,
        previous_version: null,
        environment: 'staging',
        state: 'published',
        commit: commits[2],
        blob: registry.repo.git('rev-parse', `HEAD:${registry.file(slug, 'staging')}`),
        title: 'Greet é😀\u2028',
        author: { name: 'Ada Lovelace', email: 'ada@example.com' },
        timestamp: registry.repo.git('log', '-1', '--date=format-local:%Y-%m-%dT%H:%M:%SZ', '--format=%cd'),
      }),
    )
    expect([first?.previous_version, second?.previous_version]).toEqual([null, 1])
    const ids = [first, second, third].map((body) => body?.id ?? '')
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^msg_[0-9a-f]{32}$/)
    const schema = JSON.parse(readFileSync(new URL('../../schemas/event.schema.json', import.meta.url), 'utf8'))
    const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(schema)
    for (const body of [first, second, third]) expect(validate(body), JSON.stringify(validate.errors)).toBe(true)
  })

  it('the same range from two clones: byte-equal bodies, equal ids [case 42]', async () => {
    const { receiver, registry } = await setUp()
    const before = registry.head()
    registry.live('Greet', 'Hi', 'production')
    registry.live('Part', 'Ho')
    const clones = ENGINES.map((engine) => {
      const existing = join(tempDir(), `clone-${engine}`)
      execFileSync('git', ['clone', '-q', registry.dir, existing], { env: registry.repo.env })
      return createRegistry({ existing, engine })
    })
    for (const clone of clones) {
      expect(await promptctl(clone.place({ env: ENV }), 'notify', `${before}..HEAD`)).toMatchObject({
        exit: 0,
        stderr: '',
      })
    }
    const bodies = receiver.received.map(({ body }) => body.toString('hex'))
    expect(bodies).toHaveLength(12)
    expect(bodies.slice(0, 6)).toEqual(bodies.slice(6))
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(ids.slice(0, 6)).toEqual(ids.slice(6))
  })

  it('an endpoint hears of its environments and actions alone', async () => {
    const { receiver, registry, run } = await setUp(
      undefined,
      '    environments: [staging, production]\n    actions: [promoted, archived]\n',
    )
    const before = registry.head()
    const { slug } = registry.live('Greet', 'Hi', 'production')
    await registry.cli('archive', slug, '--env', 'staging')
    await registry.cli('archive', slug, '--env', 'development')
    await run('notify', `${before}..HEAD`)
    expect(briefs(receiver)).toEqual(['3 staging promoted', '4 production promoted', '5 staging archived'])
  })

  it('a deletion and a broken file are events too', async () => {
    const { receiver, registry, run } = await setUp()
    const { slug } = registry.seed('Greet', [{}, { text: () => 'broken: [' }, { state: 'deleted' }])
    expect((await run('notify', 'HEAD~2..HEAD')).exit).toBe(0)
    expect(receiver.received.map(bodyOf)).toMatchObject([
      { slug, action: 'broken', state: 'invalid', title: null, version: 2, previous_version: 1 },
      { slug, action: 'deleted', state: 'deleted', blob: null, title: null, version: 3 },
    ])
  })

  it('a merge is one version, however many commits it brings', async () => {
    const { receiver, registry, run } = await setUp()
    const { slug } = registry.live('Greet', 'Hi')
    const before = registry.head()
    registry.repo.git('checkout', '-q', '-b', 'side')
    registry.edit(slug, 'Hi', 'Hello')
    registry.commit('one')
    registry.edit(slug, 'Hello', 'Salut')
    registry.commit('two')
    registry.repo.git('checkout', '-q', 'main')
    registry.repo.git('merge', '-q', '--no-ff', '-m', 'merge', 'side')
    expect((await run('notify', `${before}..HEAD`)).exit).toBe(0)
    expect(briefs(receiver)).toEqual(['3 development broken'])
  })
})

describe('ranges', () => {
  it('zeros: a new branch sends all of it, a deleted one nothing', async () => {
    const { receiver, registry, run } = await setUp()
    registry.live('Greet', 'Hi')
    expect((await run('notify', `HEAD..${ZEROS}`)).exit).toBe(0)
    expect(receiver.received).toHaveLength(0)
    expect((await run('notify', `${ZEROS}..HEAD`)).exit).toBe(0)
    expect(briefs(receiver)).toEqual(['1 development created', '2 development published'])
  })

  it('a forced push sends what the old history did not have', async () => {
    const { receiver, registry, run } = await setUp()
    registry.live('Greet', 'Hi')
    const base = registry.head()
    const { slug } = registry.live('Old', 'old')
    const old = registry.head()
    registry.repo.git('reset', '-q', '--hard', base)
    const { slug: other } = registry.live('New', 'new')
    await run('notify', `${old}..HEAD`)
    expect(receiver.received.map(bodyOf).map((body) => body.slug)).toEqual([other, other])
    expect(other).not.toBe(slug)
  })

  it.each([
    ['HEAD', 2, 'usage'],
    ['HEAD~1...HEAD', 2, 'usage'],
    ['--post-receive', 0, ''],
    ['HEAD~1..HEAD --post-receive', 2, 'usage'],
    ['HEAD~1..HEAD --ref main', 2, 'usage'],
    [`${'1'.repeat(40)}..HEAD`, 3, 'not_found'],
    ['--output=x..HEAD', 2, 'usage'],
  ])('%s: exit %i', async (range, exit, code) => {
    const { run } = await setUp()
    const result = await run('notify', ...range.split(' '), '--json')
    expect([result.exit, result.stderr === '' ? '' : JSON.parse(result.stderr).error.code]).toEqual([exit, code])
  })

  it.each([
    ['refs/heads/main', 2],
    ['refs/heads/topic', 0],
    ['refs/tags/main', 0],
  ])('--ref %s: %i events', async (ref, events) => {
    const { registry, run } = await setUp()
    registry.live('Greet', 'Hi')
    expect((await run('notify', 'HEAD~2..HEAD', '--ref', ref, '--json')).json()).toMatchObject({ events })
  })

  it('commits that the shared branch does not hold yet are refused, with numbers that may change', async () => {
    const { receiver, registry } = await setUp()
    const existing = join(tempDir(), 'clone')
    execFileSync('git', ['clone', '-q', registry.dir, existing], { env: registry.repo.env })
    const clone = createRegistry({ existing })
    clone.repo.git('config', 'user.name', 'Ada Lovelace')
    clone.repo.git('config', 'user.email', 'ada@example.com')
    clone.live('Greet', 'Hi')
    const result = await promptctl(clone.place({ env: ENV }), 'notify', 'HEAD~1..HEAD', '--json')
    expect([result.exit, JSON.parse(result.stderr).error.code]).toEqual([4, 'conflict'])
    expect(receiver.received).toHaveLength(0)
  })

  it('a shallow clone says that it needs the whole history', async () => {
    const { registry } = await setUp()
    registry.live('Greet', 'Hi')
    const existing = join(tempDir(), 'shallow')
    execFileSync('git', ['clone', '-q', '--depth=2', `file://${registry.dir}`, existing], { env: registry.repo.env })
    const result = await promptctl(createRegistry({ existing }).place({ env: ENV }), 'notify', 'HEAD~1..HEAD', '--json')
    expect([result.exit, JSON.parse(result.stderr).error.code]).toEqual([6, 'unsupported'])
  })
})

describe('notify', () => {
  it('exits 6 with the number that is undelivered; webhook deliver sends it under the same id [case 39]', async () => {
    const { receiver, registry, run } = await setUp(await startReceiver(statuses(500, 500, 200)))
    registry.live('Greet', 'Hi')
    const failed = await run('notify', 'HEAD~2..HEAD', '--json')
    expect(failed.exit).toBe(6)
    expect(JSON.parse(failed.stderr).error).toMatchObject({
      code: 'unavailable',
      details: { undelivered: 2, delivered: 0 },
    })
    const waiting = (await run('webhook', 'deliveries', '--json')).json<{ id: string; attempts: number }[]>()
    expect(waiting).toMatchObject([
      { attempts: 1, status: 500 },
      { attempts: 1, state: 'pending' },
    ])
    expect((await run('webhook', 'deliver', '--json')).json()).toMatchObject([{ delivered: true }, { delivered: true }])
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(ids.slice(0, 2)).toEqual(ids.slice(2))
    expect((await run('webhook', 'deliveries', '--json')).json()).toEqual([])
  })

  it('what failed for good is shown until it is sent by its id [case 40]', async () => {
    const { registry, run } = await setUp(await startReceiver(statuses(404, 200)))
    registry.live('Greet', 'Hi')
    expect((await run('notify', 'HEAD~1..HEAD')).exit).toBe(6)
    expect((await run('webhook', 'deliver')).stdout).toBe('The outbox is empty.\n')
    const [record] = (await run('webhook', 'deliveries', '--json')).json<{ id: string; state: string }[]>()
    expect(record).toMatchObject({ state: 'failed', status: 404, attempts: 1 })
    expect((await run('webhook', 'deliver', '--id', 'msg_ffffffff')).exit).toBe(3)
    expect((await run('webhook', 'deliver', '--id', record?.id.slice(0, 12) ?? '')).exit).toBe(0)
    expect((await run('webhook', 'deliveries')).stdout).toBe('')
  })

  it('what waits because the endpoint asked for it has not failed; its id sends it now [case 40]', async () => {
    const { receiver, registry, run } = await setUp(
      await startReceiver((response, _, index) =>
        index === 0 ? response.writeHead(429, { 'retry-after': '3000' }).end() : response.end(),
      ),
    )
    registry.live('Greet', 'Hi')
    expect((await run('notify', 'HEAD~1..HEAD')).exit).toBe(6)
    const [record] = (await run('webhook', 'deliveries', '--json')).json<{ id: string; waits_until: string }[]>()
    const { id = '', waits_until: until = '' } = record ?? {}
    expect(until).toMatch(/^2023-\d\d-\d\dT/)
    expect((await run('webhook', 'deliveries')).stdout).toContain(
      `it answered 429; the endpoint asked to wait until ${until}`,
    )
    const waiting = await run('webhook', 'deliver')
    expect([waiting.exit, waiting.stderr]).toEqual([0, ''])
    expect(waiting.stdout).toContain(`the endpoint asked to wait until ${until}`)
    expect(waiting.stdout).toContain('promptctl webhook deliver --id')
    expect((await run('webhook', 'deliver', '--json')).json()).toMatchObject([{ delivered: false, waits_until: until }])
    expect(receiver.received).toHaveLength(1)
    expect((await run('webhook', 'deliver', '--id', id, '--json')).json()).toMatchObject([{ delivered: true }])
  })

  it('without the secret: notify and test fail, nothing is queued [case 41]', async () => {
    const { receiver, registry } = await setUp()
    registry.live('Greet', 'Hi')
    const place = registry.place({ env: { ...ENV, PROMPTCTL_WEBHOOK_SECRET: undefined } })
    for (const words of [
      ['notify', 'HEAD~1..HEAD'],
      ['webhook', 'test'],
    ]) {
      const result = await promptctl(place, ...words, '--json')
      expect(result.exit).toBe(6)
      expect(JSON.parse(result.stderr).error).toMatchObject({
        code: 'unavailable',
        details: { missing_secrets: ['PROMPTCTL_WEBHOOK_SECRET'] },
      })
    }
    expect((await promptctl(place, 'webhook', 'deliveries', '--json')).json()).toEqual([])
    expect(receiver.received).toHaveLength(0)
  })

  it('a variable that is not promptctl’s is refused [case 41]', async () => {
    const registry = createRegistry({
      config: configOf('https://x.example/').replace('PROMPTCTL_WEBHOOK_SECRET', 'AWS_SECRET_ACCESS_KEY'),
    })
    expect((await registry.fails(1, 'invalid_config', 'webhook', 'list')).code).toBe('invalid_config')
  })

  it('secret, URL password and query token are in no output [case 41]', async () => {
    const bad = await startReceiver(statuses(404))
    const registry = createRegistry({
      config: configOf(bad.url.replace('127', 'user:PASSWORD@127').concat('?token=TOKEN')),
    })
    registry.live('Greet', 'Hi')
    const env = { ...ENV, PROMPTCTL_WEBHOOK_SECRET: 'HUSH', PROMPTCTL_DEBUG: '1' }
    const outputs: string[] = []
    const commands = [
      ['notify', 'HEAD~1..HEAD'],
      ['webhook', 'list'],
      ['webhook', 'test'],
      ['webhook', 'deliveries'],
      ['webhook', 'deliver', '--id', 'msg_'],
      ['doctor'],
      ['lint'],
    ]
    for (const allowed of ['127.0.0.1', undefined]) {
      for (const words of commands) {
        for (const more of [[], ['--json']]) {
          const place = registry.place({ env: { ...env, PROMPTCTL_WEBHOOK_ALLOW_HOSTS: allowed } })
          const { stdout, stderr } = await promptctl(place, ...words, ...more)
          outputs.push(stdout, stderr)
        }
      }
    }
    expect(outputs.join('\n')).toContain('/hook')
    expect(outputs.join('\n')).not.toMatch(/PASSWORD|TOKEN|HUSH/)
  })

  it('doctor warns where ids depend on the folder’s name', async () => {
    const config = configOf('https://x.example/').replace('name: acme\n', '')
    expect((await createRegistry({ config }).cli('doctor')).stdout).toContain(
      'hint: Write name: "repo" into promptctl.yaml',
    )
    expect((await createRegistry({ config: `name: acme\n${config}` }).cli('doctor')).stdout).not.toContain(
      'Write name:',
    )
  })

  it('without webhooks nothing is asked for, and nothing is sent', async () => {
    const registry = createRegistry()
    registry.live('Greet', 'Hi')
    expect(await registry.json('notify', 'HEAD~1..HEAD')).toMatchObject({ queued: 0, delivered: 0 })
    expect(await registry.json('webhook', 'list')).toEqual([])
    expect(await registry.json('webhook', 'test')).toEqual([])
    expect(await registry.json('webhook', 'deliveries')).toEqual([])
    expect(await registry.json('webhook', 'deliver')).toEqual([])
  })
})

describe('a push that was killed', () => {
  /** A clone whose push was remembered, as `push` does before it starts git. */
  async function killedPush(isAccepted: boolean) {
    const { receiver, registry } = await setUp()
    registry.repo.git('config', 'receive.denyCurrentBranch', 'ignore')
    const existing = join(tempDir(), 'clone')
    execFileSync('git', ['clone', '-q', registry.dir, existing], { env: registry.repo.env })
    const clone = createRegistry({ existing })
    const old = clone.head() as Oid
    clone.live('Greet', 'Hi')
    const place = clone.place({ env: ENV })
    const opened = await openRegistry({ directory: clone.dir, env: place.env, now: Date.now })
    await rememberPush(opened, { ref: 'refs/heads/main', old, new: clone.head() as Oid })
    await opened.close()
    if (isAccepted) clone.repo.git('push', '-q', 'origin', 'main')
    return { receiver, deliver: () => promptctl(place, 'webhook', 'deliver', '--json') }
  }

  it('after the remote had accepted it: webhook deliver sends its events, once [case 42]', async () => {
    const { receiver, deliver } = await killedPush(true)
    expect((await deliver()).json()).toMatchObject([{ delivered: true }, { delivered: true }])
    expect((await deliver()).json()).toEqual([])
    expect(briefs(receiver)).toEqual(['1 development created', '2 development published'])
  })

  it('before: nothing is sent', async () => {
    const { receiver, deliver } = await killedPush(false)
    expect((await deliver()).json()).toEqual([])
    expect(receiver.received).toHaveLength(0)
  })
})

describe('notify --post-receive', () => {
  it('reads the shared branch alone, of every registry in the tip, with its configuration there', async () => {
    const receiver = await startReceiver()
    const bare = join(tempDir(), 'hooks.git')
    const registry = createRegistry({ config: configOf(receiver.url) })
    registry.repo.write('team/promptctl.yaml', configOf(receiver.url).replace('acme', 'team'))
    registry.repo.write('broken/promptctl.yaml', 'name: [')
    registry.commit('more registries')
    const { slug } = registry.live('Greet', 'Hi')
    registry.repo.write(`team/${registry.file(slug)}`, registry.repo.read(registry.file(slug)))
    registry.commit('copy')
    execFileSync('git', ['clone', '-q', '--bare', registry.dir, bare], { env: registry.repo.env })
    const lines = [
      `${registry.repo.git('rev-parse', 'HEAD~2')} ${registry.head()} refs/heads/main`,
      `${ZEROS} ${registry.head()} refs/heads/other`,
      `${ZEROS} ${registry.head()} refs/tags/v1`,
      `${registry.head()} ${ZEROS} refs/heads/gone`,
    ]
    const place = { dir: bare, env: { ...registry.repo.env, ...ENV, GIT_DIR: '.' }, stdin: `${lines.join('\n')}\n` }
    const result = await promptctl(place, 'notify', '--post-receive', '--json')
    expect(JSON.parse(result.stderr).error.code).toBe('invalid_config')
    const heard = receiver.received.map(bodyOf).map((body) => `${body.registry} ${body.version} ${body.action}`)
    expect(heard.sort()).toEqual(['acme 2 published', 'team 1 published'])
    expect(readdirSync(join(bare, 'promptctl')).sort()).toEqual(expect.arrayContaining(['in-team', 'root']))
  })
})

describe('webhook', () => {
  it('test sends a ping; verify checks what came', async () => {
    const { receiver, registry, run } = await setUp()
    expect((await run('webhook', 'test')).exit).toBe(0)
    const [ping] = receiver.received
    expect(JSON.parse(ping?.body.toString() ?? '')).toMatchObject({ event: 'ping', registry: 'acme' })
    const file = join(tempDir(), 'body.json')
    writeFileSync(file, ping?.body ?? '')
    const headers = Object.entries(ping?.headers ?? {}).flatMap(([name, value]) =>
      /^(webhook-|x-signature)/.test(name) ? ['--header', `${name}: ${value}`] : [],
    )
    expect((await run('webhook', 'verify', file, ...headers)).stdout).toBe('The signature is valid.\n')
    const late = registry.place({ env: ENV, now: () => Date.now() })
    expect(await promptctl(late, 'webhook', 'verify', file, ...headers)).toMatchObject({ exit: 1 })
    writeFileSync(file, `${ping?.body} `)
    expect(await run('webhook', 'verify', file, ...headers)).toMatchObject({ exit: 1 })
  })

  it('list shows the endpoints, secret makes one that nobody else has', async () => {
    const { run, receiver } = await setUp(undefined, '    environments: [production]\n')
    expect((await run('webhook', 'list', '--json')).json()).toEqual([
      {
        endpoint: receiver.url,
        secret_env: 'PROMPTCTL_WEBHOOK_SECRET',
        secret_set: true,
        environments: ['production'],
        actions: null,
      },
    ])
    const [first, second] = [(await run('webhook', 'secret')).stdout, (await run('webhook', 'secret')).stdout]
    expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/)
    expect(first).not.toBe(second)
  })

  it.each([
    [['webhook', 'dance']],
    [['webhook', 'verify']],
    [['webhook', 'verify', '-', '--header', 'nonsense']],
    [['webhook', 'list', 'x']],
  ])('%j: usage', async (words) => {
    const place = { dir: tempDir(), env: isolatedEnv(tempDir()) }
    expect((await promptctl(place, ...words)).exit).toBe(2)
  })
})
