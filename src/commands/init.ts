import type { Initialised } from '../registry/init.js'
import { defineCommand } from './command.js'
import { textOption } from './options.js'

export const init = defineCommand<{ name: string | undefined }, Initialised>({
  usage: 'init',
  summary: 'Make this folder a registry, and commit that',
  examples: ['promptctl init', 'promptctl init --name acme-prompts'],
  flags: (command) => {
    command.option('--name <name>', "the registry's name in events; the folder's by default")
  },
  parse: (_, options) => ({ name: textOption(options, 'name') }),
  run: async ({ name }, { initialise }) => initialise(name),
  text: ({ created, commit, changed }, style) =>
    changed
      ? `${created.map((file) => `${style.green('created')}  ${file}\n`).join('')}${style.dim(`commit ${commit?.slice(0, 12)}`)}\n\nNext: promptctl new "My first prompt"\n`
      : 'This is a registry already; nothing to do.\n',
})
