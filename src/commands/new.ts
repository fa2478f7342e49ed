import { PromptctlError } from '../core/errors.js'
import { createPrompt } from '../registry/create.js'
import { appliedJson, formatApplied } from './applied.js'
import { defineCommand } from './command.js'
import { collect, listOption, textOption, writeFlags, writeOptions } from './options.js'
import { readTemplate } from './template-file.js'

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
  run: async ({ file, ...request }, context) => {
    const opened = await context.registry()
    const create = (template: string) => createPrompt(opened, { ...request, content: { template } })
    if (file !== undefined) return create(await readTemplate(file, context))
    return context.editText('', 'template.mustache', (template) => {
      if (template.trim() !== '') return create(template)
      throw new PromptctlError('usage', 'The template is empty, so no prompt was made', {
        hint: 'Write it in the editor and save it, or give it with --template-file <file>.',
      })
    })
  },
  text: formatApplied,
  json: (applied) => appliedJson(applied, false),
})
