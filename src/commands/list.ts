import { PromptctlError } from '../core/errors.js'
import { visibleLine } from '../core/visible.js'
import { type BriefPrompt, type ListRequest, listBriefly, list as listPrompts } from '../registry/list.js'
import { defineCommand, type Style } from './command.js'
import { displayName, displayVersion } from './display.js'
import { booleanOption, environmentFlag, environmentOption, textOption } from './options.js'
import { paintState } from './paint.js'

const STATES = ['draft', 'published', 'archived', 'invalid'] as const

interface Request extends ListRequest {
  readonly brief: boolean
}

export const list = defineCommand<Request, readonly BriefPrompt[]>({
  usage: 'list',
  summary: 'List the prompts of an environment',
  examples: ['promptctl list --env production', 'promptctl list --state draft --tag support --json'],
  flags: (command) => {
    environmentFlag(command)
    command.option('--state <state>', `only ${STATES.join(', ')}`)
    command.option('--tag <tag>', 'only those with this tag')
    command.option('--full', 'with --json: also what the files hold')
  },
  parse: (_, options) => ({
    environment: environmentOption(options),
    state: parseState(textOption(options, 'state')),
    tag: textOption(options, 'tag'),
    full: booleanOption(options, 'full'),
    brief: !booleanOption(options, 'json'),
  }),
  // A table shows so little that no file has to be read for it.
  run: async ({ brief, ...request }, { registry }) =>
    brief ? listBriefly(await registry(), request) : listPrompts(await registry(), request),
  text: (prompts, style, { state, tag }) => {
    if (prompts.length === 0 && style.isTerminal) {
      const isFiltered = state !== undefined || tag !== undefined
      return isFiltered ? 'No prompt is like that.\n' : 'No prompts. promptctl new <title> makes one.\n'
    }
    const rows = prompts.map((prompt) => [
      displayName(prompt.slug, style),
      paintState(prompt.state, style),
      prompt.modified ? style.yellow('modified') : displayVersion(prompt.version),
      displayVersion(prompt.live_version),
      visibleLine(prompt.title ?? 'cannot be read: promptctl lint'),
      visibleLine(prompt.tags.join(', ')),
    ])
    const table = style.table(['prompt', 'state', 'version', 'live', 'title', 'tags'], rows)
    return style.isTerminal ? `${table}${formatFoot(prompts, style)}` : table
  },
})

const formatFoot = (prompts: readonly BriefPrompt[], style: Style): string =>
  style.dim(`\n${prompts.length} prompt${prompts.length === 1 ? '' : 's'}\n`)

function parseState(text: string | undefined): ListRequest['state'] {
  if (text === undefined) return undefined
  const state = STATES.find((known) => known === text)
  if (state !== undefined) return state
  throw new PromptctlError('usage', `--state takes ${STATES.join(', ')}, not ${JSON.stringify(text)}`)
}
