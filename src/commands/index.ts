import { archive } from './archive.js'
import { bundle } from './bundle.js'
import { cache } from './cache.js'
import type { AnyCommand } from './command.js'
import { compile } from './compile.js'
import { completion } from './completion.js'
import { diff } from './diff.js'
import { doctor } from './doctor.js'
import { edit } from './edit.js'
import { evalCommand } from './eval.js'
import { hooks } from './hooks.js'
import { importCommand } from './import.js'
import { init } from './init.js'
import { lint } from './lint.js'
import { list } from './list.js'
import { log } from './log.js'
import { newPrompt } from './new.js'
import { notify } from './notify.js'
import { promote } from './promote.js'
import { publish } from './publish.js'
import { push } from './push.js'
import { rollback } from './rollback.js'
import { serve } from './serve.js'
import { show } from './show.js'
import { status } from './status.js'
import { token } from './token.js'
import { types } from './types.js'
import { variables } from './variables.js'
import { webhook } from './webhook.js'

/** Every command, in the order of the help, under its heading there. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, commands: readonly AnyCommand[]])[] = [
  ['Write prompts:', [init, newPrompt, edit, importCommand]],
  ['Look at them:', [list, show, variables, status, log, diff]],
  ['Check and use them:', [lint, compile, evalCommand]],
  ['Put them into service, and take them back:', [publish, promote, archive, rollback]],
  ['Share them:', [push]],
  ['Deliver them:', [serve, token, bundle, types]],
  ['Tell others:', [notify, webhook]],
  ['Look after things:', [hooks, doctor, cache, completion]],
]

/** Every command, in the order of the help. */
export const COMMANDS: readonly AnyCommand[] = COMMAND_GROUPS.flatMap(([, commands]) => commands)
