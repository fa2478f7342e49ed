import type { AddressInfo, LookupFunction } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSecrets } from '../../src/core/signature.js'
import { type Post, Sender, type SenderOptions } from '../../src/webhook/deliver.js'
import { startReceiver, statuses } from '../helpers/receiver.js'

const secrets = parseSecrets('secret') ?? expect.fail('no secret')

async function post(url: string, { now = 1_700_000_000_000, ...options }: Partial<SenderOptions & Post> = {}) {
  const sender = new Sender({ allowHosts: '127.0.0.1', ...options })
  try {
    return await sender.post({ id: 'msg_1', url, body: '{"é":1}', secrets, now })
  } finally {
    await sender.close()
  }
}

/** A lookup that gives these in turn, then the last one; counts how often it is asked. */
function lookupOf(...answers: readonly (readonly string[])[]) {
  let asked = 0
  const lookup: LookupFunction = (_, options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? []
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all) callback(null, all)
    else callback(null, all[0]?.address ?? '', all[0]?.family ?? 4)
  }
  return { lookup, asked: () => asked }
}

const sockets: Socket[] = []
afterAll(() => {
  for (const socket of sockets) socket.destroy()
})

/** A raw TCP server: what it does with a connection is up to the test. */
async function startRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  afterAll(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('a delivery over HTTP', () => {
  it('is one signed POST of the exact bytes', async () => {
    const receiver = await startReceiver()
    const url = receiver.url.replace('127', 'user:p%40ss@127').concat('?token=t')
    expect(await post(url)).toEqual({ kind: 'answered', status: 200, retryAfter: undefined })
    const [request] = receiver.received
    expect(request?.body.toString()).toBe('{"é":1}')
    expect(request?.path).toBe('/hook?token=t')
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '8',
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    })
  })

  it.each(['//elsewhere.example/hook', '//127.0.0.1:1/hook?a=//b', '/a//b/../c', '/hook#part'])(
    'the path %s stays a path: no other host is named by it [case 43]',
    async (path) => {
      const receiver = await startReceiver()
      const base = receiver.url.replace('/hook', '')
      expect(await post(`${base.replace('127', 'user:pass@127')}${path}`)).toMatchObject({ status: 200 })
      const { pathname, search } = new URL(`${base}${path}`)
      expect(receiver.received.map((request) => request.path)).toEqual([`${pathname}${search}`])
    },
  )

  it('a user that cannot be decoded is refused, and not tried again', async () => {
    const receiver = await startReceiver()
    const answer = await post(receiver.url.replace('127', 'us%zzer:pw@127'))
    expect(answer).toEqual({ kind: 'refused', reason: 'its user or password cannot be decoded' })
    expect(receiver.received).toHaveLength(0)
  })

  it('a redirect is not followed [case 40]', async () => {
    const target = await startReceiver()
    const receiver = await startReceiver((response) => response.writeHead(302, { location: target.url }).end())
    expect(await post(receiver.url)).toMatchObject({ status: 302 })
    expect(target.received).toHaveLength(0)
  })

  it('an endpoint that accepts and never answers is cut off [case 40]', async () => {
    const url = await startRaw(() => {})
    expect(await post(url, { timeoutMs: 300 })).toEqual({ kind: 'silent', reason: 'no answer in time' })
  })

  it('an answer that drips for ever is cut off, and its status counts', async () => {
    const receiver = await startReceiver((response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(drip))
    })
    expect(await post(receiver.url, { timeoutMs: 400 })).toMatchObject({ kind: 'answered', status: 200 })
  })

  it('of an answer of 100 MB no more than 64 KiB are read [case 40]', async () => {
    let sent = 0
    const url = await startRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
        const chunk = Buffer.alloc(64 * 1024)
        const more = (): void => {
          while (!socket.destroyed && sent < 100_000_000) {
            sent += chunk.length
            if (!socket.write(chunk)) {
              socket.once('drain', more)
              return
            }
          }
        }
        more()
      })
    })
    expect(await post(url)).toMatchObject({ status: 200 })
    // What the system's buffers took was sent, and not read.
    expect(sent).toBeLessThan(8_000_000)
  })

  it.each([
    ['nobody listens', 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    ['a name that is not there', 'http://nowhere.invalid/', /ENOTFOUND|EAI_AGAIN/],
  ])('%s: silent', async (_, url, reason) => {
    expect(await post(url, { allowHosts: '127.0.0.1,nowhere.invalid' })).toMatchObject({
      kind: 'silent',
      reason: expect.stringMatching(reason),
    })
  })

  it('garbage in place of HTTP: silent, and its text is not told', async () => {
    const url = await startRaw((socket) => socket.end('SSH-2.0-secret\r\n'))
    const answer = await post(url)
    expect(answer.kind).toBe('silent')
    expect(JSON.stringify(answer)).not.toContain('secret')
  })
})

describe('addresses', () => {
  it.each([
    'https://127.0.0.1:PORT/',
    'http://127.0.0.1:PORT/',
    'https://2130706433:PORT/',
    'https://0x7f.1:PORT/',
    'https://localhost.:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://[::1]:PORT/',
    'https://0.0.0.0:PORT/',
    'https://public.example//127.0.0.1:PORT/evil',
    'https://public.example:443//[::1]:PORT/evil?x=1#y',
  ])('%s is refused without a packet [case 43]', async (url) => {
    let connections = 0
    const raw = await startRaw(() => {
      connections += 1
    })
    const port = new URL(raw).port
    const { lookup } = lookupOf(['10.0.0.1'])
    const answer = await post(url.replace('PORT', port), { allowHosts: undefined, lookup })
    expect(answer.kind).toBe('refused')
    expect(connections).toBe(0)
  })

  it('a name that resolves to a private address is refused, among public ones too [case 43]', async () => {
    for (const addresses of [['127.0.0.1'], ['93.184.216.34', '10.0.0.1'], ['::ffff:127.0.0.1'], []]) {
      const { lookup } = lookupOf(addresses)
      const answer = await post('https://rebind.example/', { allowHosts: undefined, lookup })
      expect(answer).toMatchObject({ kind: 'refused' })
    }
  })

  it('only the look-up of the connection counts, and each connection is looked up [case 43]', async () => {
    const { lookup, asked } = lookupOf(['192.88.99.1'], ['127.0.0.1'])
    const sender = new Sender({ allowHosts: undefined, lookup, timeoutMs: 500 })
    const message = { id: 'msg_1', url: 'https://rebind.example/', body: '{}', secrets, now: 0 }
    expect(await sender.post(message)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('192.88.99.1'),
    })
    expect(await sender.post(message)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('127.0.0.1') })
    expect(asked()).toBe(2)
    await sender.close()
  })

  it('a host that the environment names may have any address [case 43]', async () => {
    const receiver = await startReceiver(statuses(204))
    const { lookup } = lookupOf(['127.0.0.1'])
    const url = `http://hooks.internal:${receiver.port}/`
    expect(await post(url, { allowHosts: 'hooks.internal', lookup })).toMatchObject({ status: 204 })
    expect(await post(url, { allowHosts: undefined, lookup })).toMatchObject({ kind: 'refused' })
  })
})
