import type { Environment } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { LogEntry } from '../registry/log.js'
import type { Style } from './command.js'
import { displayDate, displayName } from './display.js'
import { paintAction } from './paint.js'

/** What the markers speak of. */
type Moment = 'now' | 'then'

/**
 * For a person, one prompt: one lane an environment, so that the eye follows what each of them served.
 *
 *     d s p
 *     │ │ ●  v9  rolled back  production   just now    Ada  5c4b6b22
 *     │ │ ○  v8  promoted     production   2 days ago  Ada  532799b1
 */
export function formatTimeline(
  entries: readonly LogEntry[],
  environments: readonly Environment[],
  moment: Moment,
  style: Style,
): string {
  const lanes = lanesOf(entries, environments)
  const trails = drawTrails(entries, lanes, style)
  const rows = entries.map((entry, index) => [
    trails[index] ?? '',
    displayNumber(entry, style),
    paintAction(entry.action, style),
    entry.environment,
    ...provenanceOf(entry, style),
    noteOf(entry),
  ])
  const initials = lanes.map((lane) => lane.charAt(0)).join(' ')
  const head = `${displayName(entries[0]?.slug ?? '', style)}\n\n`
  return `${head}${formatRows([initials, '', 'action', 'environment'], rows, style)}${formatFoot(entries, moment, style)}`
}

/** For a person, many prompts: a commit that changed several of them says once when and by whom. */
export function formatCommits(entries: readonly LogEntry[], moment: Moment, style: Style): string {
  const rows = entries.map((entry, index) => {
    const isFirst = entries[index - 1]?.commit !== entry.commit
    return [
      markerOf(entry, style),
      paintAction(entry.action, style),
      entry.environment,
      displayName(entry.slug, style),
      displayNumber(entry, style),
      ...(isFirst ? provenanceOf(entry, style) : ['', '', '']),
      isFirst && !/^[0-9]+ prompts$/.test(noteOf(entry)) ? noteOf(entry) : '',
    ]
  })
  return `${formatRows(['', 'action', 'environment', 'prompt', ''], rows, style)}${formatFoot(entries, moment, style)}`
}

function formatRows(header: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const whole = [...header, 'when', 'by', 'commit', 'subject']
  const hasNotes = rows.some((row) => row.at(-1) !== '')
  return hasNotes
    ? style.table(whole, rows)
    : style.table(
        whole.slice(0, -1),
        rows.map((row) => row.slice(0, -1)),
      )
}

const displayNumber = ({ version, provisional }: LogEntry, style: Style): string =>
  style.bold(`v${version}`) + (provisional ? style.yellow('?') : '')

const provenanceOf = ({ date, author, commit }: LogEntry, style: Style): readonly string[] => [
  displayDate(date, style),
  visibleLine(author.name),
  style.dim(commit.slice(0, 8)),
]

/** The environments that appear: those of the configuration in their order, then those that it no longer names. */
function lanesOf(entries: readonly LogEntry[], environments: readonly Environment[]): readonly Environment[] {
  const present = new Set(entries.map(({ environment }) => environment))
  return [
    ...environments.filter((environment) => present.has(environment)),
    ...[...present].filter((environment) => !environments.includes(environment)),
  ]
}

/** What stands before each entry: its marker in its lane, and whether the other environments serve the prompt then. */
function drawTrails(entries: readonly LogEntry[], lanes: readonly Environment[], style: Style): readonly string[] {
  const serving = new Map<Environment, boolean>()
  const trails: string[] = []
  for (const entry of entries.toReversed()) {
    const before = serving.get(entry.environment) ?? false
    serving.set(entry.environment, servesAfter(entry, before))
    const cells = lanes.map((lane) => {
      if (lane === entry.environment) return markerOf(entry, style)
      const isServing = serving.get(lane)
      if (isServing === undefined) return ' '
      return style.dim(isServing ? '│' : '┊')
    })
    trails.push(cells.join(' '))
  }
  return trails.reverse()
}

function servesAfter({ state }: LogEntry, before: boolean): boolean {
  if (state === 'published') return true
  return state === 'archived' || state === 'deleted' ? false : before
}

function markerOf({ live, state }: LogEntry, style: Style): string {
  if (live) return style.green('●')
  return state === 'invalid' || state === 'deleted' ? style.red('✗') : state === 'draft' ? style.blue('○') : '○'
}

/** Our own subjects say again what the row says, but for how many prompts the commit changed. */
function noteOf({ subject, slug }: LogEntry): string {
  const own = /^(?:new|edit|import|publish|promote|archive|rollback)\([a-z0-9,-]+\): (.+)$/.exec(subject)?.[1]
  if (own === undefined) return visibleLine(subject)
  return own === slug ? '' : visibleLine(own)
}

function formatFoot(entries: readonly LogEntry[], moment: Moment, style: Style): string {
  const facts = [`${style.green('●')} live ${moment}`]
  if (entries.some(({ provisional }) => provisional)) facts.push(`${style.yellow('?')} not pushed: numbers may change`)
  return `\n${facts.join(style.dim(' · '))}\n`
}
