import { checkAlone } from '../core/check-alone.js'
import { packPrompt } from '../core/packed-prompt.js'
import { verdictOf } from '../core/verdict.js'
import type { ParallelTasks } from '../registry/ports.js'

/** What the workers can do, by name: pure functions of a list of files. */
export const TASKS: ParallelTasks = {
  verdicts: async (contents) => contents.map(verdictOf),
  packed: async (contents) => contents.map(packPrompt),
  strictly: async (files) => files.map(({ path, bytes }) => checkAlone(bytes, path, true)),
  leniently: async (files) => files.map(({ path, bytes }) => checkAlone(bytes, path, false)),
}
