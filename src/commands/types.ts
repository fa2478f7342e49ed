import type { Environment } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { PromptTypes } from '../registry/types.js'
import { defineCommand } from './command.js'
import { environmentFlag, environmentOption, textOption } from './options.js'

interface Request {
  readonly environment: Environment | undefined
  readonly output: string | undefined
}

export const types = defineCommand<Request, PromptTypes>({
  usage: 'types',
  summary: "Write TypeScript types of every prompt's variables",
  examples: ['promptctl types --env production -o src/prompts.d.ts', 'promptctl types'],
  flags: (command) => {
    environmentFlag(command)
    command.option('-o, --output <file>', 'write it there, and not on standard output')
  },
  parse: (_words, options) => ({ environment: environmentOption(options), output: textOption(options, 'output') }),
  run: async ({ environment, output }, context) => {
    const { promptTypes } = await import('../registry/types.js')
    const made = await promptTypes(await context.registry(), environment)
    for (const slug of made.unknown) context.note(`${slug} is left out: what is live of it takes the whole history`)
    if (output !== undefined) context.writeFile(output, made.types)
    return made
  },
  text: ({ environment, prompts, types: text }, _style, { output }) =>
    output === undefined
      ? text
      : `${visibleLine(output)}: ${prompts} ${prompts === 1 ? 'prompt' : 'prompts'} of ${environment}\n`,
  json: ({ types: text, environment, prompts }, { output }) =>
    output === undefined ? { environment, prompts, types: text } : { path: output, environment, prompts },
})
