import { randomBytes } from 'node:crypto'
import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { formatScope, formatTokenLine, hashToken, parseScope, parseTokenName, type Scope } from '../core/tokens.js'
import { defineCommand } from './command.js'
import { collect, listOption, textOption } from './options.js'

interface Request {
  readonly name: string
  readonly scopes: readonly Scope[]
}

interface Made {
  readonly name: string
  readonly scopes: readonly string[]
  /** Shown this once: only its hash is kept. */
  readonly token: string
  /** For the file that `serve --tokens` reads. */
  readonly line: string
}

export const token = defineCommand<Request, Made>({
  usage: 'token <action>',
  summary: 'Make a token for serve: create',
  examples: [
    'promptctl token create --name ci --scope read:production',
    "promptctl token create --name release --scope 'read:*' --scope write:staging",
  ],
  flags: (command) => {
    command
      .option('--name <name>', 'who will have it: shown in the log, and the author of what it writes')
      .option('--scope <scope>', 'read:<environment> or write:<environment>, * for all; may be given again', collect)
  },
  parse: ([action = ''], options) => {
    if (action !== 'create') {
      throw new PromptctlError('usage', `${quoteName(action)} is no action of token`, { hint: 'It takes create.' })
    }
    const scopes = listOption(options, 'scope').map(parseScope)
    if (scopes.length === 0) {
      throw new PromptctlError('usage', 'A token without a scope may do nothing', {
        hint: 'Add --scope read:<environment>, one or more.',
      })
    }
    return { name: parseTokenName(textOption(options, 'name') ?? ''), scopes }
  },
  run: async ({ name, scopes }) => {
    const secret = `pctl_${randomBytes(32).toString('base64url')}`
    const line = formatTokenLine({ name, hash: hashToken(secret), scopes })
    return { name, scopes: scopes.map(formatScope), token: secret, line }
  },
  text: ({ token: secret, line }, style) =>
    style.isTerminal
      ? `${style.bold('The token, shown this once:')}\n  ${secret}\n${style.bold('The line for the file of serve --tokens:')}\n  ${line}\n`
      : `${secret}\n${line}\n`,
})
