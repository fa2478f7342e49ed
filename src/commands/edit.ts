import { PromptctlError } from '../core/errors.js'
import { parseName } from '../core/reference.js'
import { edit as editPrompt, readForEdit } from '../registry/edit.js'
import { appliedJson, formatApplied } from './applied.js'
import { defineCommand } from './command.js'
import {
  booleanOption,
  collect,
  countOption,
  environmentFlag,
  environmentOption,
  expectFlag,
  listOption,
  textOption,
  writeFlags,
  writeOptions,
} from './options.js'
import { readTemplate } from './template-file.js'

/** What --set may change; the rest never changes, or has commands of its own. */
const SETTABLE = ['title', 'description', 'tags', 'aliases'] as const

export const edit = defineCommand({
  usage: 'edit <prompt>',
  summary: 'Change a prompt: in $EDITOR, or its template or title',
  examples: ['promptctl edit refund-email', 'promptctl edit refund-email --template-file new.txt --set title="Refund"'],
  flags: (command) => {
    command.option('-f, --template-file <file>', 'the new template; - is standard input')
    command.option('--set <key=value>', `set ${SETTABLE.join(', ')}; may be given several times`, collect)
    command.option('--publish', 'publish at once; needed outside the first environment')
    expectFlag(environmentFlag(writeFlags(command)))
  },
  parse: ([name = ''], options) => ({
    name: parseName(name),
    file: textOption(options, 'templateFile'),
    set: parseSettings(listOption(options, 'set')),
    publish: booleanOption(options, 'publish'),
    environment: environmentOption(options),
    expect: countOption(options, 'expect'),
    ...writeOptions(options),
  }),
  run: async ({ file, set, ...request }, context) => {
    const opened = await context.registry()
    if (file === undefined && Object.keys(set).length === 0) {
      const { text, slug } = await readForEdit(opened, request.name, request.environment)
      return context.editText(text, `${slug}.yaml`, (edited) => {
        if (edited.trim() === '') throw nothingLeft(slug)
        return editPrompt(opened, { ...request, edit: { text: edited } })
      })
    }
    const template = file === undefined ? {} : { template: await readTemplate(file, context) }
    return editPrompt(opened, { ...request, edit: { values: { ...set, ...template } } })
  },
  text: formatApplied,
  json: (applied) => appliedJson(applied, false),
})

const nothingLeft = (slug: string): PromptctlError =>
  new PromptctlError('usage', 'The editor left nothing, so nothing was changed', {
    hint: `promptctl archive ${slug} takes the prompt out of service.`,
  })

function parseSettings(settings: readonly string[]): Record<string, string | readonly string[]> {
  const values: Record<string, string | readonly string[]> = {}
  for (const setting of settings) {
    const mark = setting.indexOf('=')
    const key = SETTABLE.find((known) => known === setting.slice(0, mark))
    if (mark < 1 || key === undefined) {
      throw new PromptctlError('usage', `--set takes <key>=<value>, with a key of ${SETTABLE.join(', ')}`, {
        hint: '--set title="Refund email"; a list is separated by commas: --set tags=support,mail',
      })
    }
    const value = setting.slice(mark + 1)
    values[key] =
      key === 'tags' || key === 'aliases'
        ? value
            .split(',')
            .map((item) => item.trim())
            .filter(Boolean)
        : value
  }
  return values
}
