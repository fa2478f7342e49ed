import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { PromptctlError } from '../../core/errors.js'
import { whyEnded } from './provider.js'

/** An answer of an endpoint; `body` is cut off at `MAX_BODY`. */
export interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly retryAfter: string | undefined
  readonly body: string
  readonly latencyMs: number
}

/** A connection that broke, with Node's code for it. */
export class ConnectionError extends PromptctlError {
  readonly reason: string

  constructor(message: string, reason: string) {
    super('unavailable', message)
    this.reason = reason
  }
}

/** In bytes: what an endpoint wraps round its answer counts, too. */
const MAX_BODY = 4 << 20

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** For the whole answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Posts to one address over connections that stay open. Follows no redirect, so that a key goes nowhere else. */
export function createPost(url: URL, sockets: number): (options: PostOptions) => Promise<HttpAnswer> {
  const isSecure = url.protocol === 'https:'
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, maxSockets: sockets })
    : new HttpAgent({ keepAlive: true, maxSockets: sockets })
  const request = isSecure ? requestHttps : requestHttp
  return ({ headers, body, timeoutMs, signal }) =>
    new Promise((resolve, reject) => {
      const start = performance.now()
      const call = request(url, {
        method: 'POST',
        agent,
        signal,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      })
      const fail = (message: string, reason: string): void => {
        clearTimeout(timer)
        call.destroy()
        reject(new ConnectionError(message, reason))
      }
      const timer = setTimeout(
        () => fail(`${url.host} did not answer within ${timeoutMs / 1000} s`, 'TIMEOUT'),
        timeoutMs,
      )
      const broke = (error: Error): void => {
        const code = 'code' in error ? String(error.code) : error.name
        fail(signal.aborted ? whyEnded(signal) : `${url.host} cannot be reached: ${code}`, code)
      }
      call.once('error', broke)
      call.once('response', (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size <= MAX_BODY) chunks.push(chunk)
          else fail(`${url.host} answered with more than ${MAX_BODY} bytes`, 'TOO_LONG')
        })
        response.once('error', broke)
        response.once('aborted', () => fail(`${url.host} broke off in the middle of its answer`, 'ECONNRESET'))
        response.once('end', () => {
          clearTimeout(timer)
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            retryAfter: response.headers['retry-after'],
            body: Buffer.concat(chunks).toString('utf8'),
            latencyMs: performance.now() - start,
          })
        })
      })
      call.end(body)
    })
}
