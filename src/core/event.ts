import { createHash } from 'node:crypto'
import type { WebhookConfig } from './config.js'
import { endpointUrl } from './endpoint.js'
import type { Identity, Oid } from './history.js'
import type { Action, Version, VersionState } from './ledger.js'
import { formatPromptPath } from './paths.js'
import type { Environment, Slug } from './slug.js'

/** What an endpoint is told about one version (schemas/event.schema.json), in the order of the keys in the body. */
export interface EventBody {
  readonly id: string
  readonly event: 'template.updated'
  readonly registry: string
  readonly action: Action
  readonly slug: Slug
  readonly version: number
  /** The newest version before in that environment, or null. */
  readonly previous_version: number | null
  readonly environment: Environment
  readonly state: VersionState
  readonly commit: Oid
  /** Null for a deletion. */
  readonly blob: Oid | null
  /** Null where there is no readable content. */
  readonly title: string | null
  readonly author: Identity
  /** The commit's committer date, RFC 3339 in UTC. */
  readonly timestamp: string
}

/** A version that endpoints may be told about, before it is known which. */
export interface TemplateEvent {
  /** The registry's name in its configuration. */
  readonly registry: string
  /** The prompt's file, relative to the top of the repository. */
  readonly path: string
  readonly version: Version
  readonly previousVersion: number | null
}

/** One event on its way to one endpoint. */
export interface Delivery {
  /** `msg_` and 32 hex digits; the same whoever sends the event, and however often. */
  readonly id: string
  /** May hold a password or a token: never shown whole. */
  readonly url: string
  readonly secretEnv: string
  /** What it is about, for people: `refund-email-3f8a2b1c v7 published in production`. */
  readonly about: string
  /** The exact text that is signed and sent. */
  readonly body: string
}

/** `versions` are all of the slug, oldest first. `prefix` is the registry's folder in the repository. */
export function createEvent(
  version: Version,
  versions: readonly Version[],
  { registry, prefix }: { readonly registry: string; readonly prefix: string },
): TemplateEvent {
  const before = versions.findLast(
    (other) => other.version < version.version && other.environment === version.environment,
  )
  return {
    registry,
    path: `${prefix}${formatPromptPath(version.environment, version.slug)}`,
    version,
    previousVersion: before?.version ?? null,
  }
}

/** The deliveries of an event: one for each endpoint that wants it. Two entries for one endpoint send it once. */
export function createDeliveries(event: TemplateEvent, webhooks: readonly WebhookConfig[]): readonly Delivery[] {
  const deliveries = webhooks
    .filter((webhook) => isWanted(event, webhook))
    .map((webhook) => createDelivery(event, webhook))
  return [...new Map(deliveries.map((delivery) => [delivery.id, delivery])).values()]
}

const isWanted = ({ version }: TemplateEvent, { environments, actions }: WebhookConfig): boolean =>
  (environments?.includes(version.environment) ?? true) && (actions?.includes(version.action) ?? true)

function createDelivery(event: TemplateEvent, { url, secretEnv }: WebhookConfig): Delivery {
  const { version } = event
  const id = createEventId([event.registry, version.commit, event.path, endpointKey(url)])
  const about = `${version.slug} v${version.version} ${version.action} in ${version.environment}`
  return { id, url, secretEnv, about, body: JSON.stringify(createBody(id, event)) }
}

function createBody(id: string, { registry, version, previousVersion }: TemplateEvent): EventBody {
  return {
    id,
    event: 'template.updated',
    registry,
    action: version.action,
    slug: version.slug,
    version: version.version,
    previous_version: previousVersion,
    environment: version.environment,
    state: version.state,
    commit: version.commit,
    blob: version.blob ?? null,
    title: version.title,
    author: { name: version.author.name, email: version.author.email },
    timestamp: new Date(version.committedAt * 1000).toISOString().replace('.000Z', 'Z'),
  }
}

/** What a `ping` says, for `promptctl webhook test`: every one has an id of its own, made of `moment` (milliseconds). */
export function createPing(registry: string, { url, secretEnv }: WebhookConfig, moment: number): Delivery {
  const timestamp = new Date(moment).toISOString()
  const id = createEventId(['ping', registry, timestamp, endpointKey(url)])
  return { id, url, secretEnv, about: 'ping', body: JSON.stringify({ id, event: 'ping', registry, timestamp }) }
}

/** Safe in a URL, a header, a file name, and between the dots of what Standard Webhooks signs. */
const createEventId = (parts: readonly string[]): string =>
  `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`

const endpointKey = (url: string): string => endpointUrl(new URL(url)).href
