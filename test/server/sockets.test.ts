import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { listen } from '../../src/server/listen.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

async function open() {
  const fixture = createRegistry()
  const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
  const { app } = await openServer(fixture, { environment: 'production' })
  const { url } = await listen(app, { host: '127.0.0.1', port: 0 })
  return { url, slug, port: Number(new URL(url).port) }
}

/** Sends text, and gives what came back until the server closed the connection. */
function talk(port: number, text: string): Promise<{ readonly answer: string; readonly ms: number }> {
  const started = performance.now()
  return new Promise((done) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    sockets.push(socket)
    socket.setEncoding('utf8').on('data', (more: string) => {
      answer += more
    })
    socket.on('error', () => undefined)
    socket.on('close', () => done({ answer, ms: performance.now() - started }))
  })
}

describe('limits on a real socket [case 62]', () => {
  it('answers 431 for 20 KiB of headers, and 400 for what is no HTTP', async () => {
    const { port } = await open()
    const large = await talk(port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_480)}\r\n\r\n`)
    expect(large.answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(large.answer).toContain('"status":431')
    expect((await talk(port, 'nonsense\r\n\r\n')).answer).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('answers 413 for 1 MB of body', async () => {
    const { url, slug } = await open()
    const answer = await fetch(`${url}/api/v1/prompts/${slug}/compiled`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'x'.repeat(1_000_000) }),
    })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([413, 'usage'])
  })

  it.each([
    ['no Host', 400, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['an unknown expectation', 417, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok\r\n\r\n'],
  ])('answers a request with %s by a problem document', async (_, status, request) => {
    const { port } = await open()
    const { answer } = await talk(port, request)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head.toLowerCase()).toContain('content-type: application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status, code: 'usage' })
  })

  it('refuses a request without Host, and one with a strange one', async () => {
    const { port } = await open()
    expect((await talk(port, 'GET /healthz HTTP/1.0\r\n\r\n')).answer).toMatch(/^HTTP\/1\.1 403 /)
    const strange = 'GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'
    expect((await talk(port, strange)).answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('cuts 500 clients that send their headers slowly, and serves others meanwhile', async () => {
    const { url, slug, port } = await open()
    let ended = 0
    const slow = Array.from({ length: 500 }, () =>
      talk(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A').finally(() => {
        ended += 1
      }),
    )
    for (let round = 0; round < 20; round++) {
      expect((await fetch(`${url}/api/v1/prompts/${slug}`)).status).toBe(200)
    }
    expect(ended).toBe(0)
    for (const { answer, ms } of await Promise.all(slow)) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
      // 10 s and the interval of the checks; Node's own interval would make it 40 s.
      expect(ms).toBeLessThan(20_000)
    }
  })
})
