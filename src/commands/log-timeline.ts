import { parseOwnSubject } from '../core/commit-message.js'
import type { Environment } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { LogEntry } from '../registry/log.js'
import type { Style, Yielding } from './command.js'
import { displayDate, displayName } from './display.js'
import { paintAction } from './paint.js'

/** What is told, and how. */
export interface Story {
  readonly entries: readonly LogEntry[]
  /** By commit. */
  readonly reasons: ReadonlyMap<string, string>
  /** What the markers speak of. */
  readonly moment: 'now' | 'then'
  /** Only one environment was asked for: no row has to name it. */
  readonly isOfOne: boolean
}

/** A column of the table; those that `yields` names give up room, in its order, where the terminal is too narrow. */
interface Column {
  readonly header: string
  readonly cells: readonly string[]
}

interface Yield extends Omit<Yielding, 'column'> {
  readonly of: Column
}

/** A note is worth reading from so many characters on; a person and an environment are told by fewer. */
const NOTE = 12
const PERSON = 8
const ENVIRONMENT = 7
/** Of a slug the suffix always stays, which is a name, too. */
const SUFFIX = 9
const NAME = 20

/**
 * For a person, one prompt: one lane an environment, so that the eye follows what each of them served.
 *
 *     d s p
 *     │ │ ●  v9  rolled back  production   just now    Ada  5c4b6b22  incident 118
 *     │ │ ○  v8  promoted     production   2 days ago  Ada  532799b1
 */
export function formatTimeline(story: Story, environments: readonly Environment[], style: Style): string {
  const { entries, isOfOne } = story
  const lanes = lanesOf(entries, environments)
  const initials = lanes.map((lane) => lane.charAt(0))
  const environment = environmentColumn(entries)
  const { when, by, commit } = provenanceColumns(entries, style)
  const note = noteColumn(story, (entry) => noteOf(entry, story.reasons))
  const columns = [
    { header: initials.join(' '), cells: drawTrails(entries, lanes, style) },
    numberColumn(entries, style),
    actionColumn(entries, style),
    ...(isOfOne ? [] : [environment]),
    ...[when, by, commit, note],
  ]
  const head = `${displayName(entries[0]?.slug ?? '', style)}\n\n`
  const table = formatColumns(columns, style, [
    // The lane says it, unless two begin alike.
    ...(new Set(initials).size === lanes.length ? [{ of: environment, narrowest: 0 }] : []),
    ...yieldsOf(note, by),
  ])
  return `${head}${table}${formatFoot(story, style)}`
}

/** For a person, many prompts: a commit that changed several of them says once when, by whom and why. */
export function formatCommits(story: Story, style: Style): string {
  const { entries, isOfOne } = story
  const isFirst = (index: number): boolean => entries[index - 1]?.commit !== entries[index]?.commit
  const once = (column: Column): Column => ({
    ...column,
    cells: column.cells.map((cell, index) => (isFirst(index) ? cell : '')),
  })
  const environment = environmentColumn(entries)
  const name = { header: 'prompt', cells: entries.map(({ slug }) => displayName(slug, style)) }
  const provenance = provenanceColumns(entries, style)
  const [when, by, commit] = [once(provenance.when), once(provenance.by), once(provenance.commit)]
  const note = once(noteColumn(story, (entry) => noteOfMany(entry, story.reasons)))
  const columns = [
    { header: '', cells: entries.map((entry) => markerOf(entry, style)) },
    actionColumn(entries, style),
    ...(isOfOne ? [] : [environment]),
    ...[name, numberColumn(entries, style), when, by, commit, note],
  ]
  const table = formatColumns(columns, style, [
    ...yieldsOf(note, by),
    { of: name, narrowest: NAME, keepEnd: SUFFIX },
    { of: environment, narrowest: ENVIRONMENT },
    { of: name, narrowest: SUFFIX + 1, keepEnd: SUFFIX },
    { of: by, narrowest: 0 },
  ])
  return `${table}${formatFoot(story, style)}`
}

/** First what is said beside; dates and commits are never cut. */
const yieldsOf = (note: Column, by: Column): readonly Yield[] => [
  { of: note, narrowest: 2 * NOTE },
  { of: by, narrowest: 2 * PERSON },
  { of: note, narrowest: NOTE },
  { of: note, narrowest: 0 },
  { of: by, narrowest: PERSON },
]

function formatColumns(all: readonly Column[], style: Style, yields: readonly Yield[]): string {
  const columns = all.filter(({ header, cells }) => header !== NOTE_HEADER || cells.some((cell) => cell !== ''))
  const rows = (columns[0]?.cells ?? []).map((_, index) => columns.map(({ cells }) => cells[index] ?? ''))
  return style.table(
    columns.map(({ header }) => header),
    rows,
    yields.map(({ of, ...how }) => ({ ...how, column: columns.indexOf(of) })).filter(({ column }) => column >= 0),
  )
}

const NOTE_HEADER = 'note'

const noteColumn = ({ entries }: Story, noteOf: (entry: LogEntry) => string): Column => ({
  header: NOTE_HEADER,
  cells: entries.map(noteOf),
})

const environmentColumn = (entries: readonly LogEntry[]): Column => ({
  header: 'environment',
  cells: entries.map(({ environment }) => environment),
})

const actionColumn = (entries: readonly LogEntry[], style: Style): Column => ({
  header: 'action',
  cells: entries.map(({ action }) => paintAction(action, style)),
})

const numberColumn = (entries: readonly LogEntry[], style: Style): Column => ({
  header: '',
  cells: entries.map((entry) => displayNumber(entry, style)),
})

const displayNumber = ({ version, provisional }: LogEntry, style: Style): string =>
  style.bold(`v${version}`) + (provisional ? style.yellow('?') : '')

const provenanceColumns = (entries: readonly LogEntry[], style: Style) => ({
  when: { header: 'when', cells: entries.map(({ date }) => displayDate(date, style)) },
  by: { header: 'by', cells: entries.map(({ author }) => visibleLine(author.name)) },
  commit: { header: 'commit', cells: entries.map(({ commit }) => style.dim(commit.slice(0, 8))) },
})

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

/** Our own subjects say again what the row says, but for how many prompts the commit changed; why is in the reason. */
function noteOf({ subject, slug, commit }: LogEntry, reasons: Story['reasons']): string {
  const own = parseOwnSubject(subject)
  if (own === undefined) return visibleLine(subject)
  const parts = [own === slug ? undefined : own, reasons.get(commit)].filter((part) => part !== undefined)
  return visibleLine(parts.join(': '))
}

/** As noteOf, where each prompt of a commit has a row. */
function noteOfMany({ subject, commit }: LogEntry, reasons: Story['reasons']): string {
  return visibleLine(parseOwnSubject(subject) === undefined ? subject : (reasons.get(commit) ?? ''))
}

function formatFoot({ entries, moment }: Story, style: Style): string {
  const facts = [`${style.green('●')} live ${moment}`]
  if (entries.some(({ provisional }) => provisional)) facts.push(`${style.yellow('?')} not pushed: numbers may change`)
  return `\n${facts.join(style.dim(' · '))}\n`
}
