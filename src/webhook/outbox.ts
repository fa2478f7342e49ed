import { join } from 'node:path'
import { displayEndpoint } from '../core/endpoint.js'
import type { Delivery } from '../core/event.js'
import { tryParseJson } from '../core/json.js'
import type { DeliveryRecord, DeliveryState } from '../registry/ports.js'
import { DurableFiles } from './durable-files.js'
import { remainingWait } from './retry.js'

/** A delivery as its file holds it: all that is needed to send it, but the secret. Moments are RFC 3339. */
export interface OutboxEntry extends Delivery {
  readonly createdAt: string
  /** Among those that were made at one moment. */
  readonly order: number
  readonly state: DeliveryState
  readonly attempts: number
  readonly lastAttemptAt: string | null
  readonly status: number | null
  readonly reason: string | null
  /** What the endpoint's Retry-After asked for. */
  readonly notBefore: string | null
}

const FORMAT = 1

/** The deliveries of one registry, a file each: `<dir>/<id>.json`. A file goes away when the endpoint answered 2xx. */
export class Outbox {
  readonly #files: DurableFiles

  /** `stateDir` is the registry's folder in the git directory. */
  constructor(stateDir: string) {
    this.#files = new DurableFiles(join(stateDir, 'outbox'))
  }

  /** One that is there already stays as it is: its id says that it is the same. */
  async add(deliveries: readonly Delivery[], now: number): Promise<void> {
    const known = new Set(this.#files.names())
    const created = deliveries.map((delivery, order) => ({ ...createEntry(delivery, now), order }))
    const fresh = created.filter(({ id }) => !known.has(nameOf(id)))
    if (fresh.length > 0) await this.#files.write(new Map(fresh.map((entry) => [nameOf(entry.id), format(entry)])))
  }

  /** What was tried least comes first, then what is oldest. What is no delivery is put aside. */
  list(): readonly OutboxEntry[] {
    const entries = this.#files.names().flatMap((name) => this.#readFile(name) ?? [])
    return entries.sort(
      (a, b) =>
        a.attempts - b.attempts || compare(a.createdAt, b.createdAt) || a.order - b.order || compare(a.id, b.id),
    )
  }

  /** Undefined when it was delivered meanwhile. */
  read(id: string): OutboxEntry | undefined {
    return this.#readFile(nameOf(id))
  }

  async replace(entry: OutboxEntry): Promise<void> {
    await this.#files.write(new Map([[nameOf(entry.id), format(entry)]]))
  }

  remove(id: string): void {
    this.#files.remove(nameOf(id))
  }

  /** The paths of files that made no sense. */
  damaged(): readonly string[] {
    return this.#files.damaged()
  }

  #readFile(name: string): OutboxEntry | undefined {
    const text = this.#files.read(name)
    if (text === undefined) return undefined
    const entry = parseEntry(text)
    if (entry !== undefined && nameOf(entry.id) === name) return entry
    this.#files.moveAside(name)
    return undefined
  }
}

/** What `webhook deliveries` says of an entry. `now` is in milliseconds since the epoch. */
export function recordOf(entry: OutboxEntry, now: number): DeliveryRecord {
  const { id, about, url, state, attempts, createdAt, lastAttemptAt, status, reason, notBefore } = entry
  return {
    id,
    about,
    endpoint: displayEndpoint(url),
    state,
    attempts,
    created_at: createdAt,
    last_attempt_at: lastAttemptAt,
    status,
    reason,
    waits_until: remainingWait(notBefore, now) > 0 ? notBefore : null,
  }
}

/** A delivery that nobody has tried yet. */
export const createEntry = (delivery: Delivery, now: number): OutboxEntry => ({
  ...delivery,
  createdAt: new Date(now).toISOString(),
  order: 0,
  state: 'pending',
  attempts: 0,
  lastAttemptAt: null,
  status: null,
  reason: null,
  notBefore: null,
})

const nameOf = (id: string): string => `${id}.json`
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const format = (entry: OutboxEntry): string => `${JSON.stringify({ format: FORMAT, ...entry })}\n`

/** Undefined for a file that was cut off, or that is somebody else's. */
function parseEntry(text: string): OutboxEntry | undefined {
  const value = tryParseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { format: version, ...entry } = value as Readonly<Record<string, unknown>>
  return version === FORMAT && isEntry(entry) ? entry : undefined
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isMoment = (value: unknown): boolean => isText(value) && !Number.isNaN(Date.parse(value))
const orNull =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || check(value)

const FIELDS: Readonly<Record<keyof OutboxEntry, (value: unknown) => boolean>> = {
  // Becomes part of a path, and of a header.
  id: (value) => isText(value) && /^[A-Za-z0-9_-]{1,64}$/.test(value),
  url: (value) => isText(value) && URL.canParse(value) && /^https?:/.test(value),
  // Never another variable than the configuration may name.
  secretEnv: (value) => isText(value) && /^PROMPTCTL_[A-Z0-9_]+$/.test(value),
  about: isText,
  body: isText,
  createdAt: isMoment,
  order: Number.isInteger,
  state: (value) => value === 'pending' || value === 'failed',
  attempts: Number.isInteger,
  lastAttemptAt: orNull(isMoment),
  status: orNull(Number.isInteger),
  reason: orNull(isText),
  notBefore: orNull(isMoment),
}

const isEntry = (entry: object): entry is OutboxEntry =>
  Object.entries(FIELDS).every(([key, isRight]) => isRight((entry as Readonly<Record<string, unknown>>)[key]))
