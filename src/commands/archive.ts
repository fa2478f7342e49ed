import { archive as archivePrompts } from '../registry/archive.js'
import { appliedToPrompts, formatApplied, noteBeside } from './applied.js'
import { defineCommand } from './command.js'
import { environmentFlag, environmentOption, promptsFlags, promptsOptions } from './options.js'

export const archive = defineCommand({
  usage: 'archive [prompts...]',
  summary: 'Take prompts out of service; nothing is destroyed',
  examples: ['promptctl archive old-greeting --env production', 'promptctl archive --all --env staging --dry-run'],
  flags: (command) => {
    environmentFlag(promptsFlags(command, 'every prompt of the environment'))
  },
  parse: (words, options) => ({ ...promptsOptions(words, options), environment: environmentOption(options) }),
  run: async (request, context) =>
    noteBeside(await archivePrompts(await context.registry(), request), request, context),
  text: formatApplied,
  json: appliedToPrompts,
})
