import { PromptctlError } from '../../core/errors.js'
import type { TokenUsage } from '../../core/evaluation.js'
import { tryParseJson } from '../../core/json.js'
import type { JsonObject, PromptFile } from '../../core/prompt-file.js'
import { parseRetryAfter } from '../../core/retry-after.js'
import { ConnectionError, createPost, type HttpAnswer } from './post.js'
import { type Compiled, MAX_OUTPUT, type Provider, type Reply, whyEnded } from './provider.js'

export interface OpenAiOptions {
  readonly label: string
  readonly model: string
  /** `https://api.openai.com/v1`, or another endpoint that speaks alike. */
  readonly baseUrl: string
  readonly key: string | undefined
  /** Parameters that the prompt's model has, and those of the test set over them. */
  readonly prompt: PromptFile
  readonly config: JsonObject
  readonly timeoutMs: number
  readonly concurrency: number
}

/** A chat completion: https://platform.openai.com/docs/api-reference/chat/create */
export function createOpenAi(options: OpenAiOptions): Provider {
  const post = createPost(endpointOf(options.baseUrl), options.concurrency)
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
  }
  const rest = parametersOf(options)
  const hide: Hide = (text) => (options.key === undefined ? text : text.replaceAll(options.key, '[OPENAI_API_KEY]'))
  return {
    label: options.label,
    call: async (prompt, signal) => {
      const body = JSON.stringify({ ...rest, model: options.model, messages: messagesOf(prompt) })
      const send = () => post({ headers, body, timeoutMs: options.timeoutMs, signal })
      return readReply(await tryAgain(send, signal), options.config, hide)
    },
  }
}

function endpointOf(baseUrl: string): URL {
  const text = `${baseUrl.replace(/\/+$/, '')}/chat/completions`
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text)
  throw new PromptctlError('usage', 'OPENAI_BASE_URL is not an address', { hint: 'Such as https://api.openai.com/v1.' })
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Not passed on: where it goes, what is asked, and that the answer comes whole and once. */
const OURS: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'stream_options', 'n'])
/** Of a provider's config, ours to look at. */
const PRICES: ReadonlySet<string> = new Set(['cost', 'inputCost', 'outputCost'])

function parametersOf({ prompt, config }: OpenAiOptions): JsonObject {
  const { parameters } = prompt.model ?? {}
  const ofModel = isObject(parameters) ? parameters : {}
  const { tools, response_format } = prompt
  const all = {
    ...ofModel,
    ...(tools === undefined || tools === null ? {} : { tools }),
    ...(response_format === undefined || response_format === null ? {} : { response_format }),
    ...config,
  }
  return Object.fromEntries(Object.entries(all).filter(([key]) => !OURS.has(key) && !PRICES.has(key)))
}

const messagesOf = (prompt: Compiled) => (typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt)

const TRIES = 4
const FIRST_WAIT_MS = 500
/** What an endpoint may ask to wait between two tries. */
const LONGEST_WAIT_MS = 30_000

/** Asks again on 408, 429 and 5xx, and when the connection broke; twice as late each time, or when the endpoint says so. */
async function tryAgain(send: () => Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await send().catch((error: unknown) => {
      if (error instanceof ConnectionError && error.reason === 'ECONNRESET' && attempt < TRIES && !signal.aborted)
        return undefined
      throw error
    })
    if (outcome !== undefined && (attempt === TRIES || !isTransient(outcome.status))) return outcome
    const asked = parseRetryAfter(outcome?.retryAfter, Date.now())
    const wait = asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1) * (1 + Math.random() / 4)
    if (wait > LONGEST_WAIT_MS && outcome !== undefined) return outcome
    await pause(wait, signal)
  }
}

const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(new PromptctlError('unavailable', whyEnded(signal)))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })

/** What is read of a completion. */
interface Completion {
  readonly choices?: readonly {
    readonly message?: { readonly content?: unknown; readonly tool_calls?: unknown; readonly refusal?: unknown }
  }[]
  readonly usage?: {
    readonly prompt_tokens?: number
    readonly completion_tokens?: number
    readonly total_tokens?: number
    readonly cost?: number
  }
  readonly error?: unknown
}

/** Takes the key out of what an endpoint said: it may quote it. What is cut is cut after that, or a part of it is left. */
type Hide = (text: string) => string

function readReply(answer: HttpAnswer, config: JsonObject, hide: Hide): Reply {
  const json = tryParseJson(answer.body) as Completion | null | undefined
  if (answer.status !== 200) throw refused(answer, json, hide)
  if (typeof json !== 'object' || json === null)
    throw fail(`the endpoint answered with ${kindOf(answer, hide)}, and not with JSON`)
  const message = json.choices?.[0]?.message
  const output = typeof message?.content === 'string' ? message.content : otherOutput(message)
  if (output === undefined) throw fail('the endpoint answered with JSON that holds no completion')
  if (Buffer.byteLength(output) > MAX_OUTPUT) throw fail(`the answer has more than ${MAX_OUTPUT} bytes`)
  const tokens = tokensOf(json)
  return { output: hide(output), latencyMs: answer.latencyMs, tokens, cost: costOf(json, tokens, config) }
}

/** Calls of tools, as JSON; or what the model said instead of an answer. */
function otherOutput(message: NonNullable<Completion['choices']>[number]['message']): string | undefined {
  if (Array.isArray(message?.tool_calls)) return JSON.stringify(message.tool_calls)
  return typeof message?.refusal === 'string' ? message.refusal : undefined
}

const fail = (message: string): PromptctlError => new PromptctlError('unavailable', message)

const kindOf = ({ type, body }: HttpAnswer, hide: Hide): string =>
  /html/i.test(type) || /^\s*<(!doctype|html)/i.test(body)
    ? 'HTML'
    : body.trim() === ''
      ? 'nothing'
      : JSON.stringify(hide(body).slice(0, 60))

const WORDS: Readonly<Record<number, string>> = {
  401: 'the endpoint refused the key (OPENAI_API_KEY)',
  403: 'the endpoint refused the key (OPENAI_API_KEY)',
  404: 'the endpoint has no such model or address (OPENAI_BASE_URL)',
  429: 'the endpoint limits the rate',
}

function refused(answer: HttpAnswer, json: Completion | null | undefined, hide: Hide): PromptctlError {
  const { error } = json ?? {}
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
  const words = WORDS[answer.status] ?? 'the endpoint answered'
  return fail(`${words}: ${answer.status}${typeof said === 'string' ? ` ${hide(said).slice(0, 300)}` : ''}`)
}

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0

function tokensOf({ usage }: Completion): TokenUsage | null {
  if (typeof usage !== 'object' || usage === null) return null
  const [prompt, completion] = [countOf(usage.prompt_tokens), countOf(usage.completion_tokens)]
  return { prompt, completion, total: countOf(usage.total_tokens) || prompt + completion }
}

/** What the endpoint says that it cost, as OpenRouter does; else by the prices of the provider's config. */
function costOf({ usage }: Completion, tokens: TokenUsage | null, config: JsonObject): number | null {
  if (typeof usage?.cost === 'number') return usage.cost
  const { cost, inputCost = cost, outputCost = cost } = config
  if (tokens === null || typeof inputCost !== 'number' || typeof outputCost !== 'number') return null
  return tokens.prompt * inputCost + tokens.completion * outputCost
}
