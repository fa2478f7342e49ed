import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/core/event.js'
import { withLock } from '../../src/git/lock.js'
import type { DeliveryOutcome } from '../../src/registry/ports.js'
import type { Exclusively } from '../../src/webhook/attempt.js'
import { createNotifier } from '../../src/webhook/notifier.js'
import { Outbox } from '../../src/webhook/outbox.js'
import { runWorker } from '../../src/webhook/worker.js'
import { type Answering, startReceiver, statuses } from '../helpers/receiver.js'

const root = mkdtempSync(join(tmpdir(), 'promptctl-outbox-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const exclusively: Exclusively = async (dir, action, timeoutMs) => {
  try {
    return { value: await withLock(dir, action, { timeoutMs }) }
  } catch (error) {
    if (String(error).includes('locked by')) return undefined
    throw error
  }
}

/** An outbox in a repository of its own, and a receiver. */
async function setUp(answering?: Answering, now: () => number = Date.now) {
  const receiver = await startReceiver(answering)
  const repository = mkdtempSync(join(root, 'repository-'))
  const stateDir = join(repository, 'root')
  mkdirSync(stateDir)
  const env: Record<string, string | undefined> = {
    PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1',
    PROMPTCTL_SECRET: 'top secret',
  }
  const options = { stateDir, root: repository, env, now, exclusively, program: undefined }
  const notifier = createNotifier(options)
  const deliveryOf = (number: number): Delivery => ({
    id: `msg_${number}`,
    url: receiver.url,
    secretEnv: 'PROMPTCTL_SECRET',
    about: `event ${number}`,
    body: `{"n":${number}}`,
  })
  return {
    receiver,
    notifier,
    stateDir,
    env,
    deliveryOf,
    enqueue: (count: number) => notifier.enqueue(Array.from({ length: count }, (_, index) => deliveryOf(index + 1))),
    work: () => runWorker(options),
    files: () => readdirSync(join(stateDir, 'outbox')),
    ids: () => receiver.received.map(({ headers }) => headers['webhook-id']),
  }
}

const brief = ({ id, delivered, status, retried }: DeliveryOutcome) => [id, delivered, status, retried]

describe('the outbox', () => {
  it('keeps a file a delivery until the endpoint has answered 2xx, in order', async () => {
    const { notifier, enqueue, files, ids } = await setUp()
    await enqueue(3)
    expect(files().sort()).toEqual(['msg_1.json', 'msg_2.json', 'msg_3.json'])
    expect((await notifier.deliver({})).map(brief)).toEqual([1, 2, 3].map((n) => [`msg_${n}`, true, 200, false]))
    expect(ids()).toEqual(['msg_1', 'msg_2', 'msg_3'])
    expect(files()).toEqual([])
  })

  it('a delivery that is there already stays as it is', async () => {
    const { notifier, enqueue } = await setUp(statuses(500))
    await enqueue(1)
    await notifier.deliver({})
    await enqueue(2)
    expect((await notifier.list()).map(({ id, attempts }) => [id, attempts])).toEqual([
      ['msg_2', 0],
      ['msg_1', 1],
    ])
  })

  it('a file that is cut in half, or that is something else, is put aside', async () => {
    const { notifier, enqueue, stateDir, files, ids } = await setUp()
    await enqueue(2)
    const path = join(stateDir, 'outbox/msg_1.json')
    writeFileSync(path, readFileSync(path).subarray(0, 40))
    writeFileSync(join(stateDir, 'outbox/notes.txt'), 'hello')
    writeFileSync(join(stateDir, 'outbox/msg_9.json'), '{"format":1,"id":"../../x"}')
    await notifier.deliver({})
    expect(ids()).toEqual(['msg_2'])
    expect(files()).toEqual([])
    expect((await notifier.damaged()).map((file) => file.slice(stateDir.length + 1)).sort()).toEqual(
      ['msg_1.json', 'msg_9.json', 'notes.txt'].map((name) => `outbox.damaged/${name}`),
    )
  })

  it('never reads another variable than the configuration may name', async () => {
    const { stateDir, enqueue, notifier } = await setUp()
    await enqueue(1)
    const path = join(stateDir, 'outbox/msg_1.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('PROMPTCTL_SECRET', 'AWS_SECRET_ACCESS_KEY'))
    expect(await notifier.deliver({})).toEqual([])
  })

  it('holds no secret', async () => {
    const { stateDir, enqueue, notifier } = await setUp(statuses(500))
    await enqueue(1)
    await notifier.deliver({})
    expect(readFileSync(join(stateDir, 'outbox/msg_1.json'), 'utf8')).not.toContain('top secret')
  })
})

describe('attempts', () => {
  it.each([
    [404, false],
    [302, false],
    [400, false],
    [410, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('after %i a delivery is tried again: %s [case 40]', async (status, isRetried) => {
    const { notifier, enqueue } = await setUp(statuses(status))
    await enqueue(1)
    expect((await notifier.deliver({})).map(brief)).toEqual([['msg_1', false, status, isRetried]])
    expect(await notifier.list()).toMatchObject([{ state: isRetried ? 'pending' : 'failed', attempts: 1, status }])
  })

  it('what has failed for good is sent again only by its id [case 40]', async () => {
    const { notifier, enqueue, files, ids } = await setUp(statuses(404, 200))
    await enqueue(1)
    await notifier.deliver({})
    expect(await notifier.deliver({})).toEqual([])
    expect((await notifier.deliver({ ids: ['msg_1'] })).map(brief)).toEqual([['msg_1', true, 200, false]])
    expect(ids()).toEqual(['msg_1', 'msg_1'])
    expect(files()).toEqual([])
  })

  it('an endpoint that is silent holds up nobody: what follows is not tried, and is not lost', async () => {
    const { notifier, enqueue, receiver } = await setUp()
    receiver.close()
    await enqueue(20)
    const outcomes = await notifier.deliver({})
    expect(outcomes.map(({ retried }) => retried)).toEqual(Array(20).fill(true))
    expect((await notifier.list()).filter(({ attempts }) => attempts > 0)).toHaveLength(1)
  })

  it('a Retry-After is obeyed until it is over, or the clock has jumped', async () => {
    let now = 1_700_000_000_000
    const answering: Answering = (response, _, index) =>
      index === 0 ? response.writeHead(429, { 'retry-after': '120' }).end() : response.end()
    const { notifier, enqueue, receiver } = await setUp(answering, () => now)
    await enqueue(2)
    const until = new Date(now + 120_000).toISOString()
    const waits = { delivered: false, reason: null, waits_until: until }
    expect(await notifier.deliver({})).toMatchObject([{ status: 429, waits_until: null }, waits])
    now += 60_000
    expect(await notifier.deliver({})).toMatchObject([waits, { waits_until: until }])
    expect((await notifier.list()).map(({ id, waits_until }) => [id, waits_until])).toEqual([
      ['msg_2', null],
      ['msg_1', until],
    ])
    expect(receiver.received).toHaveLength(1)
    now -= 24 * 60 * 60 * 1000
    expect((await notifier.deliver({})).map(brief)).toEqual([
      ['msg_2', true, 200, false],
      ['msg_1', true, 200, false],
    ])
  })

  it('without the secret nothing is sent, and nothing is lost', async () => {
    const { notifier, enqueue, env, receiver } = await setUp()
    await enqueue(1)
    env['PROMPTCTL_SECRET'] = undefined
    expect(await notifier.deliver({})).toMatchObject([
      { delivered: false, retried: true, reason: 'PROMPTCTL_SECRET holds no secret' },
    ])
    expect(receiver.received).toHaveLength(0)
    env['PROMPTCTL_SECRET'] = 'x'
    expect(await notifier.deliver({})).toMatchObject([{ delivered: true }])
  })
})

describe.concurrent('the background process', () => {
  it('500, 500, 200: three requests under one id, and an empty outbox [case 39]', async () => {
    const { enqueue, work, ids, files } = await setUp(statuses(500, 500, 200))
    await enqueue(1)
    await work()
    expect(ids()).toEqual(['msg_1', 'msg_1', 'msg_1'])
    expect(files()).toEqual([])
  })

  it('always 500: stops within 30 s, and the next run delivers under the same id [case 39]', async () => {
    let isHealthy = false
    const { enqueue, work, ids, notifier, files } = await setUp((response) =>
      response.writeHead(isHealthy ? 200 : 500).end(),
    )
    await enqueue(1)
    const began = performance.now()
    await work()
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(await notifier.list()).toMatchObject([
      { id: 'msg_1', attempts: 3, state: 'pending', reason: 'it answered 500' },
    ])
    isHealthy = true
    expect(await notifier.deliver({})).toMatchObject([{ delivered: true }])
    expect(new Set(ids()).size).toBe(1)
    expect(files()).toEqual([])
  })

  it('404: one attempt [case 40]', async () => {
    const { enqueue, work, ids } = await setUp(statuses(404))
    await enqueue(1)
    await work()
    expect(ids()).toEqual(['msg_1'])
  })

  it('429 with Retry-After: 2: not before 2 s [case 40]', async () => {
    const { enqueue, work, receiver } = await setUp((response, _, index) =>
      index === 0 ? response.writeHead(429, { 'retry-after': '2' }).end() : response.end(),
    )
    await enqueue(2)
    await work()
    const [first, second] = receiver.received
    expect(receiver.received).toHaveLength(3)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1990)
  })

  it('two at once, and a person beside them: each delivery is sent once', async () => {
    const { enqueue, work, ids, notifier } = await setUp((response) => setTimeout(() => response.end(), 20))
    await enqueue(10)
    await Promise.all([work(), work(), notifier.deliver({})])
    expect(ids().sort()).toEqual(Array.from({ length: 10 }, (_, index) => `msg_${index + 1}`).sort())
    expect(await notifier.list()).toEqual([])
  })

  it('delivers what came while it worked', async () => {
    const { notifier, deliveryOf, work, ids } = await setUp((response) => setTimeout(() => response.end(), 100))
    await notifier.enqueue([deliveryOf(1)])
    const working = work()
    await new Promise((done) => setTimeout(done, 50))
    await notifier.enqueue([deliveryOf(2)])
    await work()
    await working
    expect(ids()).toEqual(['msg_1', 'msg_2'])
  })

  it('one delivery that fails does not hold up the others', async () => {
    const { enqueue, work, ids } = await setUp((response, { headers }) =>
      response.writeHead(headers['webhook-id'] === 'msg_1' ? 404 : 200).end(),
    )
    await enqueue(3)
    await work()
    expect(ids()).toEqual(['msg_1', 'msg_2', 'msg_3'])
  })
})

describe('the disk', () => {
  it('a folder that cannot be written is told, and what was there stays', async () => {
    const { stateDir, enqueue } = await setUp()
    writeFileSync(join(stateDir, 'outbox'), 'in the way')
    await expect(enqueue(1)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('a temporary file that a dead process left is nobody', async () => {
    const { stateDir, enqueue } = await setUp()
    await enqueue(1)
    writeFileSync(join(stateDir, 'outbox/msg_2.json.x.tmp'), '{')
    expect(new Outbox(stateDir).list()).toHaveLength(1)
  })
})
