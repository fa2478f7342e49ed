import { verify as octokitVerify } from '@octokit/webhooks-methods'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { parseSecrets, signatureProblem, signHeaders } from '../../src/core/signature.js'
import { verifySignature } from '../../src/webhook/signature.js'

const NOW = 1_700_000_000_000
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

function sign(body: string, secret: string, now = NOW): Record<string, string> {
  const secrets = parseSecrets(secret)
  if (secrets === undefined) throw new Error('no secret')
  return { ...signHeaders(Buffer.from(body), { id: 'msg_1', timestamp: now / 1000, secrets }) }
}

describe('signing', () => {
  it("signs GitHub's published vector [case 36]", () => {
    expect(sign('Hello, World!', "It's a Secret to Everybody")['x-signature-256']).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    )
  })

  it('signs the vector of the Standard Webhooks libraries [case 36]', () => {
    const secrets = parseSecrets(WHSEC)
    if (secrets === undefined) throw new Error('no secret')
    const headers = signHeaders(Buffer.from('{"test": 2432232314}'), {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      secrets,
    })
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it.each(['{"a":1}', '{"title":"é😀\u2028"}'])(
    '%j passes both libraries, and no changed byte does [cases 36 37]',
    async (body) => {
      const headers = sign(body, WHSEC, Math.floor(Date.now() / 1000) * 1000)
      const signature = headers['x-signature-256'] ?? ''
      const flipped = body.replace('a', 'b').replace('title', 'titel')
      expect(await octokitVerify(WHSEC, body, signature)).toBe(true)
      expect(await octokitVerify(WHSEC, flipped, signature)).toBe(false)
      expect(new Webhook(WHSEC).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Webhook(WHSEC).verify(flipped, headers)).toThrow()
    },
  )

  it('a timestamp of 301 s ago fails, one of 299 s ago does not [case 36]', () => {
    const at = (seconds: number) => sign('{}', WHSEC, Math.floor(Date.now() / 1000 - seconds) * 1000)
    expect(() => new Webhook(WHSEC).verify('{}', at(302))).toThrow()
    expect(() => new Webhook(WHSEC).verify('{}', at(298))).not.toThrow()
    for (const [age, isRight] of [
      [301, false],
      [299, true],
      [-301, false],
      [-299, true],
    ] as const) {
      expect(verifySignature({ body: '{}', headers: sign('{}', WHSEC), secret: WHSEC, now: NOW + age * 1000 })).toBe(
        isRight,
      )
    }
  })

  it('two secrets give two signatures, and a receiver that knows either verifies [case 38]', () => {
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
    const now = Math.floor(Date.now() / 1000) * 1000
    const headers = sign('{}', `${WHSEC}, ${other}`, now)
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2)
    for (const secret of [WHSEC, other]) {
      expect(new Webhook(secret).verify('{}', headers)).toEqual({})
      expect(verifySignature({ body: '{}', headers, secret, now })).toBe(true)
    }
    expect(verifySignature({ body: '{}', headers, secret: 'another', now })).toBe(false)
  })
})

describe('verifySignature', () => {
  const body = Buffer.from('{"x":1}')
  const headers = sign('{"x":1}', 'plain secret')
  const message = { body, headers, secret: 'plain secret', now: NOW }

  it.each([
    ['as it was signed', {}, undefined],
    ['header names in another case', { headers: { ...upper(headers) } }, undefined],
    ['Headers of fetch', { headers: new Headers(headers) }, undefined],
    ['the simple scheme alone', { headers: { 'X-Signature-256': headers['x-signature-256'] } }, undefined],
    ['several secrets, one of them right', { secret: 'other,plain secret' }, undefined],
    ['a changed body', { body: '{"x":2}' }, /does not fit/],
    [
      'the simple scheme with a changed body',
      { body: '', headers: { 'x-signature-256': headers['x-signature-256'] } },
      /does not fit/,
    ],
    ['another id', { headers: { ...headers, 'webhook-id': 'msg_2' } }, /does not fit/],
    ['no timestamp', { headers: { ...headers, 'webhook-timestamp': undefined } }, /missing/],
    ['a strange timestamp', { headers: { ...headers, 'webhook-timestamp': '1e9' } }, /not a number/],
    ['no signature', { headers: {} }, /no signature header/],
    ['no secret', { secret: '' }, /secret/],
    ['a damaged secret', { secret: 'whsec_%%' }, /secret/],
    ['an empty whsec_', { secret: 'whsec_' }, /secret/],
    [
      'a wrong standard signature beside a right simple one',
      { headers: { ...headers, 'webhook-signature': 'v1,AAAA' } },
      /does not fit/,
    ],
  ])('%s', (_, change, problem) => {
    const found = signatureProblem({ ...message, ...change })
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(problem)
  })
})

function upper(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
}
