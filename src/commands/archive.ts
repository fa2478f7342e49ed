import { archive as archivePrompts } from '../registry/archive.js'
import { appliedJson, formatApplied } from './applied.js'
import { defineCommand } from './command.js'
import {
  countOption,
  environmentFlag,
  environmentOption,
  expectFlag,
  pushFlag,
  targetsOf,
  writeFlags,
  writeOptions,
} from './options.js'

export const archive = defineCommand({
  usage: 'archive [prompts...]',
  summary: 'Take prompts out of service; nothing is destroyed',
  examples: ['promptctl archive old-greeting --env production', 'promptctl archive --all --env staging --dry-run'],
  flags: (command) => {
    command.option('-a, --all', 'every prompt of the environment')
    expectFlag(environmentFlag(pushFlag(writeFlags(command))))
  },
  parse: (words, options) => ({
    ...targetsOf(words, options),
    ...writeOptions(options),
    environment: environmentOption(options),
    expect: countOption(options, 'expect'),
  }),
  run: async (request, { registry }) => archivePrompts(await registry(), request),
  text: formatApplied,
  json: (applied, { all, names }) => appliedJson(applied, all || names.length > 1),
})
