import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { displayEndpoint } from '../core/endpoint.js'
import { parseRetryAfter } from '../core/retry-after.js'
import { parseSecrets } from '../core/signature.js'
import type { DeliveryOutcome } from '../registry/ports.js'
import type { Answer, Post } from './deliver.js'
import type { Outbox, OutboxEntry } from './outbox.js'
import { isRetryable } from './retry.js'

/** Runs `action` alone among all processes with the same `dir`; undefined when another one has it for too long. */
export type Exclusively = <T>(
  dir: string,
  action: () => Promise<T>,
  timeoutMs: number,
) => Promise<{ readonly value: T } | undefined>

/** What an attempt needs of the world. */
export interface Means {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly exclusively: Exclusively
  readonly post: (post: Post) => Promise<Answer>
}

/** What one attempt came to. */
export interface Attempt {
  readonly outcome: DeliveryOutcome
  /** What to try again in this run, as its file holds it now. */
  readonly again: OutboxEntry | undefined
  /** False when there was no answer, so that what follows would wait in vain. */
  readonly answered: boolean
  /** For how many milliseconds the endpoint asked to be left alone. */
  readonly waitMs: number | undefined
}

/** Longer than one attempt of another process takes. */
const LOCK_TIMEOUT_MS = 15_000

/** Where an entry comes from, and how it is sent. */
export interface AttemptOptions {
  readonly stateDir: string
  readonly outbox: Outbox
  readonly means: Means
  /** Ends the attempt early. */
  readonly signal: AbortSignal | undefined
}

/**
 * Tries one delivery, and writes down what came of it. One process at a time speaks to an endpoint, so that no two send
 * one delivery at once and what is first in the outbox comes first.
 */
export async function attemptEntry(seen: OutboxEntry, options: AttemptOptions): Promise<Attempt> {
  const { stateDir, outbox, means, signal } = options
  const endpoint = createHash('sha256').update(seen.url).digest('hex').slice(0, 16)
  const dir = join(stateDir, 'delivering', endpoint)
  const tried = await means.exclusively(dir, () => attemptAlone(seen, outbox, means, signal), LOCK_TIMEOUT_MS)
  if (tried !== undefined) return tried.value
  const outcome = { ...outcomeOf(seen), reason: 'another process is sending to it' }
  return { outcome, again: undefined, answered: false, waitMs: undefined }
}

async function attemptAlone(
  seen: OutboxEntry,
  outbox: Outbox,
  means: Means,
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const entry = outbox.read(seen.id)
  // It leaves the outbox only when it was delivered.
  if (entry === undefined) return deliveredAttempt(seen, null)
  const isTriedElsewhere = entry.attempts !== seen.attempts
  if (isTriedElsewhere) {
    const again = entry.state === 'pending' ? entry : undefined
    return { outcome: outcomeOf(entry), again, answered: entry.status !== null, waitMs: undefined }
  }
  const attempt = await send(entry, means, signal)
  if (attempt.outcome.delivered) outbox.remove(entry.id)
  else if (attempt.next !== entry) await outbox.replace(attempt.next)
  return attempt
}

/** What is known of an entry that this process has not sent. */
export const outcomeOf = ({ id, about, url, status, reason, state }: OutboxEntry): DeliveryOutcome => ({
  id,
  about,
  endpoint: displayEndpoint(url),
  delivered: false,
  status,
  reason,
  retried: state === 'pending',
  waits_until: null,
})

const deliveredAttempt = (entry: OutboxEntry, status: number | null): Attempt => ({
  outcome: { ...outcomeOf(entry), delivered: true, status, reason: null, retried: false },
  again: undefined,
  answered: true,
  waitMs: undefined,
})

/** Sends an entry; `next` is what its file should hold then, if it is kept. */
export async function send(
  entry: OutboxEntry,
  means: Means,
  signal: AbortSignal | undefined,
): Promise<Attempt & { readonly next: OutboxEntry }> {
  const secrets = parseSecrets(means.env[entry.secretEnv])
  const now = means.now()
  if (secrets === undefined) {
    const next = { ...entry, reason: `${entry.secretEnv} holds no secret` }
    return { outcome: outcomeOf(next), again: undefined, answered: true, waitMs: undefined, next }
  }
  const answer = await means.post({ ...entry, secrets, now, signal })
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status <= 299) {
    return { ...deliveredAttempt(entry, answer.status), next: entry }
  }
  const waitMs = answer.kind === 'answered' ? parseRetryAfter(answer.retryAfter, means.now()) : undefined
  const next = afterFailure(entry, answer, { now, waitMs })
  const again = next.state === 'pending' ? next : undefined
  return { outcome: outcomeOf(next), again, answered: answer.kind !== 'silent', waitMs, next }
}

function afterFailure(
  entry: OutboxEntry,
  answer: Answer,
  { now, waitMs }: { readonly now: number; readonly waitMs: number | undefined },
): OutboxEntry {
  const isRetried = answer.kind === 'silent' || (answer.kind === 'answered' && isRetryable(answer.status))
  return {
    ...entry,
    state: isRetried ? 'pending' : 'failed',
    attempts: entry.attempts + 1,
    lastAttemptAt: new Date(now).toISOString(),
    status: answer.kind === 'answered' ? answer.status : null,
    reason: answer.kind === 'answered' ? `it answered ${answer.status}` : answer.reason,
    notBefore: isRetried && waitMs !== undefined ? new Date(now + waitMs).toISOString() : null,
  }
}
