import { execFile, spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startReceiver, statuses } from '../helpers/receiver.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'
import type { ProcessEnv } from '../helpers/repo.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

const setUp = (url: string): { registry: TestRegistry; env: ProcessEnv } => {
  const registry = createRegistry({
    config: `name: acme\nbranch: main\nwebhooks:\n  - url: ${url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n`,
  })
  const secrets = { PROMPTCTL_WEBHOOK_SECRET: 'hush', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }
  return { registry, env: { ...registry.repo.env, ...secrets } }
}

/** Runs promptctl in a session of its own, and waits until nobody holds its output any more. */
function run(
  registry: TestRegistry,
  env: ProcessEnv,
  ...words: string[]
): Promise<{ status: number | null; ms: number }> {
  const began = performance.now()
  const child = spawn(process.execPath, [BIN, ...words], { cwd: registry.dir, env, detached: true, stdio: 'pipe' })
  child.stdout.resume()
  child.stderr.resume()
  return new Promise((done) => child.on('close', (status) => done({ status, ms: performance.now() - began })))
}

/** Waits until the outbox is as wanted, or fails. */
async function waitForOutbox(registry: TestRegistry, isRight: (files: readonly string[]) => boolean): Promise<void> {
  const outbox = join(registry.repo.git('rev-parse', '--absolute-git-dir'), 'promptctl/root/outbox')
  for (const deadline = Date.now() + 20_000; !isRight(readdirSync(outbox)); ) {
    if (Date.now() > deadline) throw new Error(`in the outbox: ${readdirSync(outbox).join(' ')}`)
    await new Promise((again) => setTimeout(again, 20))
  }
}

/** A port of the loopback address that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

describe('the background process', () => {
  it('delivers to a receiver that starts when the command and its session are gone [case 39]', async () => {
    const port = await freePort()
    const { registry, env } = setUp(`http://127.0.0.1:${port}/hook`)
    registry.live('Greet', 'Hi')
    expect(await run(registry, env, 'notify', 'HEAD~1..HEAD', '--no-wait')).toMatchObject({ status: 0 })
    const receiver = await startReceiver(statuses(200), port)
    await receiver.waitFor(1)
    await waitForOutbox(registry, (files) => files.length === 0)
  })

  it('nobody waits for it, also when the endpoint hangs [case 39]', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy())))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { registry, env } = setUp(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    registry.live('Greet', 'Hi')
    const { status, ms } = await run(registry, env, 'notify', 'HEAD~1..HEAD', '--no-wait')
    expect(status).toBe(0)
    // The attempt itself goes on for 10 s.
    expect(ms).toBeLessThan(10_000)
    for (const deadline = Date.now() + 20_000; sockets.length === 0 && Date.now() < deadline; ) {
      await new Promise((again) => setTimeout(again, 20))
    }
    expect(sockets).toHaveLength(1)
    server.close()
    for (const socket of sockets) socket.destroy()
  })
})

describe('post-receive', () => {
  it('a plain git push gives one event a version, in order [case 44]', async () => {
    const receiver = await startReceiver()
    const { registry, env } = setUp(receiver.url)
    const { slug } = registry.live('Greet', 'Hi', 'production')
    const bare = join(tempDir(), 'bare.git')
    registry.repo.git('init', '-q', '--bare', '--initial-branch=main', bare)
    const hook = `#!/bin/sh\nexec '${process.execPath}' '${BIN}' notify --post-receive\n`
    writeFileSync(join(bare, 'hooks/post-receive'), hook, { mode: 0o755 })
    // Not in one breath: the receiver is in this process, and the hook waits for its answers.
    const push = (...refs: string[]) =>
      promisify(execFile)('git', ['push', '-q', bare, ...refs], { cwd: registry.dir, env })
    await push('main')
    registry.repo.git('tag', 'v1')
    registry.repo.git('branch', 'side')
    await push('v1', 'side')
    await registry.cli('archive', slug, '--env', 'staging')
    await push('main')
    const events = receiver.received.map(({ body }) => JSON.parse(body.toString()))
    expect(events.map(({ version, action }) => `${version} ${action}`)).toEqual([
      '1 created',
      '2 published',
      '3 promoted',
      '4 promoted',
      '5 archived',
    ])
  })
})
