import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import type { ServeOptions } from '../server/serve.js'
import { type Context, defineCommand, type Options } from './command.js'
import { collect, environmentOption, listOption, textOption } from './options.js'

interface Request extends ServeOptions {
  readonly tokens: string | undefined
}

export const serve = defineCommand<Request, { readonly served: true }>({
  usage: 'serve',
  summary: 'Serve prompts over HTTP, from memory',
  examples: [
    'promptctl serve',
    'promptctl serve --env production --port 8080',
    'promptctl serve --host 0.0.0.0 --tokens tokens.txt',
  ],
  flags: (command) => {
    command
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--port <number>', 'port to listen on; 0 takes any that is free', '4180')
      .option('-e, --env <environment>', 'what is served where a request names no environment')
      .option('--ref <branch>', 'branch to serve (default: the shared branch)')
      .option('--tokens <file>', 'file with a line for each token (default: PROMPTCTL_TOKENS_FILE)')
      .option('--allow-host <name>', 'another name that the Host header may say; may be given several times', collect)
      .option('--cors <origin>', 'let pages of this origin, or *, read answers; may be given several times', collect)
  },
  parse: (_words, options) => ({
    host: textOption(options, 'host') ?? '',
    port: portOption(options),
    environment: environmentOption(options),
    branch: textOption(options, 'ref'),
    tokens: textOption(options, 'tokens'),
    allowedHosts: listOption(options, 'allowHost'),
    cors: listOption(options, 'cors'),
  }),
  run: async (request, context) => {
    const { serve: run } = await import('../server/serve.js')
    await run(request, {
      registry: await context.registry(),
      readTokens: tokensOf(request, context),
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

function tokensOf({ tokens }: Request, { env, readInput }: Context) {
  const file = tokens ?? env['PROMPTCTL_TOKENS_FILE']
  if (file === undefined || file === '') return undefined
  return async () => ({ text: Buffer.from(await readInput(file)).toString('utf8'), file })
}
