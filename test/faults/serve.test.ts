import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import { budgetMs, createRandom, isLong, report, SEED, timeoutMs } from './budget.js'

/** The server as a process: killed while it loads. */

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))
const SHORT_MS = 2_000

interface Served {
  readonly url: string
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
}

const started: Served[] = []
afterAll(() => {
  for (const { child } of started) child.kill('SIGKILL')
})

async function start({ dir, repo }: TestRegistry): Promise<Served> {
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--env', 'production'], {
    cwd: dir,
    env: repo.env,
    detached: true,
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const look = (data: Buffer): void => {
      output += data
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    ended.then((status) => reject(new Error(`serve ended with ${status}: ${output}`)))
  })
  await until(async () => (await fetch(`${url}/readyz`)).status === 200)
  const served = { url, child, ended }
  started.push(served)
  return served
}

interface Pair {
  readonly registry: TestRegistry
  /** The second is a part of the first; see publishBoth. */
  readonly slugs: readonly [string, string]
}

function createPair(): Pair {
  const registry = createRegistry()
  const greet = registry.live('Greet', 'Text 0 of {{name}} {{> part-00000002}}', 'production').slug
  return { registry, slugs: [greet, registry.live('Part', 'Part 0', 'production').slug] }
}

const compiled = async (url: string, slug: string): Promise<string> => {
  const response = await fetch(`${url}/api/v1/prompts/${slug}/compiled`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Bo"}',
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { compiled: string }).compiled
}

/** Waits for at most ten seconds. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error('it never became so')
    await sleep(20)
  }
}

/** Publishes both prompts in one commit, with the same number in their texts. */
async function publishBoth({ registry, slugs }: Pair, n: number): Promise<void> {
  for (const slug of slugs) {
    const text = registry.repo.read(registry.file(slug, 'production'))
    registry.repo.write(registry.file(slug, 'production'), text.replace(/(Text|Part) \d+/, `$1 ${n}`))
  }
  await registry.json('publish', ...slugs, '--env', 'production')
}

describe('a server', () => {
  it(
    'that is killed while it loads leaves nothing behind, and the next one serves what is live',
    async () => {
      const pair = createPair()
      const random = createRandom(SEED)
      let kills = 0
      const deadline = Date.now() + budgetMs('serve', SHORT_MS)
      while (Date.now() < deadline || kills < (isLong ? 10 : 1)) {
        const { url, child, ended } = await start(pair.registry)
        await publishBoth(pair, ++kills)
        await sleep(random() * 60)
        process.kill(-(child.pid ?? 0), 'SIGKILL')
        await ended
        await expect(fetch(url)).rejects.toThrow()
        expect(pair.registry.repo.git('status', '--porcelain')).toBe('')
        const next = await start(pair.registry)
        expect(await compiled(next.url, pair.slugs[0])).toBe(`Text ${kills} of Bo Part ${kills}`)
        next.child.kill('SIGTERM')
        expect(await next.ended).toBe(0)
      }
      pair.registry.repo.check()
      report('serve', { killsWhileLoading: kills })
    },
    timeoutMs('serve', SHORT_MS),
  )
})
