import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from '../../src/git/lock.js'
import { currentProcess } from '../../src/git/process-identity.js'
import { bundle } from '../helpers/bundle.js'

let worker: Awaited<ReturnType<typeof bundle>>
let dir: string

beforeAll(async () => {
  worker = await bundle('test/git/lock-worker.ts')
})
afterAll(() => worker.remove())
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'promptctl-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [worker.program, dir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.on('exit', resolve)
  })

/** A process that has the lock, and holds it until it is killed or for `ms`. */
async function holder(ms?: number): Promise<ChildProcess> {
  const child = start('hold', ...(ms === undefined ? [] : [`${ms}`]))
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}

const writeLock = (content: object | string): void =>
  writeFileSync(join(dir, 'lock'), typeof content === 'string' ? content : JSON.stringify(content))

const NONCE = 'abcdefabcdefabcdefabcdef'
const since = '2026-01-02T03:04:05.000Z'

describe('the advisory lock [case 31]', () => {
  it('is there while the action runs, and gone after it, also when it fails', async () => {
    const deep = join(dir, 'made/for/it')
    const seen = await withLock(deep, async () => JSON.parse(readFileSync(join(deep, 'lock'), 'utf8')), {
      now: () => Date.parse(since),
    })
    expect(seen).toEqual({ ...currentProcess(), nonce: expect.any(String), since })
    expect(readdirSync(deep)).toEqual([])
    await expect(withLock(deep, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(readdirSync(deep)).toEqual([])
  })

  it('waits for a live process', async () => {
    const child = await holder(1500)
    const started = performance.now()
    expect(await withLock(dir, async () => 'ours')).toBe('ours')
    expect(performance.now() - started).toBeGreaterThan(200)
    await ended(child)
  })

  it('gives up on a live process, naming it', async () => {
    const child = await holder()
    await expect(withLock(dir, async () => 'ours', { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`process ${child.pid}`),
      details: { pid: child.pid, host: hostname(), path: join(dir, 'lock') },
    })
    expect(existsSync(join(dir, 'lock'))).toBe(true)
    child.kill('SIGKILL')
    await ended(child)
  })

  it('does not give up while holders change: a queue of many is no lock that hangs', async () => {
    const turn = (): void =>
      writeLock({ pid: process.pid, host: hostname(), nonce: randomBytes(12).toString('hex'), since })
    turn()
    const turns = setInterval(turn, 200)
    setTimeout(() => {
      clearInterval(turns)
      rmSync(join(dir, 'lock'), { force: true })
    }, 4000)
    expect(await withLock(dir, async () => 'ours', { timeoutMs: 2500 })).toBe('ours')
  })

  it('is taken over from a process that was killed', async () => {
    const child = await holder()
    child.kill('SIGKILL')
    await ended(child)
    expect(existsSync(join(dir, 'lock'))).toBe(true)
    expect(await withLock(dir, async () => readdirSync(dir), { timeoutMs: 0 })).toEqual(['lock'])
    expect(readdirSync(dir)).toEqual([])
  })

  it('is taken over when the pid is used again by another process', async () => {
    writeLock({ pid: process.pid, host: hostname(), ticks: '1', nonce: NONCE, since })
    expect(await withLock(dir, async () => 'ours', { timeoutMs: 0 })).toBe('ours')
  })

  it('waits for another host, then names it', async () => {
    writeLock({ pid: 1, host: 'elsewhere.example', nonce: NONCE, since })
    await expect(withLock(dir, async () => 'ours', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('process 1 on elsewhere.example'),
    })
    expect(readdirSync(dir)).toEqual(['lock'])
  })

  it.each(['', 'garbage', '{}', '{"pid":-1,"host":"x"}'])(
    'is taken over when a power cut left %j of it',
    async (text) => {
      writeLock(text)
      await expect(withLock(dir, async () => 'early', { timeoutMs: 0 })).rejects.toMatchObject({ code: 'unavailable' })
      utimesSync(join(dir, 'lock'), 1e9, 1e9)
      expect(await withLock(dir, async () => 'ours', { timeoutMs: 0 })).toBe('ours')
    },
  )

  it('names a link in its place that leads nowhere', async () => {
    symlinkSync('nowhere', join(dir, 'lock'))
    await expect(withLock(dir, async () => 'ours', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(join(dir, 'lock')),
    })
    expect(readdirSync(dir)).toEqual(['lock'])
  })

  it('is taken over when the process that was taking it over died, too', async () => {
    const dead = { pid: 2 ** 22 + 1, host: hostname(), since }
    const heir = 'fedcbafedcbafedcbafedcba'
    writeLock({ ...dead, nonce: NONCE })
    writeFileSync(join(dir, `lock.${NONCE}.heir`), JSON.stringify({ ...dead, nonce: heir }))
    writeFileSync(join(dir, `lock.${heir}`), JSON.stringify({ ...dead, nonce: heir }))
    expect(await withLock(dir, async () => readdirSync(dir), { timeoutMs: 0 })).toEqual(['lock'])
    expect(readdirSync(dir)).toEqual([])
  })

  it('has one holder at a time, also when several take it over from the dead', async () => {
    const victim = await holder()
    const counters = [1, 2, 3, 4].map(() => start('count', '30'))
    const assassins = setTimeout(() => victim.kill('SIGKILL'), 300)
    const results = await Promise.all(counters.map(ended))
    clearTimeout(assassins)
    expect(results).toEqual([0, 0, 0, 0])
    expect(existsSync(join(dir, 'violations'))).toBe(false)
    expect(readFileSync(join(dir, 'counter'), 'utf8')).toBe('120')
    expect(readdirSync(dir)).toEqual(['counter'])
  })

  it('goes with a process that exits while it holds it', async () => {
    const child = await holder(100)
    await ended(child)
    expect(readdirSync(dir)).toEqual([])
  })

  it('is exclusive within one process', async () => {
    let inside = 0
    const most = await Promise.all(
      Array.from({ length: 10 }, () =>
        withLock(dir, async () => {
          inside += 1
          const seen = inside
          await new Promise((resolve) => setTimeout(resolve, 2))
          inside -= 1
          return seen
        }),
      ),
    )
    expect(most).toEqual(new Array(10).fill(1))
  })
})
