import type { DeliveredPrompt } from '../core/delivered.js'
import { parseDelivered, parseJsonDocument } from '../core/delivered-json.js'
import { ERROR_CODES, type ErrorCode, PromptctlError } from '../core/errors.js'

/** In bytes: far more than a prompt with all that it includes. */
const MOST_BYTES = 16 * 1024 * 1024
/** Answers that tell that the server cannot answer now, and nothing about the prompt. */
const AWAY: ReadonlySet<number> = new Set([408, 425, 429])

export interface RemoteOptions {
  readonly url: URL
  readonly token: string | undefined
  readonly timeoutMs: number
}

/** What asking for a prompt came to. `refused`: the server says that there is none, or not for us. */
export type Answer =
  | { readonly kind: 'prompt'; readonly delivered: DeliveredPrompt; readonly etag: string | null }
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly error: PromptctlError }

/** JSON, and the tag that it had. */
export interface Tagged {
  readonly value: unknown
  readonly etag: string | null
}

/**
 * Asks promptctl serve. Throws `unavailable` when it is away: no answer in time, one of 5xx, 408, 425 and 429, or one that is
 * no answer of its own.
 */
export interface RemoteClient {
  prompt(name: string, environment: string, etag: string | null): Promise<Answer>
  /** JSON of a path below the server's; undefined when that is what has the tag. Throws what the server's problem document says. */
  json(path: string, query: Readonly<Record<string, string>>, etag: string | null): Promise<Tagged | undefined>
}

export function createRemoteClient({ url, token, timeoutMs }: RemoteOptions): RemoteClient {
  const ask = async (path: string, query: Readonly<Record<string, string>>, etag: string | null) => {
    const target = new URL(path, url)
    for (const [key, value] of Object.entries(query)) target.searchParams.set(key, value)
    const headers = {
      accept: 'application/json, application/problem+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(etag === null ? {} : { 'if-none-match': etag }),
    }
    const { origin, pathname } = target
    const place = `${origin}${pathname}`
    try {
      const response = await fetch(target, { headers, signal: AbortSignal.timeout(timeoutMs) })
      return { place, response, bytes: await readBytes(response) }
    } catch (cause) {
      throw unreachable(place, cause)
    }
  }
  return {
    prompt: async (name, environment, etag) => {
      const { place, response, bytes } = await ask(`api/v1/prompts/${encodeURIComponent(name)}`, { environment }, etag)
      if (response.status === 304 && etag !== null) return { kind: 'same' }
      if (response.ok) {
        const delivered = parseDelivered(bytes, place)
        if (delivered.environment !== environment) throw otherEnvironment(place, environment)
        return { kind: 'prompt', delivered, etag: response.headers.get('etag') }
      }
      const error = refusalOf(response, bytes, place)
      if (error === undefined) throw awayError(response, bytes, place)
      return { kind: 'refused', error }
    },
    json: async (path, query, etag) => {
      const { place, response, bytes } = await ask(path, query, etag)
      if (response.status === 304 && etag !== null) return undefined
      if (!response.ok) throw refusalOf(response, bytes, place) ?? awayError(response, bytes, place)
      const value = parseJsonDocument(bytes, place, 'Is that the address of promptctl serve?')
      return { value, etag: response.headers.get('etag') }
    },
  }
}

const otherEnvironment = (place: string, environment: string): PromptctlError =>
  new PromptctlError('unavailable', `${place} answered with a prompt of another environment than ${environment}`, {
    hint: 'A cache in between must tell addresses apart by their query.',
  })

async function readBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST_BYTES) throw new Error(`the answer is larger than ${MOST_BYTES} bytes`)
  }
  return Buffer.concat(chunks)
}

function unreachable(place: string, cause: unknown): PromptctlError {
  const { message, cause: inner } = cause instanceof Error ? cause : { message: String(cause), cause: undefined }
  const reason = inner instanceof Error && inner.message !== '' ? inner.message : message
  return new PromptctlError('unavailable', `${place} gives no answer: ${reason}`, {
    hint: 'Is promptctl serve running there?',
    cause,
  })
}

/** What promptctl serve says of a request that it does not grant; undefined when that says nothing of the prompt. */
function refusalOf({ status, headers }: Response, bytes: Uint8Array, place: string): PromptctlError | undefined {
  const isProblem = /^application\/problem\+json\b/i.test(headers.get('content-type') ?? '')
  const { code, ...problem } = readProblem(bytes)
  if (!isProblem || code === undefined || status >= 500 || AWAY.has(status)) return undefined
  return createError(code, problem, status, place)
}

/** The server is away, whoever answers in its place: a proxy's 404 says nothing of a prompt. */
const awayError = ({ status }: Response, bytes: Uint8Array, place: string): PromptctlError =>
  createError('unavailable', readProblem(bytes), status, place)

function createError(
  code: ErrorCode,
  { detail, hint, details }: ReadProblem,
  status: number,
  place: string,
): PromptctlError {
  return new PromptctlError(code, detail ?? `${place} answered ${status}, and not as promptctl serve does`, {
    hint,
    details: { ...details, status, url: place },
  })
}

interface ReadProblem {
  readonly code?: ErrorCode
  readonly detail?: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** The parts of an RFC 9457 problem document that are there. */
function readProblem(bytes: Uint8Array): ReadProblem {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    // A proxy's page says no more than its status.
    if (error instanceof SyntaxError) return {}
    throw error
  }
  if (typeof value !== 'object' || value === null) return {}
  const { code, detail, hint, details } = value as Readonly<Record<string, unknown>>
  const known = ERROR_CODES.find((each) => each === code)
  return {
    ...(known === undefined ? {} : { code: known }),
    ...(typeof detail === 'string' ? { detail } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof details === 'object' && details !== null ? { details: { ...details } } : {}),
  }
}
