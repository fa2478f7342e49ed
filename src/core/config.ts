import { validateConfig } from '../generated/validators.js'
import { endpointUrl, parseCredentials } from './endpoint.js'
import type { Action } from './ledger.js'
import type { Problem } from './prompt-file.js'
import { describeErrors, nameOf, sortProblems, suggestion, type Wording } from './schema-problems.js'
import { type Environment, quoteName } from './slug.js'
import { type Path, tryReadYaml, YamlProblems, type YamlSource } from './yaml-source.js'

/** free: from any environment; ordered: only from the one before; strict: and nothing else is published there. */
export type Promotion = 'free' | 'ordered' | 'strict'

/** An endpoint that is told about new versions. Undefined means all. */
export interface WebhookConfig {
  /** May hold a password or a token: never shown whole. */
  readonly url: string
  /** The name of the environment variable with the secret: `PROMPTCTL_…`. */
  readonly secretEnv: string
  readonly environments: readonly Environment[] | undefined
  readonly actions: readonly Action[] | undefined
}

/** What must pass before content becomes live in an environment. */
export interface GateConfig {
  readonly evalRequired: boolean
  /** The share of tests that must pass, from 0 to 1. */
  readonly passRate: number
  /** Who answers, in place of the test set's own providers; undefined means those. */
  readonly providers: readonly string[] | undefined
}

/** promptctl.yaml with its defaults filled in. */
export interface Config {
  readonly name: string
  /** False where `name` is the root folder's, which another clone may call otherwise. */
  readonly isNamed: boolean
  /** The shared branch; undefined means the remote's HEAD, else the current branch. */
  readonly branch: string | undefined
  /** In promotion order; never empty. */
  readonly environments: readonly Environment[]
  readonly defaultEnvironment: Environment
  readonly promotion: Promotion
  readonly webhooks: readonly WebhookConfig[]
  readonly gates: ReadonlyMap<Environment, GateConfig>
}

/** A webhook, as the schema lets it through. */
interface WebhookEntry {
  readonly url: string
  readonly secret_env: string
  readonly environments?: readonly Environment[]
  readonly actions?: readonly Action[]
}

/** The file, as the schema lets it through. */
interface ConfigFile {
  readonly name?: string
  readonly branch?: string
  readonly environments?: readonly Environment[]
  readonly default_environment?: Environment
  readonly promotion?: Promotion
  readonly webhooks?: readonly WebhookEntry[]
  readonly gates?: Readonly<
    Record<Environment, { eval?: 'required'; pass_rate?: number; providers?: readonly string[] }>
  >
}

const DEFAULT_ENVIRONMENTS = ['development', 'staging', 'production'] as readonly string[] as readonly Environment[]

/**
 * The configuration in promptctl.yaml (schemas/config.schema.json); an empty file is a valid one. `defaultName` is the
 * root folder's name. Throws `invalid_config` with all problems in `details.problems`.
 */
export function parseConfig(
  content: Uint8Array | string,
  file: string,
  { defaultName }: { readonly defaultName: string },
): Config {
  const { source, problems } = tryReadYaml(content, file)
  if (source === undefined) throw new YamlProblems('invalid_config', file, problems)
  const found = validateConfig(source.value)
    ? checkMeaning(source.value as ConfigFile, source)
    : describeErrors(validateConfig.errors ?? [], source, WORDING)
  if (found.length > 0) throw new YamlProblems('invalid_config', file, sortProblems(found))
  return fillIn(source.value as ConfigFile, defaultName)
}

function fillIn(file: ConfigFile, defaultName: string): Config {
  const environments = file.environments ?? DEFAULT_ENVIRONMENTS
  const [first] = environments
  if (first === undefined) throw new TypeError('the schema lets no empty list of environments through')
  return {
    name: file.name ?? defaultName,
    isNamed: file.name !== undefined,
    branch: file.branch,
    environments,
    defaultEnvironment: file.default_environment ?? first,
    promotion: file.promotion ?? 'ordered',
    webhooks: (file.webhooks ?? []).map(({ url, secret_env, environments: only, actions }) => ({
      url,
      secretEnv: secret_env,
      environments: only,
      actions,
    })),
    gates: new Map(
      Object.entries(file.gates ?? {}).map(([environment, gate]) => [
        environment as Environment,
        { evalRequired: gate.eval === 'required', passRate: gate.pass_rate ?? 1, providers: gate.providers },
      ]),
    ),
  }
}

