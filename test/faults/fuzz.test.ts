import { describe, expect, it } from 'vitest'
import { ERROR_CODES, isPromptctlError } from '../../src/core/errors.js'
import { STATUS } from '../../src/server/status.js'
import { cpuMs } from '../helpers/effort.js'
import { createRegistry } from '../helpers/registry.js'
import { openServer } from '../helpers/server.js'
import { budgetMs, createRandom, report, SEED, timeoutMs } from './budget.js'
import { mutate } from './fuzz/mutate.js'
import { createTargets, type Target } from './fuzz/targets.js'

/**
 * What strangers write, mutated: no crash, no hang over a second, no answer but the documented ones. The second is one of
 * the processor's: a machine that does other things meanwhile is no hang.
 */

const SHORT_MS = 4_000
const SLOWEST_MS = 1000
const targets = createTargets()
const share = budgetMs('fuzz', SHORT_MS) / (targets.length + 2)

function readOne({ name, read }: Target, bytes: Buffer): void {
  const about = `${name}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 2000)}`
  const began = cpuMs()
  try {
    read(bytes)
  } catch (error) {
    if (!isPromptctlError(error) || !ERROR_CODES.includes(error.code)) throw new Error(about, { cause: error })
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
      const { slug } = registry.live('Greet', 'Hello {{name}}', 'production')
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
        const request = createRequest(slug, random)
        if (!URL.canParse(request.url, 'http://127.0.0.1')) continue
        const began = cpuMs()
        const response = await app.inject(request)
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

function createRequest(slug: string, random: () => number) {
  const texts = (...list: readonly string[]) =>
    mutate(
      list.map((text) => Buffer.from(text)),
      random,
    ).toString('latin1')
  const url = texts(
    '/api/v1/templates?environment=production&limit=2',
    `/api/v1/templates/${slug}`,
    `/api/v1/templates/${slug}/versions/2`,
    `/api/v1/templates/${slug}/rollback/2`,
    `/api/v1/templates/${slug}/publish`,
    `/api/v1/prompts/${slug}?environment=production&version=2`,
    `/api/v1/prompts/${slug}/compiled?environment=production`,
    `/api/public/v2/prompts/${slug}?label=production`,
    '/healthz',
    '/metrics',
    '/prompts/..%2f..%2fetc%2fpasswd',
  )
  const headers = {
    host: random() < 0.9 ? '127.0.0.1' : texts('127.0.0.1:80').replace(/[^ -~]/g, ''),
    authorization:
      random() < 0.8 ? 'Bearer secret' : texts('Bearer secret', 'Basic c2VjcmV0OnNlY3JldA==').replace(/[^ -~]/g, ''),
    'content-type':
      random() < 0.9 ? 'application/json' : texts('application/json', 'text/plain').replace(/[^ -~]/g, ''),
    ...(random() < 0.3 ? { 'if-none-match': texts('"abc"', 'W/"a", *').replace(/[^ -~]/g, '') } : {}),
    ...(random() < 0.3 ? { 'if-match': texts('"abc"', '"3"').replace(/[^ -~]/g, '') } : {}),
  }
  const method = METHODS[Math.floor(random() * METHODS.length)] ?? 'GET'
  const payload = texts(
    '{"name":"Bo"}',
    '{}',
    '[]',
    '{"values":{"name":1}}',
    '{"environment":"staging","template":"Hi {{name}}"}',
  )
  const path = `/${url.replace(/^\/+/, '')}`.replace(/[^!-~]/g, (char) => encodeURIComponent(char))
  return { method, url: path, headers, ...(method === 'POST' || method === 'PUT' ? { payload } : {}) }
}
