import { PromptctlError } from '../core/errors.js'
import { publish as publishPrompts } from '../registry/publish.js'
import { appliedJson, formatApplied } from './applied.js'
import { defineCommand } from './command.js'
import {
  booleanOption,
  countOption,
  environmentFlag,
  environmentOption,
  expectFlag,
  pushFlag,
  targetsOf,
  writeFlags,
  writeOptions,
} from './options.js'

export const publish = defineCommand({
  usage: 'publish [prompts...]',
  summary: 'Seal prompts and put them into service, in one commit',
  examples: ['promptctl publish refund-email', 'promptctl publish --all --env staging -m "reviewed in #42"'],
  flags: (command) => {
    command.option('-a, --all', 'every prompt of the environment that changed')
    command.option('--restore', 'also what is archived or deleted')
    command.option('--stage', 'seal and stage without a commit, to finish a merge')
    expectFlag(environmentFlag(pushFlag(writeFlags(command))))
  },
  parse: (words, options) => {
    const stage = booleanOption(options, 'stage')
    if (stage && booleanOption(options, 'push')) {
      throw new PromptctlError('usage', '--stage makes no commit, so there is nothing to --push')
    }
    return {
      ...targetsOf(words, options),
      ...writeOptions(options),
      environment: environmentOption(options),
      restore: booleanOption(options, 'restore'),
      stage,
      expect: countOption(options, 'expect'),
    }
  },
  run: async (request, { registry }) => publishPrompts(await registry(), request),
  text: formatApplied,
  json: (applied, { all, names }) => appliedJson(applied, all || names.length > 1),
})
