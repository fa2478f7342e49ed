import { randomBytes } from 'node:crypto'
import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { DeliveryOutcome, DeliveryRecord } from '../registry/ports.js'
import type { EndpointRecord } from '../registry/webhooks.js'
import { type Context, defineCommand, type Options, type Style } from './command.js'
import { displayDate } from './display.js'
import { collect, countOption, listOption, textOption } from './options.js'
import { displayWait, formatOutcomes, requireDelivered } from './outcomes.js'

interface Verification {
  readonly file: string
  readonly headers: Readonly<Record<string, string>>
  readonly secretEnv: string
  readonly toleranceSeconds: number | undefined
}

type Request =
  | { readonly action: 'list' | 'test' | 'deliveries' | 'secret' }
  | { readonly action: 'deliver'; readonly id: string | undefined }
  | { readonly action: 'background'; readonly root: string }
  | { readonly action: 'verify'; readonly verification: Verification }

type Result =
  | { readonly endpoints: readonly EndpointRecord[] }
  | { readonly deliveries: readonly DeliveryRecord[] }
  | { readonly outcomes: readonly DeliveryOutcome[] }
  | { readonly secret: string }
  | { readonly valid: true }

export const webhook = defineCommand<Request, Result>({
  usage: 'webhook <action> [file]',
  summary: 'Look at webhooks: list, test, deliveries, deliver, …',
  examples: [
    'promptctl webhook list',
    'promptctl webhook test',
    'promptctl webhook deliveries',
    'promptctl webhook deliver --id msg_0123abcd',
    "promptctl webhook verify body.json --header 'X-Signature-256: sha256=…'",
    'promptctl webhook secret',
  ],
  flags: (command) => {
    command
      .addHelpText(
        'before',
        `The actions:
  list        the endpoints, and whether their secrets are set
  test        send a ping to every endpoint
  deliveries  what is in the outbox, and how its last attempt ended
  deliver     try what is pending, or with --id one delivery, also when it failed for good or waits
  verify      check the signature of a body, from a file or - for standard input
  secret      make a secret\n`,
      )
      .option('--id <id>', 'deliver: this delivery alone, or a unique beginning of its id')
      .option('--header <header>', "verify: a header, as 'name: value'; may be given several times", collect)
      .option('--secret-env <name>', 'verify: the variable with the secret (default: PROMPTCTL_WEBHOOK_SECRET)')
      .option('--tolerance <seconds>', 'verify: how old the timestamp may be (default: 300)')
      .addOption(command.createOption('--background <folder>', 'deliver: what the background process does').hideHelp())
  },
  parse: ([action = '', file], options) => {
    if (action !== 'verify' && file !== undefined) throw new PromptctlError('usage', `webhook ${action} takes no file`)
    assertFitting(action, options)
    return parseAction(action, file, options)
  },
  run,
  text,
  json: (result) => Object.values(result)[0],
})

/** Whose options they are: with another action they would do nothing. */
const ACTION_OF = { id: 'deliver', header: 'verify', secretEnv: 'verify', tolerance: 'verify' } as const

function assertFitting(action: string, options: Options): void {
  for (const [name, owner] of Object.entries(ACTION_OF)) {
    if (options[name] === undefined || action === owner) continue
    const flag = name === 'secretEnv' ? 'secret-env' : name
    throw new PromptctlError('usage', `--${flag} goes with webhook ${owner}, not with webhook ${action}`)
  }
}

function parseAction(action: string, file: string | undefined, options: Options): Request {
  switch (action) {
    case 'list':
    case 'test':
    case 'deliveries':
    case 'secret':
      return { action }
    case 'deliver': {
      const root = textOption(options, 'background')
      return root === undefined ? { action, id: textOption(options, 'id') } : { action: 'background', root }
    }
    case 'verify':
      return { action, verification: parseVerification(file, options) }
    default:
      throw new PromptctlError('usage', `${quoteName(action)} is no action of webhook`, {
        hint: 'It takes list, test, deliveries, deliver, verify or secret.',
      })
  }
}

