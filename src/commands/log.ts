import { parseName } from '../core/reference.js'
import type { Environment } from '../core/slug.js'
import { parseTime } from '../core/time.js'
import { visibleLine } from '../core/visible.js'
import { type LogEntry, log as readLog, readReasons } from '../registry/log.js'
import { defineCommand, type Style } from './command.js'
import { displayDate, displayName } from './display.js'
import { formatCommits, formatTimeline } from './log-timeline.js'
import { countOption, environmentFlag, environmentOption, textOption } from './options.js'
import { paintAction } from './paint.js'

interface Request {
  readonly name: string | undefined
  readonly environment: Environment | undefined
  readonly since: string | undefined
  readonly limit: number | undefined
  readonly at: string | undefined
}

interface Result {
  /** In promotion order. */
  readonly environments: readonly Environment[]
  readonly entries: readonly LogEntry[]
  /** Why, by commit, in the words of who made it; of none in a pipe. */
  readonly reasons: ReadonlyMap<string, string>
}

export const log = defineCommand<Request, Result>({
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
    name: text === undefined ? undefined : parseName(text),
    environment: environmentOption(options),
    since: textOption(options, 'since'),
    limit: countOption(options, 'limit'),
    at: textOption(options, 'at'),
  }),
  run: async ({ since, at, ...request }, { registry, now, isTerminal }) => {
    const opened = await registry()
    const entries = await readLog(opened, {
      ...request,
      sinceMs: since === undefined ? undefined : parseTime(since, now()),
      at: at === undefined ? undefined : { ms: parseTime(at, now()), text: at },
    })
    const reasons = isTerminal ? await readReasons(opened, entries) : new Map()
    return { environments: opened.config.environments, entries, reasons }
  },
  text: ({ environments, entries, reasons }, style, { name, environment, at }) => {
    if (!style.isTerminal) return formatLines(entries, name === undefined, style)
    if (entries.length === 0) return at === undefined ? 'Nothing happened there.\n' : 'Nothing was live then.\n'
    const moment = at === undefined ? 'now' : 'then'
    const story = { entries, reasons, moment, isOfOne: environment !== undefined } as const
    return name === undefined ? formatCommits(story, style) : formatTimeline(story, environments, style)
  },
  json: ({ entries }) => entries,
})

/** For programs: live or nothing, the slug where there are several, then as the timeline, with whole subjects. */
const formatLines = (entries: readonly LogEntry[], withSlug: boolean, style: Style): string =>
  style.table(
    [],
    entries.map(({ version, slug, environment, action, live, author, date, commit, subject }) => [
      live ? 'live' : '',
      ...(withSlug ? [displayName(slug, style)] : []),
      `v${version}`,
      environment,
      paintAction(action, style),
      displayDate(date, style),
      visibleLine(author.name),
      commit.slice(0, 10),
      visibleLine(subject),
    ]),
  )
