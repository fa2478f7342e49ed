import { type Bundle, formatBundle } from '../core/bundle.js'
import { PromptctlError } from '../core/errors.js'
import type { Environment } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { Bundled, VerifiedBundle } from '../registry/bundle.js'
import { type Context, defineCommand } from './command.js'
import { environmentFlag, environmentOption, textOption } from './options.js'

interface Request {
  readonly environment: Environment | undefined
  readonly output: string | undefined
  readonly verify: string | undefined
}

type Result =
  | { readonly kind: 'printed'; readonly bundle: Bundle }
  | { readonly kind: 'written'; readonly path: string; readonly bundle: Bundle }
  | { readonly kind: 'verified'; readonly verified: VerifiedBundle }

export const bundle = defineCommand<Request, Result>({
  usage: 'bundle',
  summary: 'Write all that an environment serves into one file',
  examples: [
    'promptctl bundle --env production -o prompts.json',
    'promptctl bundle --env staging > prompts.json',
    'promptctl bundle --verify prompts.json',
  ],
  flags: (command) => {
    environmentFlag(command)
    command.option('-o, --output <file>', 'write it there, and not on standard output')
    command.option('--verify <file>', 'check that a bundle fits its digests; - is standard input')
  },
  parse: (_words, options) => {
    const request = {
      environment: environmentOption(options),
      output: textOption(options, 'output'),
      verify: textOption(options, 'verify'),
    }
    if (request.verify === undefined || (request.environment ?? request.output) === undefined) return request
    throw new PromptctlError('usage', '--verify takes a bundle, and neither --env nor -o', {
      hint: 'promptctl bundle --verify prompts.json',
    })
  },
  run: async ({ environment, output, verify }, context) => {
    const { bundle: make, verifyBundle } = await import('../registry/bundle.js')
    if (verify !== undefined) {
      const name = verify === '-' ? 'standard input' : verify
      return { kind: 'verified', verified: verifyBundle(await context.readInput(verify), name) }
    }
    const made = await make(await context.registry(), environment)
    noteTroubles(made, context)
    if (output === undefined) return { kind: 'printed', bundle: made.bundle }
    context.writeFile(output, formatBundle(made.bundle))
    return { kind: 'written', path: output, bundle: made.bundle }
  },
  text: (result) => {
    if (result.kind === 'printed') return formatBundle(result.bundle)
    const { environment, commit, prompts } = summaryOf(result)
    const what = `${prompts} ${prompts === 1 ? 'prompt' : 'prompts'} of ${environment} at ${commit.slice(0, 12)}`
    return result.kind === 'written' ? `${visibleLine(result.path)}: ${what}\n` : `${what}: all fit their digests\n`
  },
  json: (result) => (result.kind === 'printed' ? result.bundle : summaryOf(result)),
})

function summaryOf(result: Exclude<Result, { kind: 'printed' }>) {
  if (result.kind === 'verified') return result.verified
  const { environment, commit, prompts } = result.bundle
  return { path: result.path, environment, commit, prompts: prompts.length }
}

function noteTroubles({ invalid, broken }: Bundled, { note }: Context): void {
  for (const slug of invalid) note(`${slug}: the newest version is invalid, and the bundle has the one before`)
  for (const { slug, message } of broken) note(`${slug} is live and cannot be compiled: ${visibleLine(message)}`)
}
