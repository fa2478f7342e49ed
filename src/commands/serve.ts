import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import type { ServeOptions } from '../server/serve.js'
import { type Context, defineCommand, type Options } from './command.js'
import { booleanOption, collect, environmentOption, listOption, textOption } from './options.js'

interface Request extends ServeOptions {
  readonly tokens: string | undefined
  readonly preload: string | undefined
  readonly clone: { readonly url: string; readonly dir: string } | undefined
}

export const serve = defineCommand<Request, { readonly served: true }>({
  usage: 'serve',
  summary: 'Serve prompts over HTTP, from memory',
  examples: [
    'promptctl serve',
    'promptctl serve --env production --port 8080',
    'promptctl serve --host 0.0.0.0 --tokens tokens.txt',
    'promptctl serve --clone https://git.example.com/prompts.git /var/lib/prompts --poll 30s',
  ],
  flags: (command) => {
    command
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--port <number>', 'port to listen on; 0 takes any that is free', '4180')
      .option('-e, --env <environment>', 'what is served where a request names no environment')
      .option('--ref <branch>', 'branch to serve (default: the shared branch)')
      .option('--poll <time>', 'ask the remote this often, such as 30s or 5m (with --clone: 30s); 0 does not')
      .option('--push', 'a write reaches the remote before it is acknowledged (with --clone: always)')
      .option('--clone <url-and-folder...>', 'serve a bare clone, made where it is missing: --clone <url> <folder>')
      .option('--tokens <file>', 'file with a line for each token (default: PROMPTCTL_TOKENS_FILE)')
      .option('--allow-host <name>', 'another name that the Host header may say; may be given several times', collect)
      .addOption(command.createOption('--preload <commit>', 'fill the cache for that commit, and end').hideHelp())
      .option('--cors <origin>', 'let pages of this origin, or *, read answers; may be given several times', collect)
  },
  parse: (_words, options) => ({
    host: textOption(options, 'host') ?? '',
    port: portOption(options),
    environment: environmentOption(options),
    branch: textOption(options, 'ref'),
    ...remoteOptions(options),
    tokens: textOption(options, 'tokens'),
    preload: textOption(options, 'preload'),
    allowedHosts: listOption(options, 'allowHost'),
    cors: listOption(options, 'cors'),
  }),
  run: async (request, context) => {
    if (request.preload !== undefined) {
      const { preload } = await import('../registry/delivery/preload.js')
      await preload(await context.registry(), request.preload)
      return { served: true }
    }
    const { serve: run } = await import('../server/serve.js')
    await run(request, {
      registry: await context.unattendedRegistry(request.clone),
      readTokens: tokensOf(request, context),
      refreshSecret: context.env['PROMPTCTL_REFRESH_SECRET'] || undefined,
      signal: context.untilStopped(),
      now: context.now,
      write: context.print,
    })
    return { served: true }
  },
  text: () => '',
})

function portOption(options: Options): number {
  const text = textOption(options, 'port') ?? ''
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new PromptctlError('usage', `--port takes a number from 0 to 65535, and ${quoteName(text)} is none`)
}

/** A clone of its own has no other use than to follow the remote, and to write there. */
function remoteOptions(options: Options): Pick<Request, 'poll' | 'push' | 'clone' | 'isOwn'> {
  const words = listOption(options, 'clone')
  const [url, dir] = words
  const poll = pollOption(options)
  if (words.length === 0) {
    return { poll: poll || undefined, push: booleanOption(options, 'push'), clone: undefined, isOwn: false }
  }
  if (url === undefined || dir === undefined || words.length > 2) {
    throw new PromptctlError('usage', '--clone takes an address and a folder: --clone <url> <folder>')
  }
  return { poll: (poll ?? CLONE_POLL_MS) || undefined, push: true, clone: { url, dir }, isOwn: true }
}

const CLONE_POLL_MS = 30_000
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds; 0 for none. */
function pollOption(options: Options): number | undefined {
  const text = textOption(options, 'poll')
  if (text === undefined) return undefined
  const [, number, unit = 's'] = /^(\d{1,6})(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (ms === 0 || (ms >= MIN_POLL_MS && ms <= MAX_POLL_MS)) return ms
  throw new PromptctlError(
    'usage',
    `--poll takes a time from 100ms to 24h, such as 30s or 5m, and not ${quoteName(text)}`,
  )
}

const MIN_POLL_MS = 100
const MAX_POLL_MS = 86_400_000

function tokensOf({ tokens }: Request, { env, readInput }: Context) {
  const file = tokens ?? env['PROMPTCTL_TOKENS_FILE']
  if (file === undefined || file === '') return undefined
  return async () => ({ text: Buffer.from(await readInput(file)).toString('utf8'), file })
}
