import { afterAll, describe, expect, it } from 'vitest'
import { ERROR_CODES, isPromptctlError } from '../../src/core/errors.js'
import { STATUS } from '../../src/server/status.js'
import { cpuMs } from '../helpers/effort.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'
import { budgetMs, createRandom, report, SEED, timeoutMs } from './budget.js'
import { inputsOf, linesOf } from './fuzz/corpus.js'
import { mutate } from './fuzz/mutate.js'
import { createTargets, type Target } from './fuzz/targets.js'
import { Watchdog } from './fuzz/watchdog.js'

/**
 * What strangers write, mutated: no crash, no hang over a second, no answer but the documented ones. The second is one of
 * the processor's: a machine that does other things meanwhile is no hang.
 */

const SHORT_MS = 4_000
const SLOWEST_MS = 1000
const watchdog = new Watchdog(20 * SLOWEST_MS)
afterAll(() => watchdog.end())
const targets = createTargets()
const share = budgetMs('fuzz', SHORT_MS) / (targets.length + 2)

function readOne({ name, read }: Target, bytes: Buffer): void {
  const about = `${name}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 2000)}`
  const began = cpuMs()
  watchdog.watch(about)
  try {
    read(bytes)
  } catch (error) {
    if (!isPromptctlError(error) || !ERROR_CODES.includes(error.code)) throw new Error(about, { cause: error })
  } finally {
    watchdog.rest()
  }
  expect(cpuMs() - began, about).toBeLessThan(SLOWEST_MS)
}

describe('hostile input', () => {
  it.each(targets)(
    'is read or refused: $name',
    (target) => {
      const random = createRandom(SEED)
      let inputs = 0
      for (const bytes of target.corpus) readOne(target, bytes)
      for (const deadline = Date.now() + share; Date.now() < deadline; inputs += 1) {
        readOne(target, mutate(target.corpus, random))
      }
      report('fuzz', { target: target.name, inputs })
    },
    timeoutMs('fuzz', SHORT_MS),
  )

  it(
    'over HTTP gets a documented status, and a problem document when it is refused [case 67]',
    async () => {
      const registry = createRegistry()
      // The paths of the corpus name it.
      expect(registry.live('Greet', 'Hello {{name}}', 'production').slug).toBe('greet-00000001')
      const { app } = await openServer(registry, { tokens: { secret: ['read:production', 'write:staging'] } })
      const random = createRandom(SEED)
      const allowed = new Set([
        200,
        201,
        204,
        304,
        405,
        406,
        412,
        413,
        414,
        415,
        422,
        428,
        431,
        ...Object.values(STATUS),
      ])
      allowed.delete(STATUS.unavailable)
      let inputs = 0
      for (const deadline = Date.now() + 2 * share; Date.now() < deadline; inputs += 1) {
        const request = createRequest(random)
        if (!URL.canParse(request.url, 'http://127.0.0.1')) continue
        const began = cpuMs()
        watchdog.watch(JSON.stringify(request))
        const response = await app.inject(request)
        watchdog.rest()
        const about = `${JSON.stringify(request)}: ${response.statusCode} ${response.payload.slice(0, 500)}`
        expect(cpuMs() - began, about).toBeLessThan(SLOWEST_MS)
        expect([...allowed], about).toContain(response.statusCode)
        if (response.statusCode >= 400 && request.method !== 'HEAD' && !request.url.startsWith('/api/public')) {
          expect(response.headers['content-type'], about).toContain('problem+json')
        }
      }
      report('fuzz', { target: 'HTTP', inputs })
    },
    timeoutMs('fuzz', SHORT_MS),
  )
})

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'] as const

const [PATHS, BODIES] = [inputsOf('http-paths.txt'), inputsOf('http-bodies.txt')]
const HEADERS = linesOf('http-headers.txt').map((line) => /^(\S+): (.*)$/.exec(line)?.slice(1) ?? [])

/** A value of that header, mutated; a header holds no other characters. */
const headerOf = (name: string, random: () => number): string => {
  const values = HEADERS.filter(([known]) => known === name).map(([, value = '']) => Buffer.from(value))
  return mutate(values, random)
    .toString('latin1')
    .replace(/[^ -~]/g, '')
}

function createRequest(random: () => number) {
  const url = mutate(PATHS, random).toString('latin1')
  const headers = {
    host: random() < 0.9 ? '127.0.0.1' : headerOf('host', random),
    authorization: random() < 0.8 ? 'Bearer secret' : headerOf('authorization', random),
    'content-type': random() < 0.9 ? 'application/json' : headerOf('content-type', random),
    ...(random() < 0.3 ? { 'if-none-match': headerOf('if-none-match', random) } : {}),
    ...(random() < 0.3 ? { 'if-match': headerOf('if-match', random) } : {}),
  }
  const method = METHODS[Math.floor(random() * METHODS.length)] ?? 'GET'
  const payload = mutate(BODIES, random).toString('latin1')
  const path = `/${url.replace(/^\/+/, '')}`.replace(/[^!-~]/g, (char) => encodeURIComponent(char))
  return { method, url: path, headers, ...(method === 'POST' || method === 'PUT' ? { payload } : {}) }
}
