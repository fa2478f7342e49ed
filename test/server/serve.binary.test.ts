import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function serve({ dir, repo }: TestRegistry, ...words: string[]) {
  const env = { ...repo.env, PROMPTCTL_DEBUG: '1' }
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', ...words], { cwd: dir, env })
  started.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  const urlOf = (): string => /"url":"([^"]+)"/.exec(text)?.[1] ?? ''
  await expect.poll(urlOf).not.toBe('')
  const url = urlOf()
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200)
  return { child, url, text: () => text, port: Number(new URL(url).port) }
}

/** A request that the server has begun to read, and whose body is not whole yet; `finish` sends the rest, and gives the answer. */
async function begin(port: number, slug: string): Promise<{ finish(): Promise<string> }> {
  const body = JSON.stringify({ name: 'secret-value' })
  const socket: Socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `POST /api/v1/prompts/${slug}/compiled HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  )
  const [proceed] = await once(socket.setEncoding('utf8'), 'data')
  expect(proceed).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  let answer = ''
  socket.on('data', (more: string) => {
    answer += more
  })
  const closed = once(socket, 'close')
  return {
    finish: async () => {
      socket.write(body.slice(5))
      await closed
      return answer
    },
  }
}

/** Asks again and again on one connection, and gives the error that ended it. */
async function askSteadily(url: string): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    const error = await new Promise<string | undefined>((done) => {
      const request = get(url, { agent }, (response) => response.resume().on('end', () => done(undefined)))
      request.on('error', (failure: NodeJS.ErrnoException) => done(failure.code ?? failure.message))
    })
    if (error !== undefined) return error
  }
}

describe('promptctl serve', () => {
  it('answers 100 requests that are in flight at SIGTERM, and exits 0 [case 66]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Private text for {{name}}', 'production')
    const { child, url, text, port } = await serve(fixture, '--env', 'production')
    const requests = await Promise.all(Array.from({ length: 100 }, () => begin(port, slug)))
    const missing = await fetch(`${url}/api/v1/prompts/${slug}/compiled`, { method: 'POST' })
    expect(missing.status).toBe(422)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await expect.poll(() => text().includes('draining')).toBe(true)
    const answers = await Promise.all(requests.map(({ finish }) => finish()))
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).toMatch(/^connection: close\r$/im)
      expect(answer).toContain('Private text for secret-value')
    }
    expect(await exited).toEqual([0, null])
    // Neither a value nor the prompt's text, with PROMPTCTL_DEBUG too.
    expect(text()).toContain('"route":"/api/v1/prompts/:slug/compiled","status":200')
    expect(text()).not.toMatch(/secret-value|Private text/)
  })

  it('tells who keeps a connection that it ends, and waits for nobody who says nothing [case 66]', async () => {
    const { child, url, text, port } = await serve(createRegistry())
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    const asking = Array.from({ length: 8 }, () => askSteadily(`${url}/healthz`))
    await expect.poll(() => text().split('"route":"/healthz"').length).toBeGreaterThan(100)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['ECONNREFUSED']))
    expect(await exited).toEqual([0, null])
    // Connections that have to be cut are cut after 25 s.
  })
})
