import { PromptctlError } from '../core/errors.js'
import { publish as publishPrompts } from '../registry/publish.js'
import { appliedToPrompts, formatApplied, noteBeside } from './applied.js'
import { defineCommand } from './command.js'
import { booleanOption, environmentFlag, environmentOption, promptsFlags, promptsOptions } from './options.js'

export const publish = defineCommand({
  usage: 'publish [prompts...]',
  summary: 'Seal prompts and put them into service, in one commit',
  examples: ['promptctl publish refund-email', 'promptctl publish --all --env staging -m "reviewed in #42"'],
  flags: (command) => {
    environmentFlag(promptsFlags(command, 'every prompt of the environment that changed'))
    command.option('--restore', 'also what is archived or deleted')
    command.option('--stage', 'seal and stage without a commit, to finish a merge')
  },
  parse: (words, options) => {
    const stage = booleanOption(options, 'stage')
    const request = promptsOptions(words, options)
    if (stage && request.push) {
      throw new PromptctlError('usage', '--stage makes no commit, so there is nothing to --push')
    }
    if (stage && request.reason !== undefined) {
      throw new PromptctlError('usage', '--stage makes no commit, so there is no message for -m', {
        hint: 'Give it to git commit, which finishes the merge.',
      })
    }
    return {
      ...request,
      environment: environmentOption(options),
      restore: booleanOption(options, 'restore'),
      stage,
    }
  },
  run: async (request, context) =>
    noteBeside(await publishPrompts(await context.registry(), request), request, context),
  text: formatApplied,
  json: appliedToPrompts,
})
