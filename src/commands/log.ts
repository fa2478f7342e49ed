import { parseReference } from '../core/reference.js'
import { parseTime } from '../core/time.js'
import { visibleLine } from '../core/visible.js'
import { type LogEntry, log as readLog } from '../registry/log.js'
import { defineCommand, type Style } from './command.js'
import { displayDate, displayName } from './display.js'
import { countOption, environmentFlag, environmentOption, textOption } from './options.js'
import { paintAction } from './paint.js'

export const log = defineCommand({
  usage: 'log [prompt]',
  summary: 'Show what happened, newest first; or what was live then',
  examples: [
    'promptctl log refund-email',
    'promptctl log --env production --since yesterday',
    'promptctl log --env production --at "02:00"',
  ],
  flags: (command) => {
    environmentFlag(command)
    command.option('--since <time>', 'only what happened after')
    command.option('-n, --limit <count>', 'at most so many')
    command.option('--at <time>', 'what was live then')
  },
  parse: ([text], options) => ({
    name: text === undefined ? undefined : parseReference(text).name,
    environment: environmentOption(options),
    since: textOption(options, 'since'),
    limit: countOption(options, 'limit'),
    at: textOption(options, 'at'),
  }),
  run: async ({ since, at, ...request }, { registry, now }) =>
    readLog(await registry(), {
      ...request,
      sinceMs: since === undefined ? undefined : parseTime(since, now()),
      at: at === undefined ? undefined : { ms: parseTime(at, now()), text: at },
    }),
  text: (entries: readonly LogEntry[], style, { name }) =>
    style.isTerminal && entries.length === 0
      ? 'Nothing happened there.\n'
      : style.table(
          [
            '',
            ...(name === undefined ? ['prompt'] : []),
            'version',
            'environment',
            'action',
            'when',
            'by',
            'commit',
            'subject',
          ],
          entries.map((entry) => rowOf(entry, name === undefined, style)),
        ),
})

function rowOf(entry: LogEntry, withSlug: boolean, style: Style): readonly string[] {
  const { version, slug, environment, action, state, live, author, date, commit, subject } = entry
  const marker = live ? style.green('●') : state === 'invalid' || state === 'deleted' ? style.red('✗') : style.dim('○')
  return [
    style.isTerminal ? marker : live ? 'live' : '',
    ...(withSlug ? [displayName(slug, style)] : []),
    style.bold(`v${version}`) + (entry.provisional ? style.dim('?') : ''),
    environment,
    paintAction(action, style),
    displayDate(date, style),
    visibleLine(author.name),
    style.dim(commit.slice(0, 10)),
    visibleLine(subject),
  ]
}