function parseVerification(file: string | undefined, options: Options): Verification {
  if (file === undefined) throw new PromptctlError('usage', 'Name the file with the body, or - for standard input')
  const headers = listOption(options, 'header').map((header) => {
    const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/s.exec(header) ?? []
    if (name !== undefined && value !== undefined) return [name.toLowerCase(), value] as const
    throw new PromptctlError('usage', `${quoteName(header)} is not a header`, { hint: "Write --header 'name: value'." })
  })
  return {
    file,
    headers: Object.fromEntries(headers),
    secretEnv: textOption(options, 'secretEnv') ?? 'PROMPTCTL_WEBHOOK_SECRET',
    toleranceSeconds: countOption(options, 'tolerance'),
  }
}

async function run(request: Request, context: Context): Promise<Result> {
  const { deliverOutbox, listEndpoints, testEndpoints } = await import('../registry/webhooks.js')
  switch (request.action) {
    case 'list':
      return { endpoints: await listEndpoints(await context.registry()) }
    case 'test':
      return delivered(await testEndpoints(await context.registry()), { isKept: false })
    case 'deliveries':
      return showDeliveries(context)
    case 'deliver':
      return delivered(await deliverOutbox(await context.registry(), request.id))
    case 'background':
      await context.deliverInBackground(request.root)
      return { outcomes: [] }
    case 'verify':
      return verify(request.verification, context)
    case 'secret':
      return { secret: `whsec_${randomBytes(32).toString('base64')}` }
  }
}

function delivered(outcomes: readonly DeliveryOutcome[], options?: { readonly isKept: boolean }): Result {
  requireDelivered(outcomes, options)
  return { outcomes }
}

async function showDeliveries(context: Context): Promise<Result> {
  const { listDeliveries } = await import('../registry/webhooks.js')
  const { deliveries, damaged } = await listDeliveries(await context.registry())
  if (damaged.length > 0) context.note(`These files were in the outbox and are no deliveries: ${damaged.join(', ')}`)
  return { deliveries }
}

async function verify({ file, headers, secretEnv, toleranceSeconds }: Verification, context: Context): Promise<Result> {
  const secret = context.env[secretEnv]
  if (!secret) {
    throw new PromptctlError('unavailable', `${secretEnv} is not set`, {
      hint: 'Set it to the secret, or name another variable with --secret-env.',
    })
  }
  const { signatureProblem } = await import('../core/signature.js')
  const body = await context.readInput(file)
  const message = { body, headers, secret, now: context.now() }
  const problem = signatureProblem(toleranceSeconds === undefined ? message : { ...message, toleranceSeconds })
  if (problem === undefined) return { valid: true }
  throw new PromptctlError('check_failed', `The signature is not valid: ${problem}`)
}

function text(result: Result, style: Style, { action }: Request): string {
  if ('endpoints' in result) return formatEndpoints(result.endpoints, style)
  if ('deliveries' in result) return formatDeliveries(result.deliveries, style)
  if ('secret' in result) return `${result.secret}\n`
  if ('valid' in result) return 'The signature is valid.\n'
  if (result.outcomes.length > 0) return formatOutcomes(result.outcomes, style)
  return action === 'test' ? 'No webhook is configured.\n' : 'The outbox is empty.\n'
}

function formatEndpoints(endpoints: readonly EndpointRecord[], style: Style): string {
  if (endpoints.length === 0) return style.isTerminal ? 'No webhook is configured.\n' : ''
  const rows = endpoints.map(({ endpoint, secret_env, secret_set, environments, actions }) => [
    visibleLine(endpoint),
    environments?.join(' ') ?? 'all',
    actions?.join(' ') ?? 'all',
    secret_env,
    secret_set ? style.green('set') : style.red('not set'),
  ])
  return style.table(['endpoint', 'environments', 'actions', 'secret', ''], rows)
}

/** So much of an id as tells it from others; `--id` takes it. */
const SHORT_ID = 12

function formatDeliveries(deliveries: readonly DeliveryRecord[], style: Style): string {
  if (deliveries.length === 0) return style.isTerminal ? 'The outbox is empty.\n' : ''
  const rows = deliveries.map(({ id, about, endpoint, attempts, created_at, state, reason, waits_until }) => [
    displayDate(created_at, style),
    style.isTerminal ? id.slice(0, SHORT_ID) : id,
    visibleLine(about),
    visibleLine(endpoint),
    String(attempts),
    `${visibleLine(reason ?? '')}${state === 'failed' ? style.red(' (final)') : ''}${waits_until === null ? '' : `; ${displayWait(waits_until, style)}`}`,
  ])
  return style.table(['when', 'id', 'event', 'endpoint', 'attempts', 'last answer'], rows)
}
