import { PromptctlError } from '../core/errors.js'
import { decodeText } from '../core/import/text.js'
import { createPrompt } from '../registry/create.js'
import { appliedJson, formatApplied } from './applied.js'
import { defineCommand } from './command.js'
import { collect, listOption, textOption, writeFlags, writeOptions } from './options.js'

export const newPrompt = defineCommand({
  usage: 'new <title>',
  summary: 'Make a prompt: a draft in the first environment',
  examples: ['promptctl new "Refund email"', 'promptctl new "Refund email" --template-file refund.txt --tag support'],
  flags: (command) => {
    command.option('-f, --template-file <file>', 'the template; - is standard input; without it $EDITOR opens')
    command.option('--description <text>', 'what it is for')
    command.option('--tag <tag>', 'a tag; may be given several times', collect)
    writeFlags(command)
  },
  parse: ([title = ''], options) => {
    if (title.trim() === '') throw new PromptctlError('usage', 'A prompt needs a title')
    return {
      title,
      file: textOption(options, 'templateFile'),
      description: textOption(options, 'description'),
      tags: listOption(options, 'tag'),
      ...writeOptions(options),
    }
  },
  run: async ({ file, ...request }, { registry, readInput, editText }) => {
    const opened = await registry()
    const create = async (template: string) => {
      if (template === '') throw new PromptctlError('usage', 'The template is empty, so no prompt was made')
      return createPrompt(opened, { ...request, content: { template } })
    }
    if (file === undefined) return editText('', 'template.mustache', create)
    return create(decodeText(await readInput(file), file))
  },
  text: formatApplied,
  json: (applied) => appliedJson(applied, false),
})
