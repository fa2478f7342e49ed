import { PromptctlError } from '../core/errors.js'
import { quoteName } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { HookRecord } from '../registry/hooks.js'
import { defineCommand } from './command.js'

type Action = 'install' | 'uninstall'

export const hooks = defineCommand<Action, { readonly hooks: readonly HookRecord[] }>({
  usage: 'hooks <action>',
  summary: "Install or uninstall promptctl's git hooks",
  examples: ['promptctl hooks install', 'promptctl hooks uninstall'],
  flags: (command) => {
    command.addHelpText(
      'before',
      `The actions:
  install    in a work tree pre-commit (lint --staged); in a bare repository pre-receive
             (lint --pre-receive) and post-receive (notify --post-receive --no-wait)
  uninstall  remove them

What is pushed to other branches than the shared one passes. Which one that is, a bare repository
asks the configuration on HEAD's branch: its branch:, else HEAD's branch itself.

A hook that is not ours is never overwritten, and core.hooksPath is respected.\n`,
    )
  },
  parse: ([action = '']) => {
    if (action === 'install' || action === 'uninstall') return action
    throw new PromptctlError('usage', `${quoteName(action)} is no action of hooks`, {
      hint: 'It takes install or uninstall.',
    })
  },
  run: async (action, context) => {
    const { installHooks, uninstallHooks } = await import('../registry/hooks.js')
    const files = await context.hooks()
    return { hooks: action === 'install' ? installHooks(files, context.program) : uninstallHooks(files) }
  },
  text: (result, style) =>
    style.table(
      [],
      result.hooks.map(({ name, path, action }) => [
        action === 'installed' || action === 'updated' ? style.green(action) : style.dim(action),
        name,
        visibleLine(path),
      ]),
    ),
})
