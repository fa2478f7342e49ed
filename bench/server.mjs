import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Servers that are measured: ours, and the one that it is measured against. */

const LONGEST_START_MS = 120_000

/** A token for every environment, and the file that `serve` reads. */
export function createToken({ env, node, promptctl, surroundings }) {
  const [, ...words] = promptctl('token', 'create', '--name', 'bench', '--scope', 'read:*', '--json')
  const { token, line } = JSON.parse(execFileSync(node, words, { env, encoding: 'utf8' }))
  const file = join(surroundings.scratch('serve'), 'tokens')
  writeFileSync(file, `${line}\n`)
  return { token, file }
}

/** Starts promptctl and waits until it is ready. Its log goes to a file, as a service's does. */
export async function startServer(context, repository, { file }) {
  const log = join(context.surroundings.scratch('serve'), `log-${context.count()}`)
  const [program, ...words] = context.promptctl('serve', '--port', '0', '--tokens', file)
  const started = process.hrtime.bigint()
  const stdio = ['ignore', openSync(log, 'w'), 'inherit']
  const child = spawn(program, words, { cwd: repository.dir, env: context.env, stdio })
  const url = await until(child, () => /"url":"([^"]+)"/.exec(readFileSync(log, 'utf8'))?.[1])
  await until(child, async () => (await fetch(`${url}/readyz`)).status === 200 || undefined)
  const readyMs = Number(process.hrtime.bigint() - started) / 1e6
  return { child, url, readyMs, stop: () => stop(child) }
}

/** Starts the bare route, which answers so many bytes. */
export async function startBareRoute(context, token, bytes) {
  const log = openSync(join(context.surroundings.scratch('serve'), 'bare.log'), 'w')
  const words = [join(context.bench, 'peers/bare-route.mjs'), token, String(bytes)]
  const child = spawn(context.node, words, { env: context.env, stdio: ['ignore', log, 'pipe'] })
  const [port] = await once(child.stderr, 'data')
  return { child, url: `http://127.0.0.1:${String(port).trim()}`, stop: () => stop(child) }
}

async function stop(child) {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function until(child, look) {
  const end = Date.now() + LONGEST_START_MS
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}`)
    const found = await look()
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 5))
  }
  throw new Error('the server was not ready in time')
}

/** MiB that are resident now. */
export const residentOf = ({ pid }) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
