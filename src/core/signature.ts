import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Headers as Node, fetch or a test has them; names in any case. */
export type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface SignedMessage {
  /** The raw bytes of the body, as they came: a body that was parsed and written again has another signature. */
  readonly body: string | Uint8Array
  readonly headers: HeaderSource
  /** One secret, or several with commas between them. */
  readonly secret: string
  /** How old, or how far ahead, a Standard Webhooks timestamp may be. */
  readonly toleranceSeconds?: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Why a message is not to be trusted, or undefined when it is. See verifySignature in webhook/signature.ts. */
export function signatureProblem({
  body,
  headers,
  secret,
  toleranceSeconds = 300,
  now,
}: SignedMessage): string | undefined {
  const secrets = parseSecrets(secret)
  if (secrets === undefined) return 'the secret is empty, or a whsec_ that is not base64'
  const bytes = Buffer.from(body)
  const standard = headerOf(headers, 'webhook-signature')
  if (standard === undefined) {
    const simple = headerOf(headers, 'x-signature-256')
    if (simple === undefined) return 'there is no signature header'
    const isRight = secrets.some(({ text }) => isEqual(simple, simpleSignature(text, bytes)))
    return isRight ? undefined : 'X-Signature-256 does not fit the body and the secret'
  }
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  if (id === undefined || timestamp === undefined) return 'webhook-id or webhook-timestamp is missing'
  if (!/^[0-9]{1,12}$/.test(timestamp)) return 'webhook-timestamp is not a number of seconds'
  const age = Math.floor(now / 1000) - Number(timestamp)
  if (Math.abs(age) > toleranceSeconds) return `webhook-timestamp is ${Math.abs(age)} s ${age > 0 ? 'old' : 'ahead'}`
  const expected = secrets.map(({ key }) => standardSignature(key, id, timestamp, bytes))
  const isRight = standard.split(/\s+/).some((given) => expected.some((right) => isEqual(given, right)))
  return isRight ? undefined : 'webhook-signature does not fit the body, the id, the timestamp and the secret'
}

export interface Secret {
  readonly text: string
  readonly key: Uint8Array
}

/** The secrets in an environment variable, commas between them; undefined when there is none, or a damaged one. */
export function parseSecrets(text: string | undefined): readonly [Secret, ...Secret[]] | undefined {
  const parts = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const [first, ...others] = parts.map((part) => ({ text: part, key: keyOf(part) }))
  if (first === undefined || [first, ...others].some(({ key }) => key.length === 0)) return undefined
  return [first, ...others]
}

const PREFIX = 'whsec_'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** Empty for a whsec_ that is not base64: nobody could check what it signs. */
function keyOf(secret: string): Uint8Array {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret, 'utf8')
  const rest = secret.slice(PREFIX.length)
  return BASE64.test(rest) ? Buffer.from(rest, 'base64') : Buffer.alloc(0)
}

/** The headers of one try. `timestamp` is in seconds since the epoch. */
export function signHeaders(
  body: Uint8Array,
  { id, timestamp, secrets }: { id: string; timestamp: number; secrets: readonly [Secret, ...Secret[]] },
): Readonly<Record<string, string>> {
  return {
    'x-signature-256': simpleSignature(secrets[0].text, body),
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map(({ key }) => standardSignature(key, id, String(timestamp), body)).join(' '),
  }
}

/** GitHub's scheme: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
const simpleSignature = (secret: string, body: Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const standardSignature = (key: Uint8Array, id: string, timestamp: string, body: Uint8Array): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`

/** In a time that tells nothing of either: what is compared are digests, which have one length. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()

function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof value === 'string' ? value : value?.join(' ')
}
