import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import type { Initialised, InitOptions } from '../registry/init.js'
import { ACTION } from '../registry/workflow.js'
import { defineCommand, type Options } from './command.js'
import { textOption } from './options.js'

export const init = defineCommand<InitOptions, Initialised>({
  usage: 'init',
  summary: 'Make this folder a registry, and commit that',
  examples: ['promptctl init', 'promptctl init --name acme-prompts', 'promptctl init --ci github'],
  flags: (command) => {
    command
      .option('--name <name>', "the registry's name in events; the folder's by default")
      .option('--ci <host>', 'also write the workflow of that host: github')
      .option('--action <owner/repository@ref>', `--ci: the action that it uses (default: ${ACTION})`)
  },
  parse: (_, options) => ({ name: textOption(options, 'name'), ci: parseCi(options) }),
  run: async (request, { initialise }) => initialise(request),
  text: ({ created, commit, changed }, style) =>
    changed
      ? `${created.map((file) => `${style.green('created')}  ${file}\n`).join('')}${style.dim(`commit ${commit?.slice(0, 12)}`)}\n\nNext: promptctl new "My first prompt"\n`
      : 'This is a registry already; nothing to do.\n',
})

function parseCi(options: Options): InitOptions['ci'] {
  const host = textOption(options, 'ci')
  const action = textOption(options, 'action')
  if (host === undefined) {
    if (action === undefined) return undefined
    throw new PromptctlError('usage', '--action goes with --ci github')
  }
  if (host !== 'github') throw new PromptctlError('usage', `--ci takes github, not ${quoteName(host)}`)
  if (action !== undefined && !/^[\w.-]+\/[\w./-]+@[\w./-]+$/.test(action)) {
    throw new PromptctlError('usage', `${quoteName(action)} is not an action`, {
      hint: 'Write <owner>/<repository>@<ref>.',
    })
  }
  return { action: action ?? ACTION }
}
