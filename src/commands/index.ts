import { archive } from './archive.js'
import type { AnyCommand } from './command.js'
import { compile } from './compile.js'
import { completion } from './completion.js'
import { diff } from './diff.js'
import { doctor } from './doctor.js'
import { edit } from './edit.js'
import { importCommand } from './import.js'
import { init } from './init.js'
import { lint } from './lint.js'
import { list } from './list.js'
import { log } from './log.js'
import { newPrompt } from './new.js'
import { promote } from './promote.js'
import { publish } from './publish.js'
import { rollback } from './rollback.js'
import { show } from './show.js'
import { status } from './status.js'
import { variables } from './variables.js'

/** Every command, in the order of the help. */
export const COMMANDS: readonly AnyCommand[] = [
  init,
  newPrompt,
  edit,
  importCommand,
  list,
  show,
  variables,
  status,
  compile,
  lint,
  log,
  diff,
  publish,
  promote,
  archive,
  rollback,
  doctor,
  completion,
]
