import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, request } from 'undici'
import { endpointUrl, parseCredentials } from '../core/endpoint.js'
import { type Secret, signHeaders } from '../core/signature.js'
import { checkTarget, isPublicAddress, refuseAddress } from './addresses.js'

/** The network side of a delivery: one signed POST. */

export interface Post {
  readonly id: string
  readonly url: string
  readonly body: string
  readonly secrets: readonly [Secret, ...Secret[]]
  /** Milliseconds since the epoch, of this try. */
  readonly now: number
  /** Ends the attempt before its own time is over. */
  readonly signal?: AbortSignal | undefined
}

/** What an endpoint did. `reason` names neither secrets nor the query of the URL. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

export interface SenderOptions {
  /** PROMPTCTL_WEBHOOK_ALLOW_HOSTS. */
  readonly allowHosts: string | undefined
  /** How names become addresses; the system's way by default. */
  readonly lookup?: LookupFunction | undefined
  /** 10 s by default: for all of an attempt, from the name to the last byte of the answer. */
  readonly timeoutMs?: number
}

/** How one request goes out. */
interface Way {
  /** Besides those that every delivery has. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly dispatcher: Agent
}

/** The most of an answer that is read. */
const MAX_ANSWER = 64 * 1024

/** Thrown into the connection by the lookup, so that not a packet goes to such an address. */
class RefusedAddress extends Error {}

/** Sends webhooks over connections of its own. Proxy variables are not looked at. */
export class Sender {
  readonly #options: SenderOptions
  readonly #timeoutMs: number
  /** For hosts that the environment names, and for all others: with a guard on every address that is connected to. */
  readonly #trusting: Agent
  readonly #guarded: Agent

  constructor(options: SenderOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
    const lookup = options.lookup ?? (systemLookup as LookupFunction)
    this.#trusting = createAgent(lookup, this.#timeoutMs)
    this.#guarded = createAgent(guardLookup(lookup), this.#timeoutMs)
  }

  /** Never throws for what an endpoint does. */
  async post(post: Post): Promise<Answer> {
    const url = new URL(post.url)
    const target = checkTarget(url, this.#options.allowHosts)
    if ('refusal' in target) return { kind: 'refused', reason: target.refusal }
    const headers = basicAuth(url)
    if (headers === undefined) return { kind: 'refused', reason: 'its user or password cannot be decoded' }
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const signal = post.signal === undefined ? timeout : AbortSignal.any([timeout, post.signal])
    try {
      const dispatcher = target.isTrusted ? this.#trusting : this.#guarded
      return await this.#send(post, endpointUrl(url), { headers, signal, dispatcher })
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== undefined) return { kind: 'refused', reason: refusal }
      const isLate = signal.aborted
      return { kind: 'silent', reason: isLate ? 'no answer in time' : describe(error) }
    }
  }

  async #send({ id, body, secrets, now }: Post, url: URL, { headers: more, signal, dispatcher }: Way): Promise<Answer> {
    const bytes = Buffer.from(body, 'utf8')
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(url, {
      dispatcher,
      method: 'POST',
      body: bytes,
      signal,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'promptctl',
        ...more,
        ...signHeaders(bytes, { id, timestamp: Math.floor(now / 1000), secrets }),
      },
    })
    // Nothing in it counts; what is read lets the connection be used again. An answer that never ends is cut off.
    await answer.dump({ limit: MAX_ANSWER, signal }).catch(() => answer.destroy())
    const retryAfter = headers['retry-after']
    return { kind: 'answered', status: statusCode, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined }
  }

  async close(): Promise<void> {
    await Promise.all([this.#trusting.destroy(), this.#guarded.destroy()])
  }
}

const createAgent = (lookup: LookupFunction, timeoutMs: number): Agent =>
  new Agent({
    connect: { lookup, timeout: timeoutMs },
    // Endpoints on one host wait for each other only when there are many.
    connections: 8,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
  })

/**
 * A lookup whose every address is public, or that fails. The socket connects to what it gives and asks nobody else, so a
 * name that says something else the second time gains nothing.
 */
const guardLookup =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, address, family) => {
      if (error !== null) return callback(error, address, family)
      const addresses = typeof address === 'string' ? [address] : address.map((one) => one.address)
      const bad = addresses.find((one) => !isPublicAddress(one))
      if (bad === undefined && addresses.length > 0) return callback(null, address, family)
      return callback(new RefusedAddress(`${hostname}: ${refuseAddress(bad ?? 'nothing')}`), address, family)
    })

/** RFC 7617, for `https://user:password@host/`; undefined for what cannot be decoded. */
function basicAuth(url: URL): Readonly<Record<string, string>> | undefined {
  const credentials = parseCredentials(url)
  if (credentials === undefined) return undefined
  const pair = `${credentials.username}:${credentials.password}`
  return pair === ':' ? {} : { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` }
}

/** The causes of an error: undici wraps what the socket said, and Node what each address said. */
function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return
  yield error
  yield* causesOf(error.cause)
  if (error instanceof AggregateError) for (const one of error.errors) yield* causesOf(one)
}

const refusalOf = (error: unknown): string | undefined =>
  [...causesOf(error)].find((cause) => cause instanceof RefusedAddress)?.message

/** The system's or the library's name for what went wrong, such as ECONNREFUSED; never a message, which may quote. */
function describe(error: unknown): string {
  const codes = [...causesOf(error)].flatMap((cause) => ('code' in cause ? [String(cause.code)] : []))
  return codes[0] ?? (error instanceof Error ? error.name : 'unknown error')
}
