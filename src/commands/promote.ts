import { PromptctlError } from '../core/errors.js'
import { promote as promotePrompts } from '../registry/promote.js'
import { appliedToPrompts, formatApplied, noteBeside } from './applied.js'
import { defineCommand } from './command.js'
import { booleanOption, environmentOption, promptsFlags, promptsOptions } from './options.js'

export const promote = defineCommand({
  usage: 'promote [prompts...]',
  summary: 'Publish in one environment what is live in another',
  examples: ['promptctl promote refund-email --to production', 'promptctl promote --all --to staging --dry-run'],
  flags: (command) => {
    command.option('--to <environment>', 'where to (required)')
    command.option('--from <environment>', 'where from; without it the environment before')
    promptsFlags(command, 'every prompt that is live in the source')
    command.option('--overwrite', 'also over a change that was made in the target itself')
    command.option('--again', 'also content that was rolled back in the target')
    command.option('--with-partials', 'take the included prompts along')
    command.option('--restore', 'also what is archived or deleted in the target')
  },
  parse: (words, options) => {
    const to = environmentOption(options, 'to')
    if (to === undefined) {
      throw new PromptctlError('usage', 'promote needs --to <environment>', {
        hint: 'promptctl promote refund-email --to production',
      })
    }
    return {
      ...promptsOptions(words, options),
      to,
      from: environmentOption(options, 'from'),
      overwrite: booleanOption(options, 'overwrite'),
      again: booleanOption(options, 'again'),
      withPartials: booleanOption(options, 'withPartials'),
      restore: booleanOption(options, 'restore'),
    }
  },
  run: async (request, context) =>
    noteBeside(await promotePrompts(await context.registry(), request), request, context),
  text: formatApplied,
  json: appliedToPrompts,
})