/** What a schema cannot say: environments are named that there are, and addresses can be called. */
function checkMeaning(file: ConfigFile, source: YamlSource): Problem[] {
  const environments = file.environments ?? DEFAULT_ENVIRONMENTS
  const problems: Problem[] = []
  const checkEnvironment = (name: string, path: Path, place: Problem | undefined = undefined): void => {
    if ((environments as readonly string[]).includes(name)) return
    const message = `${nameOf(path)}: there is no environment ${quoteName(name)}${suggestion(name, environments)}`
    problems.push({ ...(place ?? source.positionOf(path)), message })
  }
  if (file.default_environment !== undefined) checkEnvironment(file.default_environment, ['default_environment'])
  for (const name of Object.keys(file.gates ?? {})) {
    checkEnvironment(name, ['gates'], { ...source.keyPositionOf(['gates', name]), message: '' })
  }
  for (const [index, { environments: only = [] }] of (file.webhooks ?? []).entries()) {
    for (const [at, name] of only.entries()) checkEnvironment(name, ['webhooks', index, 'environments', at])
  }
  problems.push(...checkEndpoints(file.webhooks ?? [], source))
  return problems
}

/** URLs are kept back: they may hold a password. */
function checkEndpoints(webhooks: readonly WebhookEntry[], source: YamlSource): Problem[] {
  return webhooks.flatMap((webhook, index) => {
    const path = ['webhooks', index, 'url']
    const message = endpointProblem(webhook, webhooks.slice(0, index))
    return message === undefined ? [] : { ...source.positionOf(path), message: `${nameOf(path)}: ${message}` }
  })
}

/** What is wrong with an endpoint, beside those before it. */
function endpointProblem(webhook: WebhookEntry, before: readonly WebhookEntry[]): string | undefined {
  const url = tryParseUrl(webhook.url)
  if (url === undefined) return 'this is not a URL'
  if (parseCredentials(url) === undefined) return 'its user or password cannot be decoded; a % in them is written %25'
  // It hears of an event once: two entries may differ in what they want, and not in how it is called.
  const other = before.findIndex((one) => isSameEndpoint(one, url) && !isCalledAlike(one, webhook))
  return other === -1 ? undefined : `webhooks[${other}] has this URL with another secret or password`
}

const tryParseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

function isSameEndpoint({ url }: WebhookEntry, other: URL): boolean {
  const parsed = tryParseUrl(url)
  return parsed !== undefined && endpointUrl(parsed).href === endpointUrl(other).href
}

function isCalledAlike(one: WebhookEntry, other: WebhookEntry): boolean {
  const [a, b] = [new URL(one.url), new URL(other.url)]
  return one.secret_env === other.secret_env && a.username === b.username && a.password === b.password
}

const KEYS: ReadonlyMap<string | number | undefined, readonly string[]> = new Map([
  [undefined, ['name', 'branch', 'environments', 'default_environment', 'promotion', 'webhooks', 'gates']],
  ['webhooks', ['url', 'secret_env', 'environments', 'actions']],
  ['gates', ['eval', 'pass_rate', 'providers']],
])
const ENVIRONMENT = 'lower-case letters, digits and hyphens, beginning with a letter'
const ONE_LINE = 'one line that is not blank'

const WORDING: Wording = {
  patterns: {
    '#/properties/name': ONE_LINE,
    '#/properties/branch': 'the short name of a branch, such as main',
    '#/$defs/environment': ENVIRONMENT,
    '#/properties/webhooks/items/properties/url': 'an address that begins with https://',
    '#/properties/webhooks/items/properties/secret_env':
      'the name of an environment variable that begins with PROMPTCTL_, such as PROMPTCTL_WEBHOOK_SECRET',
    '#/properties/gates/additionalProperties/properties/providers/items': ONE_LINE,
  },
  unknownKey: (path, key) => {
    const [section] = path
    const known = KEYS.get(section)
    const where = section === undefined ? 'promptctl.yaml' : section === 'webhooks' ? 'a webhook' : 'a gate'
    return `${quoteName(key)} is not a key of ${where}${suggestion(key, known ?? [])}`
  },
  isSecret: ([section]) => section === 'webhooks',
}
